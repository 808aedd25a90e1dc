"""Networks that share modules, against a trunk with branches written in plain torch."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.errors import ConfigError
from ktg_mm.models.nodes import NetworkNode
from ktg_mm.models.sharing import modules_until

E = {'label->net1': dict(loss=dict(type='CrossEntropy')), 'label->net2': dict(loss=dict(type='CrossEntropy'))}
ATTENTION = dict(loss=dict(type='AttentionMSE', sizes=[3]))
GROUPS = dict(type='GN', num_groups=2)


@pytest.fixture(autouse=True)
def scope(mmpretrain_scope):
    return mmpretrain_scope


def shared(toys, until='backbone.layer1', kind='resnet', edges=E, branches=1, first=None, **arguments):
    """A graph of a network and of branches that share with it."""
    share = dict(node='net1') | (dict(modules=until) if isinstance(until, list) else dict(until=until))
    nodes = dict(net1=toys.node(kind, **(first or {})))
    nodes |= {f'net{i + 2}': toys.node(kind, share=share, **(first or {})) for i in range(branches)}
    return toys.build(nodes, edges, **arguments)


def runs(graph, name):
    """Counts the runs of a module of the first network, memory or not."""
    module, counted = graph.nodes['net1'].network.get_submodule(name), []
    inner = module.forward._forward
    module.forward._forward = lambda *args, **kwargs: [counted.append(torch.is_grad_enabled()), inner(*args, **kwargs)][
        1
    ]
    return counted


class Tree(nn.Module):
    """A trunk with branches in plain torch, made of the modules of toy networks of its own."""

    def __init__(self, networks, depth):
        super().__init__()
        parts = [[*network.backbone.children(), network.neck, network.head.fc] for network in networks]
        self.trunk = nn.Sequential(*parts[0][:depth])
        self.branches = nn.ModuleList(nn.Sequential(*part[depth:]) for part in parts)

    def forward(self, images):
        x = self.trunk(images)
        return [branch(x) for branch in self.branches]


@pytest.mark.parametrize('until', [None, 'conv1', 'relu', 'layer1', 'layer2', 'layer3'])
def test_equals_a_trunk_with_branches_written_directly(toys, until):
    """Three branches under momentum and decay, the second taught by the first: weights, statistics, gradients."""
    edges = E | {'label->net3': toys.label(), 'net1->net2': toys.kl(temperature=2.0)}
    if until is None:
        nodes = {f'net{i}': toys.node() for i in (1, 2, 3)}
        graph = toys.build(nodes, edges)
    else:
        graph = shared(toys, f'backbone.{until}', edges=edges, branches=2)
    depth = 0 if until is None else ['conv1', 'bn1', 'relu', 'layer1', 'layer2', 'layer3'].index(until) + 1
    networks = [copy.deepcopy(MODELS.build(toys.network())).double() for _ in range(3)]
    for network, node in zip(networks, graph.nodes.values(), strict=True):
        network.load_state_dict(node.network.state_dict())
    tree = Tree(networks, depth).train()
    wrapper = toys.sgd(graph)
    optimizer = torch.optim.SGD(tree.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-2)
    assert sum(len(parameters) for _, parameters in graph.parameter_groups()) == len(list(tree.parameters()))
    for seed in range(3):
        data = toys.batch(seed=seed)
        log = graph.train_step(data, wrapper)
        logits, labels = tree(data['inputs']), toys.labels_of(data)
        loss = sum(F.cross_entropy(each, labels) for each in logits)
        teacher = (logits[0].detach() / 2).softmax(1)
        loss = loss + 4 * F.kl_div((logits[1] / 2).log_softmax(1), teacher, reduction='batchmean')
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert log['loss'].item() == pytest.approx(loss.item(), rel=1e-9)
    for node, network in zip(graph.nodes.values(), networks, strict=True):
        trunk = () if not depth else [n for n, _ in network.backbone.named_children()][:depth]
        for name in network.state_dict():
            first = networks[0] if name.split('.')[1] in trunk else network
            torch.testing.assert_close(
                node.network.state_dict()[name], first.state_dict()[name], rtol=1e-9, atol=1e-9, msg=name
            )


def test_gradients_by_the_name_of_the_parameter(toys):
    """Of the branch's label: on the trunk and the branch, and nowhere else."""
    graph = shared(toys)
    data = toys.batch()
    graph(**data, mode='loss', targets=['net2'])['label->net2'].loss.backward()
    trunk = ['backbone.conv1', 'backbone.bn1', 'backbone.layer1']
    own = ['backbone.layer2', 'backbone.layer3', 'head']
    names = {name for name, _ in graph.nodes.named_parameters(remove_duplicate=False)}
    expected = {n for n in names if n.startswith('net2.') or any(f'net1.network.{t}.' in n for t in trunk)}
    found = {name for name, p in graph.nodes.named_parameters(remove_duplicate=False) if p.grad is not None}
    assert found == expected and any(f'net2.network.{part}' in name for name in found for part in own)
    assert not any(f'net1.network.{part}' in name for name in found for part in own)


