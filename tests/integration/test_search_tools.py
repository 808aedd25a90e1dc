"""The tools for what comes after a search, from one end to the other."""

import contextlib
import json
import re
import shlex
import signal
import sqlite3
from pathlib import Path

import pytest

from ktg_mm.apis import load_config

CONFIGS = Path(__file__).parents[2] / 'configs'
SEARCH = CONFIGS / 'search/ktg_3node_digits.py'
TINY = [
    'train_cfg.max_epochs=2', 'train_cfg.val_interval=2', 'train_dataloader.dataset.indices=64',
    'val_dataloader.dataset.indices=60', 'test_dataloader.dataset.indices=60',
]  # fmt: skip


@pytest.fixture(scope='module')
def searched(tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished search of three graphs."""
    folder = tmp_path_factory.mktemp('searched')
    options = ['--cfg-options', 'search.hook=None', *TINY]
    ended = tools.run('search.py', SEARCH, '--work-dir', folder, '--trials', 3, *options)
    number, score = best_trial(folder)
    assert ended.stdout.startswith(f'best graph: trial {number}, net1/accuracy/top1 {score:.4g}\n  ')
    command = [SEARCH, '--work-dir', folder, *options, '--out', 'found.py']
    assert ended.stdout.splitlines()[-1].endswith(f'tools/export_graph.py {shlex.join(map(str, command))}')
    return folder


def best_trial(folder: Path) -> tuple[int, float]:
    """Number and score of the best trial, out of the database's own tables."""
    query = (
        'SELECT number, value FROM trials JOIN trial_values USING (trial_id) WHERE state = "COMPLETE" '
        'ORDER BY value DESC, number LIMIT 1'
    )
    with contextlib.closing(sqlite3.connect(folder / 'search.db')) as database:
        return database.execute(query).fetchone()


@pytest.fixture(scope='module')
def exported(tools, searched: Path) -> Path:
    """The best graph's config."""
    out = searched / 'found.py'
    printed = tools.run('export_graph.py', SEARCH, '--work-dir', searched, '--out', out, '--cfg-options', *TINY).stdout
    assert printed.strip() == str(out)
    return out


def test_export_and_train(tools, accuracies, searched: Path, exported: Path) -> None:
    number, score = best_trial(searched)
    assert exported.read_text().startswith(
        f'# Trial {number} of the study ktg_3node_digits.\n'
        f'# On the validation data of the search: net1/accuracy/top1 {score:.6g}; one seed, so partly luck.\n'
    )
    printed = tools.run('train.py', exported, '--work-dir', searched / 'run', '--cfg-options', *TINY)
    # The same graph, seed and recipe as in the search, so the same network.
    (log,) = (searched / 'run').glob('*/*.log')
    (score_again,) = re.findall(r'Epoch\(val\) \[2\]\[.*val/net1/accuracy/top1: ([\d.]+)', log.read_text())
    assert float(score_again) == pytest.approx(score, abs=1e-4)
    assert 'net1' in accuracies(printed.stdout + printed.stderr)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--rank', 5], 'error: --rank 5: the study ktg_3node_digits has 3 complete trials'),
        (['--trial', 4], 'error: --trial 4: the study ktg_3node_digits has 3 trials, numbered from 0'),
        (['--study', 'x'], 'error: --study x: the storage has no study of this name; it has: ktg_3node_digits'),
    ],
)
def test_export_mistakes(tools, searched: Path, arguments: list, message: str) -> None:
    out = searched / 'none.py'
    arguments = ['--work-dir', searched, '--out', out, *arguments, '--cfg-options', *TINY]
    process = tools.run('export_graph.py', SEARCH, *arguments, status=2)
    assert process.stderr.splitlines() == [message] and not out.exists()


def test_export_without_the_options_of_the_search(tools, searched: Path) -> None:
    process = tools.run('export_graph.py', SEARCH, '--work-dir', searched, '--out', searched / 'none.py', status=2)
    (line,) = process.stderr.splitlines()
    assert line.startswith('error: --study ktg_3node_digits: ')
    assert line.endswith('; give the config and the --cfg-options that were searched with')


