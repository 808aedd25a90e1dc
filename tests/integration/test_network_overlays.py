"""Overlays of networks: each is right for the configs that it is meant for, and trains a step on made-up images."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.stages import stage_config
from ktg_mm.config.stages import is_staged, resolve_stages
from ktg_mm.errors import UserError

CONFIGS = Path(__file__).parents[2] / 'configs'
# Networks of document 003 and the trunks that its tables have, in each of its methods.
BRANCHES = dict(
    resnext50='backbone.layer2',
    xception='backbone.layer1',
    shufflenet_v2='backbone.layer1',
    densenet_bc100_12='backbone.layer1',
    resnet110='backbone.layer1',
)
METHODS = ('one', 'okddip', 'ffm', 'ffm_cd', 'ffl', 'song_chai')
# The same networks, but narrower, and the channels of their last maps.
NARROW: dict[str, tuple[dict[str, Any], int]] = {
    'CIFARResNeXt': (dict(groups=2, base_channels=4, stem_channels=4), 128),
    'CIFARXception': (dict(widen_factor=0.05), 102),
    'CIFARShuffleNetV2': (dict(widen_factor=0.5), 1024),
    'CIFARDenseNet': (dict(depth=16, growth_rate=4), 16),
    'CIFARPreActResNet': (dict(depth=11), 256),
    'BornAgainResNet': (dict(hidden_channels=[16, 16, 16], stem_channels=8, units=1), 16),
    'CIFARResNet': (dict(depth=8), 64),
    'CIFARWideResNet': (dict(depth=10, widen_factor=1), 64),
    'ResNet': (dict(stem_channels=4, base_channels=4), 0),
    'ABNResNet': (dict(stem_channels=4, base_channels=4), 0),
}


def overlaid(path: str, *names: str) -> Any:
    overlays = [CONFIGS / f'_base_/networks/{name}.py' for name in names]
    return load_config(CONFIGS / f'{path}.py', overlays=overlays)


def runs(cfg: Any) -> list[Any]:
    """The configs of a config's stages, or itself."""
    return [stage_config(cfg, stage) for stage in resolve_stages(cfg, 'work')] if is_staged(cfg) else [cfg]


def networks(model: Any) -> dict[str, Any]:
    return {name: node.network for name, node in model.nodes.items() if node.type == 'NetworkNode'}


def step(model: Any, size: int = 32) -> None:
    """Narrows the networks, trains a step and looks whether every network has learned."""
    for network in networks(model).values():
        narrow, channels = NARROW[network.backbone.type]
        network.backbone.update(narrow)
        if network.backbone.type.endswith('ResNet') and not channels:
            channels = 32 if network.backbone.depth in (18, 34) else 128
        network.head.in_channels = channels
    torch.manual_seed(0)
    graph = MODELS.build(model)
    graph.init_weights()
    network = next(iter(networks(model).values()))
    images = torch.rand(4, network.backbone.get('in_channels', 3), size, size) * 255
    samples = [DataSample().set_gt_label(index) for index in range(4)]
    before = {name: [p.clone() for p in graph.nodes[name].parameters()] for name in networks(model)}
    optimizer = torch.optim.SGD([p for p in graph.parameters() if p.requires_grad], lr=0.1)
    losses = graph.train_step(dict(inputs=list(images), data_samples=samples), OptimWrapper(optimizer))
    assert all(torch.isfinite(torch.as_tensor(value)).all() for value in losses.values())
    for name, values in before.items():
        changed = [not torch.equal(old, new) for old, new in zip(values, graph.nodes[name].parameters(), strict=True)]
        assert sum(changed) > 0.9 * len(changed), name


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('name', BRANCHES)
def test_the_trunk_leaves_two_blocks_to_each_branch(name: str, method: str) -> None:
    cfg = overlaid(f'multi_branch/{method}_cifar100', name)
    check_config(cfg)
    shares = {node.share.until for node in cfg.model.nodes.values() if node.get('share')}
    layers = {node.layer for node in cfg.model.nodes.values() if 'layer' in node}
    assert shares == {BRANCHES[name]} and layers <= shares
    assert {network.head.num_classes for network in networks(cfg.model).values()} == {100}