def test_one_set_of_parameters_in_two_networks(toys):
    graph = shared(toys, edges=E | {'label->net3': toys.label()}, branches=2)
    groups = dict(graph.parameter_groups())
    listed = [parameter for parameters in groups.values() for parameter in parameters]
    assert len(listed) == len(set(listed)) and set(listed) == set(graph.nodes.parameters())
    networks = [node.network for node in graph.nodes.values()]
    assert networks[0].backbone.layer1 is networks[1].backbone.layer1 is networks[2].backbone.layer1
    assert networks[1].backbone.layer2 is not networks[2].backbone.layer2
    assert set(networks[0].backbone.layer1.parameters()) < set(groups['net1'])
    assert graph.reaches_all_parameters


def test_trunk_runs_once_and_its_statistics_move_once(toys):
    graph = shared(toys, edges=E | {'label->net3': toys.label(), 'net1->net2': toys.kl()}, branches=2)
    counted = runs(graph, 'backbone.layer1')
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert counted == [True]
    assert graph.nodes['net3'].network.backbone.bn1.num_batches_tracked == 1
    graph.eval().predict(toys.batch()['inputs'])
    assert counted == [True, False]
    assert graph.shared.results.of_this_pass is None  # nothing is kept


def test_a_teacher_without_gradient_runs_no_trunk_of_its_own(toys):
    """net1 only teaches: it finds the trunk's run with gradient, which its branch needs."""
    edges = {'label->net2': toys.label(), 'net1->net2': toys.kl()}
    graph = shared(toys, edges=edges, first=dict(allow_random=True))
    counted = runs(graph, 'backbone.layer1')
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert counted == [True]
    assert graph.trained_nodes == ['net1', 'net2'] and not graph.reaches_all_parameters  # net1's head learns nothing


def views(toys, size=6, labeled=3):
    data = toys.batch(size)
    for sample in data['data_samples'][labeled:]:
        sample.set_gt_label(-1)
    return dict(
        inputs={view: toys.batch(size, seed=i)['inputs'] for i, view in enumerate(('weak', 'strong'))},
        data_samples=data['data_samples'],
    )


