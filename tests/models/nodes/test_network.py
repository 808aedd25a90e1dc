import copy
import datetime

import pytest
import torch
from mmpretrain.registry import MODELS

from ktg_mm.errors import UserError
from ktg_mm.models.nodes import NetworkNode
from ktg_mm.models.nodes.network import load_network


def make(network, seed=0, **arguments):
    torch.manual_seed(seed)
    return NetworkNode(network=network, **arguments)


CLASSIFIERS = {
    'LeNet5': dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=5), head=dict(type='ClsHead')),
    'ResNet': dict(
        type='ImageClassifier',
        backbone=dict(type='ResNet', depth=18, in_channels=1, stem_channels=4, base_channels=4),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=5, in_channels=32),
    ),
    'MobileNetV2': dict(
        type='ImageClassifier',
        backbone=dict(type='MobileNetV2', widen_factor=0.1),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=5, in_channels=1280),
    ),
    'VisionTransformer': dict(
        type='ImageClassifier',
        backbone=dict(
            type='VisionTransformer',
            arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32),
            img_size=32,
            patch_size=8,
        ),
        head=dict(type='VisionTransformerClsHead', num_classes=5, in_channels=16),
    ),
}


@pytest.mark.parametrize('name', CLASSIFIERS)
def test_any_classifier_of_mmpretrain(name):
    node = make(CLASSIFIERS[name]).eval()
    node.init_weights()
    images = torch.rand(2, 1 if name in ('LeNet5', 'ResNet') else 3, 32, 32)
    output = node(images)
    assert output.logits.shape == (2, 5)
    torch.testing.assert_close(output.logits, node.network(images, mode='tensor'))
    assert output.attention is None and output.attention_logits is None
    assert list(node.numbers_of_classes().values()) == [5]


def test_numbers_of_classes_by_their_keys(toys):
    assert make(toys.network('lenet', 7)).numbers_of_classes() == {'network.backbone.num_classes': 7}
    assert make(toys.network('resnet', 7)).numbers_of_classes() == {'network.head.num_classes': 7}
    abn = toys.network('abn', 7)
    abn['backbone']['num_classes'] = 9
    expected = {'network.head.num_classes': 7, 'network.backbone.num_classes': 9}
    assert make(abn).numbers_of_classes() == expected


def test_attention_of_a_plain_network_is_the_sum_of_squares(toys):
    node = make(toys.network()).eval()
    images = torch.rand(3, 1, 16, 16)
    assert node(images).attention is None
    node.ask_for_attention()
    node.ask_for_attention()
    output = node(images)
    features = node.network.backbone(images)[-1]
    expected = torch.zeros(3, 4, 4)
    for channel in range(features.shape[1]):
        expected += features[:, channel] ** 2
    torch.testing.assert_close(output.attention, expected)
    assert len(node.network.backbone._forward_hooks) == 1


def test_attention_of_an_attention_branch_network_is_the_branchs(toys):
    node = make(toys.network('abn')).eval()
    node.ask_for_attention()
    images = torch.rand(3, 1, 16, 16)
    output = node(images)
    backbone = node.network.backbone
    features = backbone.layer2(backbone.layer1(backbone.forward_stem(images)))
    attention, logits = backbone.attention_branch(features)
    torch.testing.assert_close(output.attention, attention)
    torch.testing.assert_close(output.attention_logits, logits)
    assert output.attention.shape == (3, 8, 8) and output.logits.shape == output.attention_logits.shape == (3, 5)


@pytest.mark.parametrize('name', ['LeNet5', 'VisionTransformer'])
def test_no_attention_without_a_feature_map(name):
    node = make(CLASSIFIERS[name])
    node.ask_for_attention()
    assert node(torch.rand(2, 1 if name == 'LeNet5' else 3, 32, 32)).attention is None


def test_no_attention_without_a_backbone():
    @MODELS.register_module(force=True)
    class BackbonelessToy(torch.nn.Linear):
        def init_weights(self):
            pass

    node = make(dict(type='BackbonelessToy', in_features=2, out_features=2))
    with pytest.raises(ValueError, match='has no attention map, as a BackbonelessToy has no backbone'):
        node.ask_for_attention()
    MODELS.module_dict.pop('BackbonelessToy')


