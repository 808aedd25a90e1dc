"""Every config, and every command of the published tables and of the overlays, trains a step on made-up images.

The images go through the config's own pipeline and are of its data set's size, photographs a quarter as wide; no data
are read. A network that begins as a trained one is given a checkpoint of random weights.
"""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from documented import REPOSITORY, commands, configs_of, inline_commands, rows, small_pictures
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import MODELS

import ktg_mm.engine  # noqa: F401  registers
from ktg_mm.apis import load_config
from ktg_mm.apis.made_up_loader import MadeUpLoader
from ktg_mm.apis.stages import stage_config
from ktg_mm.config.stages import is_staged, resolve_stages
from ktg_mm.models.graph import KnowledgeTransferGraph

PAGES = ['configs.md', *(f'reproduction/{path.name}' for path in sorted(REPOSITORY.glob('docs/reproduction/*.md')))]
# One of each family; the others are long.
QUICK = [
    'afd/afd_2node_digits',
    'born_again/cwtm_digits',
    'dml/dml_3node_digits',
    'kd/kd_digits',
    'ktg/ens_3node_digits',
    'language/ban_small_topics',
    'multi_branch/ffm_cd_digits',
    'search/features_3node_digits',
    'semi/comatch_fashion_mnist_250',
    'single/resnet8_digits',
]


def documented(page: str) -> Iterator[tuple[str, ...]]:
    """The configs that a page's commands train, with their overlays."""
    lines = [words for row in rows(page) for line in row.commands for words in commands(line)]
    for words in [*lines, *inline_commands(f'docs/{page}')]:
        yield from configs_of(words)


def all_configs() -> list[tuple[str, ...]]:
    """Each once: those shipped, and what pages lay over them."""
    shipped = [(str(path.relative_to(REPOSITORY)),) for path in sorted(REPOSITORY.glob('configs/[!_]*/*.py'))]
    return [*dict.fromkeys([*shipped, *(found for page in PAGES for found in documented(page))])]


def name_of(config: tuple[str, ...]) -> str:
    path, *overlays = config
    return '+'.join([path.removeprefix('configs/').removesuffix('.py'), *(Path(name).stem for name in overlays)])


def runs(path: str, *overlays: str) -> list[Config]:
    """The config, or those of its stages."""
    over = [REPOSITORY / name for name in overlays]
    config = load_config(REPOSITORY / path, small_pictures(load_config(REPOSITORY / path, overlays=over)), over)
    return [stage_config(config, stage) for stage in resolve_stages(config, 'work')] if is_staged(config) else [config]


def begin_trained(graph: KnowledgeTransferGraph, folder: Path) -> None:
    """Gives each node that begins with a checkpoint one of random weights, where its own would stand in it."""
    for name, node in graph.nodes.items():
        if getattr(node, 'checkpoint', None) is not None:
            weights = {f'{node.prefix or ""}{key}': value for key, value in node.network.state_dict().items()}
            node.checkpoint = str(folder / f'{name}.pth')
            torch.save(dict(state_dict=weights), node.checkpoint)


def step(config: Config, folder: Path) -> SimpleNamespace:
    """Trains a graph on one batch; returns it, its nodes' weights before and what the step logs."""
    torch.manual_seed(0)
    graph = MODELS.build(dict(config.model, data_preprocessor=config.data_preprocessor))
    begin_trained(graph, folder)
    graph.init_weights()
    optimizer = build_optim_wrapper(graph, config.optim_wrapper)
    optimizer.initialize_count_status(graph, 0, 1)
    batch = MadeUpLoader(config, 'train_dataloader', folder, graph.num_classes).batch()
    assert 2 <= len(batch['data_samples']) <= 8
    graph.train()
    graph.progress = 0.5
    before = {name: [value.clone() for value in node.parameters()] for name, node in graph.nodes.items()}
    return SimpleNamespace(graph=graph, before=before, log=graph.train_step(batch, optimizer))


TRAINED: set[str] = set()  # texts of runs; a teacher of many students takes its step once


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mmpretrain_scope: None) -> Path:
    """An empty folder; mmpretrain's StanfordCars looks for its list when it is built."""
    (tmp_path / 'data/stanford_cars').mkdir(parents=True)
    (tmp_path / 'data/stanford_cars/cars_annos.mat').touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(config: tuple[str, ...], folder: Path) -> None:
    for number, run in enumerate(runs(*config)):
        if (text := repr([run.model, run.data_preprocessor, run.optim_wrapper, run.train_dataloader])) in TRAINED:
            continue
        (place := folder / str(number)).mkdir()
        done = step(run, place)
        assert all(torch.isfinite(torch.as_tensor(value)).all() for value in done.log.values())
        assert {key for key in done.log if key.startswith('edge/')} == {f'edge/{key}' for key in done.graph.edges}
        learns = {'trained': True, 'ema': True, 'frozen': False}
        for name, role in done.graph.roles.items():
            now = done.graph.nodes[name].parameters()
            changed = [not torch.equal(old, new) for old, new in zip(done.before[name], now, strict=True)]
            assert any(changed) == learns.get(role, any(changed)), (name, role)
        assert 'trained' in done.graph.roles.values()
        TRAINED.add(text)
        for path in place.glob('*.pth'):
            path.unlink()


@pytest.mark.parametrize('name', QUICK)
def test_one_of_each_family(name: str, folder: Path) -> None:
    check((f'configs/{name}.py',), folder)


@pytest.mark.long
@pytest.mark.parametrize('config', all_configs(), ids=name_of)
def test_a_step(config: tuple[str, ...], folder: Path) -> None:
    check(config, folder)


def test_every_family_and_all_kinds_of_rows_are_here() -> None:
    """Else the tests above would say little."""
    found = all_configs()
    assert {path.parent.name for path in REPOSITORY.glob('configs/[!_]*/*.py')} == {
        Path(name).parent.name for name in QUICK
    }
    assert len(found) > 300 and sum(len(config) > 1 for config in found) > 100