@pytest.mark.parametrize('joint', [False, True])
def test_views_and_subsets_are_the_same_for_all_who_share(toys, joint):
    """One branch asks for labelled samples, the other for all, or for another view: one run for each view."""
    consistency = toys.kl(views=dict(source='weak', target='strong'), samples='unlabeled')
    edges = {
        'label->net1': toys.label(views=dict(target='weak')),
        'label->net2': toys.label(views=dict(target='weak')),
        'net2->net2': consistency,
        'net3->net1': toys.kl(views=dict(source='weak', target='weak'), samples='unlabeled'),
        'label->net3': toys.label(views=dict(target='strong')),
    }
    graph = shared(toys, edges=edges, branches=2, joint_views=joint)
    apart = toys.build({f'net{i}': toys.node() for i in (1, 2, 3)}, edges, joint_views=joint)
    for name, node in apart.nodes.items():
        node.load_state_dict(graph.nodes[name].state_dict())
    counted = runs(graph, 'backbone.layer1')
    data = views(toys)
    log = graph.train_step(data, toys.sgd(graph))
    assert counted == [True] * (1 if joint else 2)
    assert graph.nodes['net1'].network.backbone.bn1.num_batches_tracked == len(counted)
    assert all(torch.isfinite(value) for name, value in log.items() if name.startswith('edge/'))
    # In eval mode, where no sample sees another, the values are those of networks that share nothing.
    both = [
        {key: value.loss for key, value in each.eval()(**data, mode='loss', targets=list(each.nodes)).items()}
        for each in (shared(toys, edges=edges, branches=2, joint_views=joint), apart)
    ]
    torch.testing.assert_close(both[0], both[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    'first', [None, dict(attention_layer='backbone.layer1'), dict(attention_layer='backbone.layer1.0')]
)
@pytest.mark.parametrize('until', ['backbone.layer1', ['backbone']])
def test_features_out_of_shared_layers(toys, first, until):
    """Whoever runs the trunk, every network has its feature: of a shared module, of one inside, of one of its own."""
    edges = E | {'net1->net2:attention': ATTENTION, 'net2->net1:attention': ATTENTION, 'label->net3': toys.label()}
    graph = shared(toys, until, edges=edges, branches=2, first=first)
    asked = ['backbone.layer1', 'backbone.layer1.0', 'backbone.layer1.0.conv2', 'map', 'embedding']
    for name in ('net1', 'net3'):
        assert set(graph.nodes[name].ask_for_features(asked)) == set(asked)
    counted = runs(graph, until[0] if isinstance(until, list) else until)
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert counted == [True]
    outputs = graph.eval().node_outputs(toys.batch()['inputs'])
    for layer in asked[:3]:
        assert outputs['net1'].features[layer] is outputs['net3'].features[layer]
        network = graph.nodes['net3'].network
        direct = []
        handle = network.get_submodule(layer).register_forward_hook(lambda m, a, o, direct=direct: direct.append(o))
        with torch.no_grad():
            network(toys.batch()['inputs'], mode='tensor')
        handle.remove()
        torch.testing.assert_close(outputs['net3'].features[layer], direct[0], rtol=0, atol=0)
    if not isinstance(until, list):
        assert not torch.equal(outputs['net1'].features['map'], outputs['net3'].features['map'])
    assert not any(tap.kept for module in graph.modules() for tap in getattr(module.forward, 'taps', ()))


def test_attention_branches(toys):
    edges = E | {'net1->net2:attention': ATTENTION}
    for until in ('backbone.layer2', ['backbone.conv1', 'backbone.attention_branch'], ['backbone']):
        graph = shared(toys, until, kind='abn', edges=edges)
        graph.train_step(toys.batch(), toys.sgd(graph))
        outputs = graph.node_outputs(toys.batch()['inputs'])
        assert outputs['net1'].attention is not None and outputs['net2'].attention_logits is not None
        same = outputs['net1'].attention is outputs['net2'].attention
        assert same == (until == ['backbone'])
    with pytest.raises(
        ConfigError, match=r"share\.until: what is built before 'backbone\.attention_branch' is not what"
    ):
        shared(toys, 'backbone.attention_branch', kind='abn')


def classifier(backbone, channels):
    return dict(
        type='ImageClassifier',
        backbone=backbone,
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=5, in_channels=channels),
    )