@pytest.mark.parametrize('kind', ['resnet', 'abn'])
def test_a_copy_after_a_step_is_a_node_of_its_own(kind, toys):
    node = make(toys.network(kind))
    node.ask_for_attention()
    images = torch.rand(2, 1, 16, 16)
    first = node(images)
    copied = copy.deepcopy(node)
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.mul_(0.5)
    assert not torch.allclose(copied(images).attention, first.attention)
    torch.testing.assert_close(node(images).attention, first.attention)


def test_a_frozen_node_stays_in_eval_mode_and_does_not_learn(toys):
    node = make(toys.network())
    node.freeze()
    before = toys.state(node)
    for _ in range(2):
        node.train()
        assert not any(module.training for module in node.modules())
        assert not node(torch.rand(4, 1, 16, 16)).logits.requires_grad
    assert all(torch.equal(value, before[key]) for key, value in node.state_dict().items())
    assert not any(parameter.requires_grad for parameter in node.parameters())


def test_a_node_that_is_not_frozen_changes_its_mode(toys):
    node = make(toys.network())
    assert node.eval() is node and not any(module.training for module in node.modules())
    assert node.train() is node and all(module.training for module in node.modules())


def same(a, b):
    return all(torch.equal(value, b.state_dict()[key]) for key, value in a.state_dict().items())


@pytest.mark.parametrize('layout', ['plain', 'state_dict', 'graph'])
def test_checkpoint(layout, toys, tmp_path):
    teacher = make(toys.network(), seed=1).network
    path = str(tmp_path / 'teacher.pth')
    weights = teacher.state_dict()
    prefix = None
    if layout == 'state_dict':
        weights = dict(state_dict=weights, meta=dict(epoch=3))
    if layout == 'graph':
        prefix = 'nodes.net2.network.'
        first, last = ({f'nodes.{name}.network.{k}': v + 1 for k, v in weights.items()} for name in ('net1', 'net3'))
        weights = dict(state_dict=first | {prefix + key: value for key, value in weights.items()} | last)
    torch.save(weights, path)
    node = make(toys.network(), seed=2, checkpoint=path, prefix=prefix)
    assert not same(node.network, teacher)
    node.init_weights()
    assert same(node.network, teacher)


def test_checkpoint_with_more_than_is_needed(toys, tmp_path):
    teacher = make(toys.network(), seed=1).network
    torch.save(teacher.state_dict() | {'extra.weight': torch.ones(1)}, tmp_path / 'more.pth')
    node = make(toys.network(), seed=2, checkpoint=str(tmp_path / 'more.pth'))
    node.init_weights()
    assert same(node.network, teacher)


@pytest.mark.parametrize(
    ('change', 'prefix', 'message'),
    [
        (lambda w: {k: v for k, v in w.items() if 'fc' not in k}, None, "2 of the network's weights, such as 'head.fc"),
        (lambda w: {f'a.{k}': v for k, v in w.items()}, None, 'is a prefix needed?'),
        (lambda w: w, 'nodes.net9.', "(looked for keys that begin with 'nodes.net9.')"),
        (
            lambda w: w | {'head.fc.weight': torch.zeros(7, 16)},
            None,
            "'head.fc.weight' has shape (7, 16), but the network's has (5, 16)",
        ),
        (lambda w: [1, 2], None, 'holds a list, not a dict of weights'),
        (lambda w: dict(state_dict=3), None, 'its state_dict is a int, not a dict of weights'),
        (lambda w: datetime.datetime(2020, 1, 1), None, 'not safe to load'),
        (lambda w: w | {'when': datetime.datetime(2020, 1, 1)}, None, 'not safe to load'),
        (None, None, 'no such file'),
    ],
)
def test_a_checkpoint_that_does_not_fit(change, prefix, message, toys, tmp_path):
    path = tmp_path / 'teacher.pth'
    if change is not None:
        torch.save(change(make(toys.network()).network.state_dict()), path)
    node = make(toys.network(), seed=2, checkpoint=str(path), prefix=prefix)
    before = toys.state(node)
    with pytest.raises(UserError) as caught:
        node.init_weights()
    assert str(caught.value).startswith(f'checkpoint {path}: ') and message in str(caught.value)
    assert '\n' not in str(caught.value)
    if change is not None and message.startswith(("'head", '2 of')):
        load_network(node.network, _fitting(tmp_path, before))  # the node itself is still in order


