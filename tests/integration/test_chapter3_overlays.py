"""Overlays of the thesis's chapter 3: other data sets, recipes and networks than those of the configs for CIFAR-100."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.search.space.candidates import Candidates
from ktg_mm.search.space.check_space import check_space

CONFIGS = Path(__file__).parents[2] / 'configs'
TABLE_3_4 = ('caltech101', 'fgvc_aircraft', 'stanford_cars', 'food101', 'oxford_pets', 'flowers102', 'sun397', 'dtd')
# Narrower networks of the same kinds, and the channels of their last maps.
NARROW: dict[str, tuple[dict[str, int], int]] = {
    'CIFARResNet': (dict(depth=8), 64),
    'CIFARWideResNet': (dict(depth=10, widen_factor=1), 64),
}


def overlaid(path: str, *names: str) -> Any:
    return load_config(CONFIGS / f'{path}.py', overlays=[CONFIGS / f'_base_/{name}.py' for name in names])


def large(name: str) -> tuple[str, ...]:
    """The overlays of a data set of table 3.4."""
    return f'datasets/{name}', 'networks/classes', 'networks/stem_7x7', 'schedules/sgd_200e_224'


def kinds(cfg: Any) -> list[str]:
    """Each network's type and depth, in order."""
    backbones = [node.network.backbone for node in cfg.model.nodes.values()]
    return [f'{backbone.type.removeprefix("CIFAR")}-{backbone.depth}' for backbone in backbones]


@pytest.mark.parametrize('name', TABLE_3_4)
def test_networks_for_cifar_on_photographs(name: str) -> None:
    cfg = overlaid('dml/dml_2node_cifar100', *large(name))
    check_config(cfg)
    data, below = overlaid('ktg/ens_2node_dogs', f'datasets/{name}'), overlaid('dml/dml_2node_cifar100')
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        assert cfg[loader].dataset == data[loader].dataset and cfg[loader].batch_size == 64
    assert cfg.data_preprocessor == data.data_preprocessor
    for key in ('optim_wrapper', 'param_scheduler', 'train_cfg'):
        assert cfg[key] == below[key]
    for node in cfg.model.nodes.values():
        assert (node.network.backbone.stem, node.network.head.num_classes) == (
            '7x7',
            data.data_preprocessor.num_classes,
        )


@pytest.mark.parametrize(
    ('write', 'root', 'names', 'size', 'classes'),
    [
        (
            'tiny_imagenet',
            '',
            ('datasets/tiny_imagenet', 'networks/classes', 'schedules/sgd_80e_tiny_imagenet'),
            64,
            200,
        ),
        ('dtd', 'dtd', large('dtd'), 224, 47),
    ],
)
def test_a_step_on_a_miniature(
    miniatures: ModuleType,
    mmpretrain_scope: None,
    tmp_path: Path,
    write: str,
    root: str,
    names: tuple[str, ...],
    size: int,
    classes: int,
) -> None:
    cfg = overlaid('dml/dml_3node_cifar100', 'graphs/ktg_3node_described', *names)
    check_config(cfg)
    getattr(miniatures, f'write_{write}')(tmp_path)
    loader = cfg.train_dataloader
    loader.update(batch_size=6, num_workers=0, persistent_workers=False)
    loader.dataset.data_root = str(tmp_path / root)
    batch = next(iter(Runner.build_dataloader(loader, seed=0)))
    assert batch['inputs'].shape == (6, 3, size, size)

    for node in cfg.model.nodes.values():
        narrow, channels = NARROW[node.network.backbone.type]
        node.network.backbone.update(narrow)
        node.network.head.in_channels = channels
    torch.manual_seed(0)
    graph = MODELS.build(dict(cfg.model.to_dict(), data_preprocessor=cfg.data_preprocessor.to_dict()))
    graph.init_weights()
    assert {node.network.head.num_classes for node in graph.nodes.values()} == {classes}
    before = [parameter.clone() for parameter in graph.parameters()]
    log = graph.train_step(batch, OptimWrapper(torch.optim.SGD(graph.parameters(), lr=0.1)))
    edges = {key.removeprefix('edge/') for key in log if key.startswith('edge/')}
    assert torch.isfinite(log['loss']) and edges == cfg.model.edges.keys() - {'net1->net3'}
    changed = [not old.equal(new) for old, new in zip(before, graph.parameters(), strict=True)]
    assert sum(changed) > 0.9 * len(changed)


@pytest.mark.parametrize(
    ('data', 'classes', 'schedule'),
    [('cifar10', 10, ()), ('tiny_imagenet', 200, ('schedules/sgd_80e_tiny_imagenet',))],
)
@pytest.mark.parametrize('size', [2, 3, 6])
def test_searches_on_other_data(data: str, classes: int, schedule: tuple[str, ...], size: int) -> None:
    """The networks among which a search chooses are for the data's classes, too."""
    sizes = (f'graphs/dml_{size}node', 'sizes/search_cifar100') if size > 2 else ()
    cfg = overlaid(
        'search/ktg_2node_four_gates_cifar100', *sizes, f'datasets/{data}_search', 'networks/classes', *schedule
    )
    candidates = Candidates(cfg)
    check_space(candidates)
    assert candidates.space.size() == 3 ** (size - 1) * 4 ** (size**2)
    ((_, choices),) = (item for item in cfg.search.space.items() if item[0].endswith('.network'))
    networks = [*choices.values(), *(node.network for node in cfg.model.nodes.values())]
    assert {network.head.num_classes for network in networks} == {classes}


@pytest.mark.parametrize(
    ('name', 'graphs'),
    [('through', 9), ('through_cutoff', 9 * 2**9), ('through_cutoff_correct', 9 * 3**9)],
)
def test_spaces_of_fewer_gates(name: str, graphs: int) -> None:
    cfg = overlaid(
        'search/ktg_2node_four_gates_cifar100', 'graphs/dml_3node', 'sizes/search_cifar100', f'spaces/{name}'
    )
    candidates = Candidates(cfg)
    check_space(candidates)
    assert candidates.space.size() == graphs


def test_networks_of_found_graphs() -> None:
    for size in (3, 5, 6):
        small, wide = ('ResNet-32', 'WideResNet-28')
        path = f'dml/dml_{size}node_cifar100'
        assert kinds(overlaid(path, 'networks/resnet32_ends_wrn28_2')) == [small, *[wide] * (size - 2), small]
        assert kinds(overlaid(path, 'networks/resnet32_others_wrn28_2')) == [small, *[wide] * (size - 1)]