OTHERS = {
    'wide': (classifier(dict(type='CIFARWideResNet', depth=10, widen_factor=1), 64), 3),
    'xception': (classifier(dict(type='CIFARXception', widen_factor=0.05), 102), 3),
    'shufflenet': (classifier(dict(type='CIFARShuffleNetV2', widen_factor=0.5), 1024), 3),
    'resnext': (classifier(dict(type='CIFARResNeXt', groups=2, base_channels=4, stem_channels=4), 128), 3),
    'densenet_bc': (
        classifier(dict(type='CIFARDenseNet', depth=16, growth_rate=4, last_transition=False), 16), 3,
    ),
    'stem_7x7': (classifier(dict(type='CIFARResNet', depth=8, base_channels=4, stem='7x7'), 16), 3),
    'wide_7x7': (classifier(dict(type='CIFARWideResNet', depth=10, widen_factor=1, stem='7x7'), 64), 3),
    'preact': (classifier(dict(type='CIFARPreActResNet', depth=11), 256), 3),
    'resnet18': (classifier(dict(type='ResNet', depth=18, base_channels=4, stem_channels=4), 32), 3),
    'groups': (classifier(dict(type='CIFARResNet', depth=8, base_channels=4, in_channels=1, norm_cfg=GROUPS), 16), 1),
    'lenet': (
        dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=5), head=dict(type='ClsHead')), 1,
    ),
    'mobilenet': (classifier(dict(type='MobileNetV2', widen_factor=0.1), 1280), 3),
    'densenet': (
        classifier(dict(type='DenseNet', arch=dict(growth_rate=4, depths=[1, 1, 1, 1], init_channels=8)), 8), 3,
    ),
    'swin': (
        classifier(dict(type='SwinTransformer', img_size=32, patch_size=2, window_size=2, out_indices=(3,),
                        arch=dict(embed_dims=8, depths=[2, 2, 2, 2], num_heads=[1, 1, 1, 1])), 64), 3,
    ),
}  # fmt: skip
POINTS = {
    'wide': ['conv1', 'layer1', 'layer2'],
    'xception': ['conv1', 'layer1', 'layer2', 'layer3.0'],
    'shufflenet': ['conv1', 'layer1', 'layer2'],
    'resnext': ['conv1', 'layer1', 'layer2'],
    'densenet_bc': ['conv1', 'layer1', 'transition1', 'layer3'],
    'stem_7x7': ['conv1', 'maxpool', 'layer1'],
    'wide_7x7': ['maxpool', 'layer1'],
    'preact': ['conv1', 'layer1', 'layer2'],
    'resnet18': ['conv1', 'relu', 'maxpool', 'layer1', 'layer2.0', 'layer4'],
    'groups': ['layer1', 'layer2.0.conv1'],
    'lenet': ['features.0', 'features.3', 'features'],
    'mobilenet': ['conv1', 'layer2', 'layer7', 'conv2'],
    'densenet': ['stem'],
    'swin': ['patch_embed', 'stages.0'],
}


@pytest.mark.parametrize(('kind', 'until'), [(kind, f'backbone.{u}') for kind, names in POINTS.items() for u in names])
def test_other_networks(toys, kind, until):
    """Each branch is the plain network with its weights, the trunk runs once, and torch can go back through it."""
    network, channels = OTHERS[kind]
    share = dict(node='net1', until=until)
    nodes = dict(net1=dict(type='NetworkNode', network=network))
    nodes['net2'] = dict(nodes['net1'], share=share)
    graph = toys.build(nodes, E, double=False)
    images = torch.rand(4, channels, 32, 32, generator=torch.Generator().manual_seed(0))
    counted = runs(graph, until)
    data = dict(toys.batch(4, double=False), inputs=images)
    graph.train_step(data, toys.sgd(graph))
    assert counted == [True]
    outputs = graph.eval().node_outputs(images)
    for name, node in graph.nodes.items():
        plain = MODELS.build(copy.deepcopy(network)).eval()
        plain.load_state_dict(node.network.state_dict())
        with torch.no_grad():
            torch.testing.assert_close(plain(images, mode='tensor'), outputs[name].logits, rtol=0, atol=0)


def test_where_modules_are_not_built_in_the_order_in_which_they_run(toys):
    """DenseNet builds its transitions after all its stages."""
    network, _ = OTHERS['densenet']
    nodes = dict(net1=dict(type='NetworkNode', network=network))
    until = dict(nodes, net2=dict(nodes['net1'], share=dict(node='net1', until='backbone.transitions.0')))
    with pytest.raises(ConfigError) as caught:
        toys.build(until, E, double=False)
    assert str(caught.value) == (
        "model.nodes.net2.share.until: what is built before 'backbone.transitions.0' is not what runs before it; name "
        'the modules, modules=[...]'
    )
    names = ['backbone.stem', 'backbone.stages.0', 'backbone.transitions.0']
    named = dict(nodes, net2=dict(nodes['net1'], share=dict(node='net1', modules=names)))
    graph = toys.build(named, E, double=False)
    counted = [runs(graph, name) for name in names]
    data = dict(toys.batch(4, double=False), inputs=torch.rand(4, 3, 32, 32))
    graph.train_step(data, toys.sgd(graph))
    assert counted == [[True]] * 3