def _fitting(folder, weights):
    path = folder / 'fitting.pth'
    torch.save({key.removeprefix('network.'): value for key, value in weights.items()}, path)
    return str(path)


def test_a_truncated_checkpoint(toys, tmp_path):
    path = tmp_path / 'teacher.pth'
    torch.save(make(toys.network()).network.state_dict(), path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError) as caught:
        make(toys.network(), checkpoint=str(path)).init_weights()
    assert str(caught.value).startswith(f'checkpoint {path}: cannot be read') and '\n' not in str(caught.value)


def test_a_frozen_teacher_takes_all_weights_of_a_pretrained_init_cfg(tmp_path):
    teacher = NetworkNode(network=CLASSIFIERS['LeNet5'])
    path = tmp_path / 'graph.pth'
    weights = {f'nodes.net1.network.{name}': value for name, value in teacher.network.state_dict().items()}
    torch.save(dict(state_dict=weights), path)

    def frozen(**options):
        node = NetworkNode(
            network=dict(CLASSIFIERS['LeNet5'], init_cfg=dict(type='Pretrained', checkpoint=str(path), **options))
        )
        node.freeze()
        node.init_weights()
        return node

    loaded = frozen(prefix='nodes.net1.network')
    for name, value in teacher.network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], value)
    with pytest.raises(UserError, match=r"lacks .* of the network's weights"):
        frozen()


@pytest.mark.parametrize('kind', ['resnet', 'abn'])
def test_attention_of_a_named_layer(toys, kind):
    node = make(toys.network(kind), attention_layer='backbone.layer2').eval()
    images = torch.rand(3, 1, 16, 16)
    plain = make(toys.network(kind)).eval()(images)
    node.ask_for_attention()
    output = node(images)
    kept = []
    node.network.backbone.layer2.register_forward_hook(lambda module, args, out: kept.append(out))
    node(images)
    assert output.attention.shape == (3, 8, 8)
    expected = sum(kept[0][:, channel] ** 2 for channel in range(kept[0].shape[1]))
    torch.testing.assert_close(output.attention, expected)
    torch.testing.assert_close(output.logits, plain.logits)
    assert (output.attention_logits is None) == (kind == 'resnet')


def test_a_layer_that_is_not_there(toys):
    with pytest.raises(ValueError) as caught:
        make(toys.network(), attention_layer='backbone.layer9')
    assert str(caught.value).startswith("attention_layer: the network has no module 'backbone.layer9'; did you mean ")


def test_a_named_layer_that_is_not_run(toys):
    network = toys.network()
    network['backbone']['init_cfg'] = None
    node = make(network, attention_layer='head')  # is run, but gives no feature map
    node.ask_for_attention()
    assert node(torch.rand(2, 1, 16, 16)).attention is None
    node = make(network)
    node.network.backbone.unused = torch.nn.Identity()
    node.attention_layer = 'backbone.unused'
    node.ask_for_attention()
    with pytest.raises(UserError, match=r"attention_layer: 'backbone\.unused' is not run; name a module that gives"):
        node(torch.rand(2, 1, 16, 16))
    with pytest.raises(ValueError, match="the network has no module ''"):
        make(network, attention_layer='')


def test_a_named_layer_without_a_backbone():
    node = make(
        dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=5), head=dict(type='ClsHead')),
        attention_layer='backbone.features',
    )
    node.ask_for_attention()
    assert node(torch.rand(2, 1, 32, 32)).attention.shape == (2, 1, 1)


def test_attention_of_large_features_in_half_precision(toys):
    node = make(toys.network())
    node.ask_for_attention()
    features = torch.full((2, 16, 4, 4), 300.0).half()

    def forward(inputs, mode):
        node._attention_tap._keep_output(None, (), features)
        return torch.zeros(2, 5)

    node.network.forward = forward
    # Squared in float16, they would be infinite.
    assert torch.equal(node(None).attention, torch.full((2, 4, 4), 16 * 300.0**2))