@pytest.mark.parametrize('name', [name for name in BRANCHES if name != 'resnet110'])
@pytest.mark.parametrize('path', ['multi_branch/one_cifar100', 'multi_branch/ffm_cd_digits'])
def test_branches_train_a_step(name: str, path: str, mmpretrain_scope: None) -> None:
    cfg = overlaid(path, name)
    step(cfg.model, 8 if path.endswith('digits') else 32)
    without = overlaid(path, name, 'no_trunk')
    check_config(without)
    assert not any(node.get('share') for node in without.model.nodes.values())


@pytest.mark.parametrize(
    ('path', 'name', 'channels'),
    [
        *[('multi_branch/ffm_cd_cifar100', name, c) for name, c in
          (('resnext50', 2048), ('xception', 2048), ('shufflenet_v2', 1024), ('densenet_bc100_12', 342))],
        ('born_again/ban_cifar100', 'preact_resnet1001', 256),
        *[('born_again/ban_cifar100', f'ban_{name}', 750) for name in
          ('wide_resnet1_1', 'match_wide_resnet2_1', 'wide_resnet4_05', 'wide_resnet4_1', 'pre_resnet14_05',
           'pre_resnet14_1')],
        ('single/resnet32_cifar100', 'resnet32', 64),
        ('single/resnet32_cifar100', 'wrn28_6', 384),
        ('single/resnet32_cifar100', 'wrn28_8', 512),
        *[('ktg/ens_2node_dogs', f'{kind}resnet{depth}', c) for kind in ('', 'abn_')
          for depth, c in ((34, 512), (50, 2048), (101, 2048), (152, 2048))],
    ],
)  # fmt: skip
def test_the_head_fits_the_network(path: str, name: str, channels: int, mmpretrain_scope: None) -> None:
    cfg = overlaid(path, name)
    assert len({str(network) for network in networks(cfg.model).values()}) == 1
    network = next(iter(networks(cfg.model).values()))
    # mmpretrain's ResNets compute with tensors when they are built.
    computes = ('ResNet', 'CIFARResNet', 'CIFARResNeXt', 'ABNResNet')
    with torch.device('cpu' if network.backbone.type in computes else 'meta'):
        backbone = MODELS.build(network.backbone)
    assert network.head.in_channels == channels
    assert getattr(backbone, 'out_channels', getattr(backbone, 'feat_dim', None)) == channels


@pytest.mark.parametrize('depth', [34, 50, 101, 152])
@pytest.mark.parametrize('kind', ['', 'abn_'])
def test_networks_of_large_images_train_a_step(kind: str, depth: int, mmpretrain_scope: None) -> None:
    cfg = overlaid('ktg/ens_2node_dogs', f'{kind}resnet{depth}')
    for network in networks(cfg.model).values():
        assert network.backbone.get('num_classes', 120) == network.head.num_classes == 120
    if depth < 101:
        cfg.model.edges = {f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in networks(cfg.model)}
        step(cfg.model, 64)


@pytest.mark.parametrize('name', ['resnet32_large', 'resnet110_large', 'wrn28_2_large'])
def test_networks_for_cifar_on_large_images(name: str, mmpretrain_scope: None) -> None:
    cfg = overlaid('single/abn_resnet18_dogs', name)
    (network,) = networks(cfg.model).values()
    (features,) = MODELS.build(network.backbone)(torch.rand(1, 3, 64, 64))
    assert features.shape == (1, network.head.in_channels, 4, 4)
    assert network.head.num_classes == 120
    step(cfg.model, 64)


@pytest.mark.parametrize('path', ['ktg/ktg_3node_cifar100', 'ktg/ens_2node_cifar100', 'single/resnet32_cifar100'])
def test_the_stem_for_large_images(path: str, mmpretrain_scope: None) -> None:
    cfg = overlaid(path, 'stem_7x7')
    check_config(cfg)
    for network in networks(cfg.model).values():
        assert network.backbone.stem == '7x7'
        backbone = MODELS.build(dict(network.backbone, depth=network.backbone.depth % 6 + 6))
        assert backbone(torch.rand(1, 3, 64, 64))[0].shape[2:] == (4, 4)


