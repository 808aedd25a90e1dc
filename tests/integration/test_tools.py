"""The tools from one end to the other, and every config."""

import copy
import functools
import itertools
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ktg_mm.apis import joined_name, load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.stages import stage_config
from ktg_mm.config.stages import resolve_stages
from ktg_mm.engine.graph_tensorboard_vis_backend import grouped_tag
from ktg_mm.visualization import draw_graph, save_picture

CONFIGS = Path(__file__).parents[2] / 'configs'
DIGITS = CONFIGS / 'ktg' / 'ens_3node_digits.py'
NODES = ['net1', 'net2', 'net3', 'ensemble']
ITERATIONS_PER_EPOCH = 20  # fewer than the log's interval, so each epoch has one line, of all its iterations

# Number of channels and size of the images, and classes.
DATA = {
    'digits': (1, 8, 10),
    'fashion_mnist': (1, 28, 10),
    'cifar10': (3, 32, 10),
    'cifar100': (3, 32, 100),
    'dogs': (3, 224, 120),
    'cars': (3, 224, 196),
    'cub': (3, 224, 200),
    'imagenet': (3, 224, 1000),
}
# Words of a vocabulary, and the symbols of a word's spelling.
WORDS = {'topics': 1000, 'ptb': 10_000}
SPELLING = 21

# Of overlays one of each kind; test_ensemble_configs.py reads the others.
OVERLAID = [
    ('dml/dml_2node_cifar100.py', 'updates/sequential.py'),
    ('kd/kd_5teachers_dogs.py', 'updates/pcgrad.py'),
    ('single/resnet32_cifar100.py', 'networks/resnet110.py'),
    ('ktg/ens_2node_cub.py', 'graphs/ens_4node.py', 'networks/resnet18.py', 'edges/dml.py'),
    ('ktg/ens_2node_cifar10.py', 'graphs/ens_3node.py', 'sizes/as_net1.py', 'edges/attention_repel.py'),
    ('dml/dml_3node_fashion_mnist_3000.py', 'edges/temperature_2.py'),
    ('dml/dml_2node_cifar10.py', 'graphs/ktg_2node.py'),
    ('ktg/ens_3node_fashion_mnist.py', 'data_in_memory.py'),
]
# Experiments that differ in a single value, because the comparison of the two is a result.
COMPARED = {
    (
        'dml/dml_2node_cifar100.py',
        'ktg/ktg_2node_cifar100.py',
    ): 'net1: 72.71 by mutual learning, 72.88 by the graph found',
    **{
        (
            f'born_again/cwtm_{data}.py',
            f'born_again/dkpp_{data}.py',
        ): 'CWTM and DKPP, document 004, table 2'
        for data in ('cifar100', 'digits', 'fashion_mnist_3000')
    },
}
BUILT = [(path, ()) for path in sorted(CONFIGS.glob('[!_]*/*.py'))]
BUILT += [(CONFIGS / path, [CONFIGS / '_base_' / name for name in overlays]) for path, *overlays in OVERLAID]
BUILT_NAMES = [f'{path.parent.name}/{joined_name(path, overlays)}' for path, overlays in BUILT]