def test_a_module_that_a_network_calls_past_the_one_that_it_is_in(toys):
    """Swin calls a stage's downsampling itself, so that the stage after it has another input unless it is named."""
    network, _ = OTHERS['swin']
    nodes = dict(net1=dict(type='NetworkNode', network=network))
    until = dict(nodes, net2=dict(nodes['net1'], share=dict(node='net1', until='backbone.stages.1')))
    with pytest.raises(ConfigError, match=r"what is built before 'backbone\.stages\.1' is not what runs before it"):
        toys.build(until, E, double=False)
    names = [f'backbone.{name}' for name in ('patch_embed', 'drop_after_pos', 'stages.0', 'stages.0.downsample')]
    named = dict(nodes, net2=dict(nodes['net1'], share=dict(node='net1', modules=[*names, 'backbone.stages.1'])))
    graph = toys.build(named, E, double=False)
    counted = runs(graph, 'backbone.stages.1')
    data = dict(toys.batch(4, double=False), inputs=torch.rand(4, 3, 32, 32))
    graph.train_step(data, toys.sgd(graph))
    assert counted == [True]


def test_a_classifier_in_common_runs_once_for_each_network(toys):
    graph = shared(toys, ['head.fc'])
    counted = runs(graph, 'head.fc')
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert counted == [True, True]
    networks = [node.network for node in graph.nodes.values()]
    assert networks[0].head.fc is networks[1].head.fc and networks[0].backbone.conv1 is not networks[1].backbone.conv1


def test_shared_by_a_chain(toys):
    """net3 shares two blocks with net2, of which the first is net1's."""
    nodes = dict(
        net3=toys.node(share=dict(node='net2', until='backbone.layer2')),
        net2=toys.node(share=dict(node='net1', until='backbone.layer1')),
        net1=toys.node(),
    )
    graph = toys.build(nodes, E | {'label->net3': toys.label()})
    one, two, three = (graph.nodes[f'net{i}'].network.backbone for i in (1, 2, 3))
    assert one.layer1 is two.layer1 is three.layer1 and one.layer2 is not two.layer2 is three.layer2
    assert two.layer3 is not three.layer3
    counted = [runs(graph, 'backbone.layer1')]
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert counted == [[True]] and set(graph.teaches['label->net3']) == {'net1', 'net2', 'net3'}
    listed = [parameter for _, parameters in graph.parameter_groups() for parameter in parameters]
    assert len(listed) == len(set(listed)) == len(list(graph.parameters()))


@pytest.mark.parametrize(
    ('share', 'says'),
    [
        (dict(until='backbone.layer4'), r"until: the network has no module 'backbone\.layer4'; did you mean"),
        (dict(modules=['backbone.conv']), r"modules: the network has no module 'backbone\.conv'; did you mean"),
        (
            dict(until='backbone.bn1'),
            r"until: what 'backbone\.bn1' gives is overwritten in place by the module that follows",
        ),
        (dict(modules=['backbone.conv1', 'backbone.bn1']), r'modules: what one of them gives is overwritten in'),
        (dict(until='head.fc'), 'leaves the network no parameter of its own; name an earlier module'),
        (dict(modules=['backbone', 'neck', 'head']), 'leaves the network no parameter of its own'),
        (dict(modules=['backbone.relu']), 'shares no parameter; name a module that has some'),
        (dict(until='data_preprocessor'), 'shares no parameter; name a module that has some'),
    ],
)
def test_what_cannot_be_shared(toys, share, says):
    with pytest.raises(ConfigError, match=rf'^model\.nodes\.net2\.share\.[^\n]*{says}[^\n]*$'):
        toys.build(dict(net1=toys.node(), net2=toys.node(share=dict(node='net1', **share))), E)


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        (dict(base_channels=8), r"'backbone\.conv1' is not the same in both networks: Conv2d\(1, 8"),
        (dict(depth=14), r"'backbone\.layer1' is not the same in both networks: "),
        (
            dict(norm_cfg=dict(type='BN', momentum=0.5)),
            r"'backbone\.bn1' is not the same in both networks: BatchNorm2d",
        ),
    ],
)
def test_unlike_modules(toys, change, says):
    node = toys.node(share=dict(node='net1', until='backbone.layer1'))
    node['network'] = toys.network(**change)
    with pytest.raises(ConfigError, match=rf'^model\.nodes\.net2\.share\.until: {says}.*; name an earlier one$'):
        toys.build(dict(net1=toys.node(), net2=node), E)
    if 'depth' in change:  # up to there they are alike
        node['share'] = dict(node='net1', until='backbone.relu')
        toys.build(dict(net1=toys.node(), net2=node), E)


