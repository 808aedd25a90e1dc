import gc
import weakref
from collections import OrderedDict

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.utils.checkpoint import checkpoint

from ktg_mm.errors import UserError
from ktg_mm.models.nodes.feature_tap import FeatureTap, feature_of, find_layer


class Branching(nn.Module):
    """Runs two of its modules, one of them in place, and gives a tuple."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Module()
        self.backbone.layer1, self.backbone.layer2, self.backbone.layer3 = (nn.Linear(3, 3) for _ in range(3))
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        first = self.backbone.layer1(x)
        return self.head(self.relu(self.backbone.layer2(first)))


def run(network, layer, images, **arguments):
    tap = FeatureTap(network, layer, **arguments)
    tap.open()
    network(images)
    return tap.close()


IMAGES = torch.rand(4, 3)


def test_what_a_module_gives():
    network = Branching()
    kept = run(network, 'backbone.layer1', IMAGES)
    torch.testing.assert_close(kept, network.backbone.layer1(IMAGES))
    assert kept.requires_grad


def test_the_embedding_is_the_input_of_the_last_linear_layer():
    network = Branching()
    kept = run(network, 'embedding', IMAGES)
    torch.testing.assert_close(network.head(kept), network(IMAGES))


def test_the_map_is_what_the_backbone_ends_in():
    network = nn.Sequential()
    network.add_module('backbone', nn.Conv2d(3, 2, 1))
    network.add_module('neck', nn.Flatten())
    images = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(run(network, 'map', images), network.backbone(images))


def test_nothing_is_kept_before_it_opens_and_after_it_closes():
    network = Branching()
    tap = FeatureTap(network, 'backbone.layer1')
    network(IMAGES)
    with pytest.raises(UserError, match='is not run'):
        tap.close()
    tap.open()
    network(IMAGES)
    kept = weakref.ref(tap.close())
    network(IMAGES)
    gc.collect()
    assert kept() is None  # the step's graph is free
    with pytest.raises(UserError, match='is not run'):
        tap.close()


def test_a_layer_that_is_not_run_names_its_key():
    with pytest.raises(UserError) as caught:
        run(Branching(), 'backbone.layer3', IMAGES, key='attention_layer')
    assert str(caught.value) == "attention_layer: 'backbone.layer3' is not run; name a module that gives features"


@pytest.mark.parametrize('grad', [True, False])
def test_a_feature_that_is_overwritten_in_place_names_its_key(grad):
    with torch.set_grad_enabled(grad), pytest.raises(UserError) as caught:
        run(Branching(), 'backbone.layer2', IMAGES)
    assert str(caught.value) == (
        "layers: what 'backbone.layer2' gives is overwritten in place by the module that follows; name that one, or "
        'the block that both are in'
    )


def test_a_pass_that_fails_leaves_nothing_to_the_next():
    network = Branching()
    tap = FeatureTap(network, 'backbone.layer1')
    tap.open()
    with pytest.raises(RuntimeError):
        nn.Sequential(network.backbone.layer1, nn.Linear(7, 1))(IMAGES)
    tap.open()
    network.head(IMAGES)
    with pytest.raises(UserError, match='is not run'):
        tap.close()


def test_in_inference_mode_where_torch_does_not_count_writes():
    with torch.inference_mode():
        assert run(Branching(), 'backbone.layer1', IMAGES).shape == (4, 3)


@pytest.mark.parametrize(
    ('layer', 'says'),
    [
        ('backbone.layer9', "the network has no module 'backbone.layer9'; did you mean 'backbone.layer"),
        ('backbone.layr2', "the network has no module 'backbone.layr2'; did you mean 'backbone.layer2'?"),
        ('layer2', "the network has no module 'layer2'; did you mean 'backbone.layer2'?"),
        ('maps', "the network has no module 'maps'; did you mean 'map'?"),
        ('embeding', "the network has no module 'embeding'; did you mean 'embedding'?"),
        ('', "the network has no module ''"),
    ],
)
def test_a_layer_that_does_not_exist_has_near_names(layer, says):
    with pytest.raises(ValueError) as caught:
        FeatureTap(Branching(), layer)
    assert str(caught.value).startswith(says) and '\n' not in str(caught.value)


def test_a_network_without_a_backbone_or_a_classifier():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
    with pytest.raises(ValueError, match="no module 'map', as it has no backbone"):
        find_layer(network, 'map')
    with pytest.raises(ValueError, match="'embedding' is the input of a linear classifier, which the network does not"):
        find_layer(network, 'embedding')


def test_of_several_outputs_the_last():
    assert torch.equal(feature_of((torch.zeros(1), torch.ones(1)), 'backbone'), torch.ones(1))
    assert torch.equal(feature_of([torch.ones(1)], 'backbone'), torch.ones(1))
    assert torch.equal(feature_of(torch.ones(1), 'backbone'), torch.ones(1))
    for kept, kind in (((torch.ones(1), dict(a=1)), 'dict'), ((), 'tuple'), (((1, 2),), 'tuple')):
        with pytest.raises(UserError, match=f"^'backbone' gives a {kind}, no feature; name another module$"):
            feature_of(kept, 'backbone')


def classifier(backbone, in_channels, neck=True, **head):
    head = dict(type='LinearClsHead', num_classes=5, in_channels=in_channels) | head
    network = dict(type='ImageClassifier', backbone=backbone, head=head)
    return MODELS.build(network | (dict(neck=dict(type='GlobalAveragePooling')) if neck else {})).eval()


TINY = dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)


@pytest.mark.parametrize(
    ('backbone', 'in_channels', 'arguments', 'in_place'),
    [
        (dict(type='ResNet', depth=18, base_channels=4, stem_channels=4), 32, {}, 'backbone.layer2.0.bn2'),
        (dict(type='CIFARResNet', depth=8, base_channels=4), 16, {}, 'backbone.layer2.0.bn2'),
        (
            dict(type='ABNCIFARResNet', depth=8, base_channels=4, num_classes=5),
            16,
            {},
            'backbone.attention_branch.class_maps.2',
        ),
        (dict(type='CIFARWideResNet', depth=10, widen_factor=1), 64, {}, 'backbone.layer2.0.norm1'),
        (dict(type='CIFARPreActResNet', depth=11), 256, {}, 'backbone.layer2.0.norm1'),
        (dict(type='CIFARResNeXt', groups=2, base_channels=4, stem_channels=4), 128, {}, 'backbone.layer2.0.bn2'),
        (dict(type='CIFARShuffleNetV2', widen_factor=0.5), 1024, {}, 'backbone.conv5.bn'),
        (dict(type='CIFARXception', widen_factor=0.05), 102, {}, 'backbone.layer3.5'),
        (
            dict(type='VisionTransformer', arch=TINY, img_size=32, patch_size=8),
            16,
            dict(neck=False, type='VisionTransformerClsHead'),
            None,
        ),
        (dict(type='MobileNetV2', widen_factor=0.1), 1280, {}, 'backbone.conv1.bn'),
    ],
    ids=lambda value: value['type'] if isinstance(value, dict) and 'depth' in value else None,
)
def test_networks(backbone, in_channels, arguments, in_place):
    network = classifier(backbone, in_channels, **arguments)
    images = torch.rand(2, 3, 32, 32)
    embedding = run(network, 'embedding', images)
    assert embedding.shape == (2, in_channels)
    torch.testing.assert_close(find_layer(network, 'embedding')(embedding), network(images, mode='tensor'))
    torch.testing.assert_close(feature_of(run(network, 'map', images), 'map'), network.backbone(images)[-1])
    if in_place is not None:
        with pytest.raises(UserError, match='overwritten in place'):
            run(network, in_place, images)


@pytest.mark.parametrize(
    'backbone',
    [
        dict(type='CIFARPreActResNet', depth=11),
        dict(type='CIFARResNeXt', groups=2, base_channels=4, stem_channels=4),
        dict(type='CIFARShuffleNetV2', widen_factor=0.5),
        dict(type='CIFARXception', widen_factor=0.05),
        dict(type='CIFARResNet', depth=8, base_channels=4, stem='7x7'),
        dict(type='CIFARWideResNet', depth=10, widen_factor=1, stem='7x7'),
    ],
    ids=lambda backbone: backbone['type'],
)
def test_stages_by_their_names_are_the_maps_of_out_indices(backbone):
    network, images = classifier(dict(backbone, out_indices=(0, 1)), 1), torch.rand(2, 3, 32, 32)
    network.backbone.eval()
    for stage, features in enumerate(network.backbone(images)):
        tap = FeatureTap(network, f'backbone.layer{stage + 1}')
        tap.open()
        network.backbone(images)
        torch.testing.assert_close(tap.close(), features)


@pytest.mark.parametrize(('layer', 'reached'), [('backbone.layer1', False), ('backbone', True)])
def test_a_layer_that_no_gradient_would_reach(layer, reached):
    backbone, head = nn.Module(), nn.Linear(3, 2)
    backbone.layer1, backbone.layer2 = nn.Linear(3, 3), nn.Linear(3, 3)
    # As mmpretrain's blocks do with_cp.
    backbone.forward = lambda x: checkpoint(lambda x: backbone.layer2(backbone.layer1(x)), x, use_reentrant=True)
    network = nn.Sequential(OrderedDict(backbone=backbone, head=head))
    images = IMAGES.clone().requires_grad_()
    with torch.no_grad():
        assert run(network, layer, images) is not None
    if reached:
        run(network, layer, images).sum().backward()
        assert backbone.layer1.weight.grad is not None
        return
    with pytest.raises(UserError) as caught:
        run(network, layer, images)
    assert str(caught.value) == (
        "layers: 'backbone.layer1' is in a part that is computed again for the backward pass (with_cp), so no gradient "
        'would reach it; name that whole part'
    )