def test_retrain_killed(tools, tmp_path: Path, exported: Path) -> None:
    config, folder = tmp_path / 'graph.py', tmp_path / 'runs'
    config.write_text(
        f"_base_ = [{str(exported)!r}]\ncustom_imports = dict(imports=_base_.custom_imports.imports + ['killer'])\n"
        "custom_hooks = _base_.custom_hooks + [dict(type='Killer')]\n"
    )
    against = CONFIGS / 'single/resnet8_digits.py'
    command = ['retrain.py', config, '--work-dir', folder, '--seeds-from', 1, '--seeds', 1, '--cfg-options', *TINY]
    tools.run(*command, '--methods', 'found', 'independent', status=-signal.SIGKILL, KILL_AT='save:epoch_2')
    assert (folder / 'found/seed_1/epoch_1.pth').exists() and not (folder / 'found/seed_1/epoch_2.pth').exists()
    tools.run(*command, '--methods', 'found', 'independent')
    process = tools.run(*command, '--methods', 'independent', 'dml', '--against', against)
    said = process.stderr.splitlines()
    assert [line.split(': ')[0] for line in said if line.startswith('[')] == [
        '[1/3] dml, seed 1', '[2/3] independent, seed 1', '[3/3] resnet8_digits, seed 1'
    ]  # fmt: skip
    rows = {line.split('|')[1].strip(): line.split('|')[3].strip() for line in process.stdout.splitlines()[2:]}
    assert list(rows) == ['found', 'dml', 'independent', 'resnet8_digits']
    assert rows['independent'] == rows['resnet8_digits']  # the same training under two names
    table = json.loads((folder / 'results.json').read_text())
    assert {row['method']: f'{row["mean"]:.2f}' for row in table['methods']} == rows


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--seeds', 0], "error: argument --seeds: must be a whole number, at least 1, got '0'"),
        (['--against', 'a/x.py'], 'error: config a/x.py: no such file'),
        (
            ['--against', *[CONFIGS / name for name in ('kd/kd_cifar10.py', 'kd/kd_cifar10.py')]],
            f'error: --against {CONFIGS / "kd/kd_cifar10.py"}: another config has the same name; rename one',
        ),
    ],
)
def test_retrain_mistakes(tools, tmp_path: Path, arguments: list, message: str) -> None:
    config = CONFIGS / 'dml/dml_3node_digits.py'
    process = tools.run('retrain.py', config, '--work-dir', tmp_path / 'runs', *arguments, status=2)
    assert process.stderr.splitlines() == [message] and not (tmp_path / 'runs').exists()


@pytest.mark.parametrize('tool', ['export_graph.py', 'plot_search.py'])
def test_a_database_that_is_damaged(tools, searched: Path, tmp_path: Path, tool: str) -> None:
    content = (searched / 'search.db').read_bytes()
    (tmp_path / 'search.db').write_bytes(content[:4096] + bytes(len(content) - 4096))
    out = ['--out', tmp_path / ('x.py' if tool == 'export_graph.py' else 'plots')]
    options = ['--cfg-options', *TINY]
    process = tools.run(tool, SEARCH, '--work-dir', tmp_path, *out, *options, status=2)
    (line,) = process.stderr.splitlines()
    assert line.startswith(f'error: --storage sqlite:///{tmp_path}/search.db, of --work-dir: ') and 'malformed' in line


@pytest.mark.long
@pytest.mark.parametrize('name', ['features_3node_digits', 'branches_digits'])
def test_what_is_found_among_features_and_branches_trains(tools, accuracies, tmp_path: Path, name: str) -> None:
    config, out = CONFIGS / f'search/{name}.py', tmp_path / 'found.py'
    options = ['--cfg-options', 'search.hook=None', *TINY]
    tools.run('search.py', config, '--work-dir', tmp_path, '--trials', 2, *options)
    _, score = best_trial(tmp_path)
    tools.run('export_graph.py', config, '--work-dir', tmp_path, '--out', out, *options)
    graph = load_config(out).model
    if name == 'branches_digits':
        assert {'net1', 'net2', 'net3', 'leader'} <= set(graph.nodes) and graph.target == 'leader'
    printed = tools.run('train.py', out, '--work-dir', tmp_path / 'run', '--cfg-options', *TINY)
    (log,) = (tmp_path / 'run').glob('*/*.log')
    (again,) = re.findall(rf'Epoch\(val\) \[2\]\[.*val/{graph.target}/accuracy/top1: ([\d.]+)', log.read_text())
    assert float(again) == pytest.approx(score, abs=1e-4)
    assert graph.target in accuracies(printed.stdout + printed.stderr)