def test_a_module_of_one_network_alone(toys):
    """A wide network has no norm after its first convolution."""
    nodes = dict(net1=dict(type='NetworkNode', network=OTHERS['wide'][0]), net2=toys.node())
    for share, says in (
        (
            dict(until='backbone.layer1'),
            "until: 'backbone.bn1' is not in the network of 'net1'; name an earlier module",
        ),
        (dict(until='backbone.bn1'), "until: the network of 'net1' has no module 'backbone.bn1'; did you mean "),
    ):
        nodes['net2'] = toys.node(share=dict(node='net1', **share))
        nodes['net2']['network'] = toys.network(in_channels=3, base_channels=16)
        with pytest.raises(ConfigError) as caught:
            toys.build(nodes, E)
        assert str(caught.value).startswith(f'model.nodes.net2.share.{says}')


def test_the_owners_first_weights_hold(toys, tmp_path):
    """Its own initialisation, or its checkpoint; the branch's checkpoint gives what is the branch's own."""
    graph = shared(toys)
    kept = [f'backbone.{name}' for name in ('conv1', 'bn1', 'layer1')]
    before = toys.state(graph.nodes['net1'])
    graph.nodes['net2'].init_weights()
    torch.testing.assert_close(graph.nodes['net1'].state_dict(), before, rtol=0, atol=0)
    paths = {}
    for name, value in (('net1', 0.25), ('net2', 0.75)):
        state = {key: torch.full_like(entry, value) for key, entry in graph.nodes[name].network.state_dict().items()}
        torch.save(state, paths.setdefault(name, str(tmp_path / f'{name}.pth')))
    for checkpoints in (('net1', 'net2'), ('net2',)):
        nodes = dict(net1=toys.node(), net2=toys.node(share=dict(node='net1', until='backbone.layer1')))
        for name in checkpoints:
            nodes[name]['checkpoint'] = paths[name]
        loaded = toys.build(nodes, E)
        own = loaded.nodes['net2'].network.state_dict()
        for key, value in own.items():
            if not any(key.startswith(f'{name}.') for name in kept):
                expected = 37.5 if key == 'head.fc.weight' else 0.75  # toys enlarge the head
                assert (value == expected).all() or not value.is_floating_point()
            else:
                assert torch.equal(value, loaded.nodes['net1'].network.state_dict()[key])
                assert (value == 0.25).all() == ('net1' in checkpoints) or not value.is_floating_point()


def test_a_frozen_owner(toys, tmp_path):
    """Its trunk neither learns nor moves its statistics; the branch's own part does."""
    path = str(tmp_path / 'net1.pth')
    torch.save(
        toys.build(dict(net1=toys.node()), {'label->net1': toys.label()}).nodes['net1'].network.state_dict(), path
    )
    nodes = dict(net1=toys.node(checkpoint=path), net2=toys.node(share=dict(node='net1', until='backbone.layer1')))
    graph = toys.build(nodes, {'label->net2': toys.label(), 'net1->net2': toys.kl()}, target='net2')
    assert graph.roles == dict(net1='frozen', net2='trained') and graph.teaches['label->net2'] == ('net2',)
    before = toys.state(graph)
    graph.train()
    graph.train_step(toys.batch(), toys.sgd(graph))
    after = graph.state_dict()
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    own = [f'nodes.net2.network.{part}.' for part in ('backbone.layer2', 'backbone.layer3', 'head')]
    assert changed - {'progress'} == {name for name in after if any(name.startswith(part) for part in own)}
    assert not graph.nodes['net1'].network.backbone.bn1.training
    assert graph.nodes['net2'].network.backbone.layer2[0].bn1.training