@pytest.fixture(scope='module')
def run(tools, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Two epochs on the digits: the work folder and what was printed."""
    folder = tmp_path_factory.mktemp('digits')
    options = ['--cfg-options', 'train_cfg.max_epochs=2', 'param_scheduler.end=2']
    process = tools.run_cold('train.py', DIGITS, '--work-dir', folder, *options)
    return folder, process.stdout + process.stderr


@pytest.mark.slow
def test_train_and_test(tools, accuracies: Callable[[str], dict[str, float]], run: tuple[Path, str]) -> None:
    folder, printed = run
    trained = accuracies(printed)
    assert list(trained) == NODES
    assert min(trained.values()) > 80
    assert printed.count('4 nodes, 9 edges, 1 of them idle; 227,566 parameters, 227,566 of them learn\n  net1: ') == 1
    again = tools.run('test.py', DIGITS, folder / 'epoch_2.pth', '--work-dir', folder / 'test')
    assert accuracies(again.stdout + again.stderr) == trained
    kept = sorted(path.name for path in folder.glob('*.pth'))
    assert kept == ['best_ensemble_accuracy_top1_epoch_2.pth', 'epoch_2.pth']


@pytest.mark.slow
def test_two_runs_give_the_same_numbers(
    tools, same: Callable[..., None], run: tuple[Path, str], tmp_path: Path
) -> None:
    folder, _ = run
    options = ['--cfg-options', 'train_cfg.max_epochs=2', 'param_scheduler.end=2']
    tools.run('train.py', DIGITS, '--work-dir', tmp_path, *options)
    first, second = (torch.load(place / 'epoch_2.pth', weights_only=True) for place in (folder, tmp_path))
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        same(first[part], second[part], part)
    logs = []
    for place in (folder, tmp_path):
        (file,) = place.glob('*/vis_data/scalars.json')
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        logs.append([{name: value for name, value in line.items() if not name.endswith('time')} for line in lines])
    assert logs[0] == logs[1] and any('loss' in name for line in logs[0] for name in line)


@pytest.mark.slow
def test_tensorboard(run: tuple[Path, str]) -> None:
    folder, printed = run
    (vis_data,) = folder.glob('*/vis_data')
    events = EventAccumulator(str(vis_data), size_guidance={'scalars': 0}).Reload()
    curves = {tag: {event.step: event.value for event in events.Scalars(tag)} for tag in events.Tags()['scalars']}

    edges = [key for key, edge in load_config(DIGITS).model.edges.items() if key != 'net3->net2']
    assert len(edges) == 8
    expected = {f'train/{name}' for name in ('base_lr', 'lr', 'data_time', 'time')}
    expected |= {'loss/sum', *(f'{kind}/{edge}' for kind in ('loss', 'gate') for edge in edges)}
    expected |= {f'accuracy/top1/{node}' for node in NODES}
    tested = {f'test/{node}/accuracy/top1' for node in NODES}
    assert set(curves) == expected | tested | {'val/data_time', 'val/time', 'epoch', 'iter'}
    assert events.Tags()['images'] == ['graph']

    # The same values as in the run's other record, line by line.
    lines = [json.loads(line) for line in (vis_data / 'scalars.json').read_text().splitlines()]
    recorded = {
        (grouped_tag(tag), line['step']): value for line in lines for tag, value in line.items() if tag != 'step'
    }
    read = {(tag, step): value for tag, curve in curves.items() for step, value in curve.items()}
    assert read.keys() == recorded.keys()
    for place, value in recorded.items():
        assert read[place] == pytest.approx(value, rel=1e-6), place

    steps = [ITERATIONS_PER_EPOCH, 2 * ITERATIONS_PER_EPOCH]
    for tag, curve in curves.items():
        assert list(curve) == (steps[1:] if tag in tested else steps), tag
    progress = {step: (step - (ITERATIONS_PER_EPOCH - 1) / 2) / (2 * ITERATIONS_PER_EPOCH) for step in steps}
    for step in steps:
        assert curves['loss/sum'][step] == pytest.approx(sum(curves[f'loss/{edge}'][step] for edge in edges), rel=1e-5)
        assert curves['gate/net2->net1'][step] == pytest.approx(progress[step], rel=1e-6)
        assert curves['gate/net2->net3'][step] == pytest.approx(1 - progress[step], rel=1e-6)
        assert curves['gate/net1->net3'][step] == curves['gate/label->net1'][step] == 1
        # One correct gate each: the share of the images that the source has classified correctly.
        assert 0 < curves['gate/net3->net1'][step] < 1
    # The log has the accuracies too, with four digits; the terminal with two.
    (log,) = folder.glob('*/*.log')
    for epoch, step in enumerate(steps, 1):
        (line,) = (line for line in log.read_text().splitlines() if f'Epoch(val) [{epoch}][1/1]' in line)
        (short,) = (line for line in printed.splitlines() if f' - epoch {epoch}/2 ' in line)
        for node in NODES:
            assert f'val/{node}/accuracy/top1: {curves[f"accuracy/top1/{node}"][step]:.4f}' in line
            assert f'  {node} {curves[f"accuracy/top1/{node}"][step]:5.2f}' in short


@pytest.mark.parametrize('name', ['ktg/ens_3node_digits.py', 'kd/kd_cifar100.py'])
def test_print_config(tools, tmp_path: Path, name: str) -> None:
    options = ['--cfg-options', 'train_cfg.max_epochs=3']
    printed = tools.run('print_config.py', CONFIGS / name, *options, LAY_OUT='1').stdout
    path = tmp_path / 'printed.py'
    path.write_text(printed)
    expected = load_config(CONFIGS / name, {'train_cfg.max_epochs': 3})
    assert load_config(path).to_dict() == expected.to_dict()
    assert expected.train_cfg.max_epochs == 3


@pytest.mark.parametrize(
    ('stage', 'lines'),
    [
        ((), ['2 nodes, 1 edge; ', '  net: ', '  teacher: ', '  teacher->net: KLDivergence · ThroughGate']),
        (('--stage', 'gen0'), ['1 node, 1 edge; ', '  net: ', '  label->net: CrossEntropy · ThroughGate']),
    ],
)
def test_summary_needs_neither_data_nor_teachers(tools, stage: Sequence[str], lines: Sequence[str]) -> None:
    config, overlay = (CONFIGS / name for name in ('born_again/ban_cifar10.py', '_base_/networks/wrn28_1.py'))
    printed = tools.run('print_config.py', config, '--summary', *stage, '--with', overlay).stdout.splitlines()
    assert [line.startswith(start) for line, start in zip(printed, lines, strict=True)] == [True] * len(lines)
    assert printed[1].startswith('  net: WRN-28-1, 369,498 parameters; trained, target')


def test_draw_graph(tools, tmp_path: Path) -> None:
    printed = tools.run('draw_graph.py', DIGITS, '--out', tmp_path / 'graph.svg').stdout
    assert printed.strip() == str(tmp_path / 'graph.svg')
    assert '</svg>' in (tmp_path / 'graph.svg').read_text()


@functools.cache
def loaded(path: Path) -> Config:
    """A config, read once for all tests."""
    return load_config(path)


@pytest.mark.parametrize(('path', 'overlays'), BUILT, ids=BUILT_NAMES)
def test_config(path: Path, overlays: Sequence[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(path, overlays=overlays) if overlays else copy.deepcopy(loaded(path))
    # No memory and no arithmetic: shapes alone. mmpretrain's ResNets read the numbers of a linspace, though.
    monkeypatch.setattr(torch, 'linspace', partial(torch.linspace, device='cpu'))
    monkeypatch.setattr(torch.nn.functional, 'batch_norm', shape_of_batch_norm)
    stages = [stage_config(config, stage) for stage in resolve_stages(config, tmp_path)] if 'stages' in config else []
    for run in stages or [config]:
        check_config(run)
        with torch.device('meta'):
            graph = MODELS.build(dict(run.model, data_preprocessor=run.data_preprocessor))
            inputs, samples, classes = made_up(path.stem)
            logits = graph(inputs)
        assert logits.shape == (samples, classes)
        assert graph.num_classes == classes
        learning = [name for name, parameters in graph.parameter_groups() if parameters]
        assert learning and set(learning) == {name for name, role in graph.roles.items() if role == 'trained'}
        picture = save_picture(draw_graph(run.model, path.stem), tmp_path / 'graph.svg')
        assert '</svg>' in picture.read_text()


def shape_of_batch_norm(inputs: torch.Tensor, mean: torch.Tensor, *_: object) -> torch.Tensor:
    """What batch normalisation makes of a tensor without memory; torch takes a third of this file's time for it."""
    assert inputs.is_meta and inputs.ndim in (2, 4) and mean.shape == (inputs.shape[1],)
    return torch.empty_like(inputs)


def made_up(name: str) -> tuple[torch.Tensor, int, int]:
    """Inputs for a config of a name: two images, or two chunks of a text; how many samples they are; classes."""
    if words := [number for data, number in WORDS.items() if f'_{data}' in name]:
        return torch.zeros(2, 2 * 35, 1 + SPELLING, dtype=torch.long), 2 * 35, words[0]
    channels, size, classes = DATA[max((data for data in DATA if f'_{data}' in name), key=len)]
    return torch.empty(2, channels, size, size), 2, classes


def test_there_are_configs() -> None:
    assert {path.parent.name for path in CONFIGS.glob('[!_]*/*.py')} >= {'dml', 'kd', 'ktg', 'semi', 'single'}


def test_names_of_configs_are_unique() -> None:
    """A run's folder is named after its config. A search's found graph may be named after the search."""
    names = [path.stem for path in CONFIGS.glob('[!_]*/*.py') if path.parent.name != 'search']
    assert len(names) == len(set(names))


def flat(value: object, path: str = '') -> dict[str, str]:
    """A config's values by their path."""
    if not isinstance(value, (dict, list, tuple)) or not value:
        return {path: repr(value)}
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    return {place: found for key, entry in entries for place, found in flat(entry, f'{path}.{key}').items()}


def test_what_differs_in_a_single_value_is_an_overlay() -> None:
    configs = {str(path.relative_to(CONFIGS)): flat(loaded(path).to_dict()) for path in CONFIGS.glob('[!_]*/*.py')}
    alike = {
        pair
        for pair in itertools.combinations(sorted(configs), 2)
        if len({place for place, _ in configs[pair[0]].items() ^ configs[pair[1]].items()}) == 1
    }
    assert alike == set(COMPARED)