@pytest.mark.parametrize(
    ('path', 'names'),
    [
        ('born_again/ban_deeper_cifar100', [
            'densenet46_120', 'densenet256_20', 'densenet340_15', 'densenet90_30', 'densenet90_45', 'densenet90_90',
        ]),
        ('born_again/ban_resnet_cifar100', [
            'ban_match_wide_resnet2_1', 'ban_wide_resnet4_05', 'ban_wide_resnet4_1', 'ban_pre_resnet14_05',
            'ban_pre_resnet14_1',
        ]),
    ],
)  # fmt: skip
def test_students_of_a_densenet(path: str, names: list[str]) -> None:
    """They have their teacher's hidden states, and the millions of parameters that configs.md gives."""
    counted = dict(
        densenet46_120=21.35, densenet256_20=12.96, densenet340_15=12.60, densenet90_30=6.27, densenet90_45=10.67,
        densenet90_90=30.90, ban_match_wide_resnet2_1=43.19, ban_wide_resnet4_05=24.41, ban_wide_resnet4_1=87.43,
        ban_pre_resnet14_05=5.73, ban_pre_resnet14_1=20.41,
    )  # fmt: skip
    own = load_config(CONFIGS / f'{path}.py').stages[1].model
    for name in names:
        cfg = overlaid(path, f'student_{name}')
        model = runs(cfg)[1].model
        student, teacher = (model.nodes[node] for node in ('net', 'teacher'))
        assert model.edges.keys() == own.edges.keys() - {'_delete_'}
        assert student.get('share') == own.nodes.net.get('share')
        with torch.device('meta'):
            network, other = (MODELS.build(node.network.backbone) for node in (student, teacher))
        for stage in (1, 2, 3):
            layer = f'transition{stage}.conv'
            assert network.get_submodule(layer).out_channels == other.get_submodule(layer).out_channels
        millions = (sum(p.numel() for p in network.parameters()) + 751 * 100) / 1e6
        assert millions == pytest.approx(counted[name], abs=0.006), name


@pytest.mark.parametrize(
    ('path', 'name', 'entry'),
    [
        ('single/resnet32_cifar100', 'student_densenet46_120', 'stages'),
        ('born_again/ban_cifar100', 'student_ban_wide_resnet4_1', 'net'),  # its generations are all of one network
        ('language/ban_l_lstm_ptb', 'xception', 'backbone'),
        ('language/ban_l_lstm_ptb', 'stem_7x7', 'backbone'),
    ],
)
def test_a_config_that_an_overlay_is_not_for(path: str, name: str, entry: str) -> None:
    with pytest.raises(UserError) as caught:
        overlaid(path, name)
    assert str(caught.value).endswith(
        f"{name}.py: reads '{entry}', which is not there in this config; it is for others"
    )


@pytest.mark.parametrize('name', ['preact_resnet1001', 'ban_wide_resnet1_1', 'ban_pre_resnet14_05'])
def test_networks_of_table_5_train_a_step(name: str, mmpretrain_scope: None) -> None:
    step(overlaid('single/resnet32_cifar100', name).model, 16)


@pytest.mark.parametrize('name', sorted(path.stem for path in (CONFIGS / '_base_/networks').glob('*.py')))
def test_every_overlay_is_right_for_a_config(name: str) -> None:
    meant_for = {
        'student_densenet': 'born_again/ban_deeper_cifar100',
        'student_ban': 'born_again/ban_resnet_cifar100',
        'ban_': 'born_again/ban_cifar100',
        'abn_resnet20': 'ktg/ens_2node_cifar100',
        'abn_': 'ktg/ens_2node_dogs',
        'no_trunk': 'multi_branch/one_cifar100',
        'untaught_random': 'ktg/ktg_3node_cifar100',
        'wrn16_2_of_wrn28_2': 'afd/l1_kd_offline_cifar100',
    }
    path = next((path for start, path in meant_for.items() if name.startswith(start)), 'ktg/ktg_2node_cifar100')
    if name.endswith('_large') or name in ('resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152'):
        path = 'ktg/ens_2node_dogs'
    for run in runs(overlaid(path, name)):
        check_config(run)