def test_the_owners_mode_holds(toys):
    graph = shared(toys)
    graph.nodes['net2'].eval()
    backbones = [node.network.backbone for node in graph.nodes.values()]
    assert backbones[0].layer1.training and not backbones[1].layer2.training
    graph.eval()
    assert not any(module.training for module in graph.nodes.modules())
    graph.nodes['net2'].train()
    assert not backbones[0].layer1.training and backbones[1].layer2.training
    graph.train()
    assert all(module.training for module in graph.nodes.modules())


def test_what_a_branch_freezes_of_its_own_trunk_does_not_stop_the_owners(toys):
    frozen = toys.node(share=dict(node='net1', until='backbone.layer1'))
    frozen['network']['backbone']['frozen_stages'] = 3
    graph = toys.build(dict(net1=toys.node(), net2=frozen), E)
    backbones = [node.network.backbone for node in graph.nodes.values()]
    assert all(parameter.requires_grad for parameter in backbones[0].parameters())
    assert backbones[0].layer1.training and not backbones[1].layer2.training
    assert not any(parameter.requires_grad for parameter in backbones[1].layer2.parameters())


def test_what_is_overwritten_in_training_alone(toys):
    """Dropout in place, before the second stage of one branch, takes what the other one has been given."""
    graph = shared(toys)
    stage = graph.nodes['net2'].network.backbone.layer2
    graph.nodes['net2'].network.backbone.layer2 = nn.Sequential(nn.Dropout(0.5, inplace=True), stage)
    data = graph.data_preprocessor(toys.batch())
    with pytest.raises(ConfigError, match=r'^model\.nodes\.net2\.share: what is shared is overwritten [^\n]+$'):
        graph(**data, mode='loss')
    assert graph.eval()(data['inputs']).shape == (6, toys.classes)
    graph.nodes['net2'].network.backbone.layer2[0].inplace = False
    graph.train()(**data, mode='loss')


def test_a_copy_is_a_graph_of_its_own(toys):
    graph = shared(toys, first=dict(attention_layer='backbone.layer1.0'), edges=E | {'net1->net2:a': ATTENTION})
    twin = copy.deepcopy(graph)
    before = toys.state(graph)
    counted = runs(graph, 'backbone.layer1')
    twin.train_step(toys.batch(), toys.sgd(twin))
    torch.testing.assert_close(graph.state_dict(), before, rtol=0, atol=0)
    networks = [node.network.backbone for node in twin.nodes.values()]
    assert networks[0].layer1 is networks[1].layer1 is not graph.nodes['net1'].network.backbone.layer1
    assert not counted and networks[0].bn1.num_batches_tracked == 1
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert counted == [True]
    torch.testing.assert_close(graph.state_dict(), twin.state_dict(), rtol=0, atol=0)


def test_a_checkpoint_there_and_back(toys, tmp_path):
    """Loaded safely into the graph, and a branch alone into a plain network."""
    graph = shared(toys, target='net2')
    graph.train_step(toys.batch(), toys.sgd(graph))
    path = str(tmp_path / 'graph.pth')
    torch.save(dict(state_dict=graph.state_dict()), path)
    twin = shared(toys, target='net2', seed=7)
    twin.load_state_dict(torch.load(path, weights_only=True)['state_dict'])
    torch.testing.assert_close(twin.state_dict(), graph.state_dict(), rtol=0, atol=0)
    node = NetworkNode(toys.network(), checkpoint=path, prefix='nodes.net2.network.').double()
    node.freeze()
    node.init_weights()
    images = toys.batch()['inputs']
    with torch.no_grad():
        torch.testing.assert_close(node(images).logits, graph.eval()(images), rtol=0, atol=0)


def test_what_shares_nothing_begins_as_without_sharing(toys):
    """The owner's weights are those of the graph without branches."""
    apart = toys.build(dict(net1=toys.node(), net2=toys.node()), E)
    torch.testing.assert_close(
        shared(toys).nodes['net1'].state_dict(), apart.nodes['net1'].state_dict(), rtol=0, atol=0
    )


def test_modules_until_a_nested_one(toys):
    network = MODELS.build(toys.network())
    assert modules_until(network, 'backbone.layer2.0.conv1') == [
        *(f'backbone.{name}' for name in ('conv1', 'bn1', 'relu', 'layer1')),
        'backbone.layer2.0.conv1',
    ]
