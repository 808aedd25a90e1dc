"""Runs of a benchmark: each once, in an order that what is needed is there, shared by processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ktg_mm.benchmark import make_plans, read_rows, run, run_benchmark
from ktg_mm.benchmark.run import check_choices, check_folder
from ktg_mm.engine.hooks.graph_runtime_info_hook import NonFiniteLossError
from ktg_mm.errors import UserError

REPOSITORY = Path(__file__).parents[2]
TINY = {'train_dataloader.dataset.indices': 32, 'test_dataloader.dataset.indices': 40, 'log_level': 'ERROR'}


def rows(*names, epochs=1, **options):
    return read_rows('digits', names, epochs=epochs, options={**TINY, **options})[0]


def quiet(line: str) -> None:
    """Says nothing."""


def test_order(tmp_path: Path, trained, plans):
    said: list[str] = []
    made = plans(rows('independent', 'kd'), tmp_path)
    run_benchmark(made, tmp_path, [3, 4], say=said.append)
    assert trained == [f'{name}/seed_{seed}' for seed in (3, 4) for name in ('teacher', 'independent', 'kd')]
    assert said[2] == '[3/6] kd, seed 3: 85.00'
    run_benchmark(made, tmp_path, [3, 4, 5], say=said.append)
    assert len(trained) == 9 and said[8] == '[3/9] kd, seed 3: finished before'


def test_teacher_is_the_seeds_own(tmp_path: Path, plans, monkeypatch):
    seen = {}

    def train(cfg, name, seed, run_dir, metric, recipe):
        run_dir.mkdir(parents=True)
        (run_dir / 'run.json').write_text(
            json.dumps(dict(method=name, seed=seed, target='net1', recipe=recipe, metrics={}))
        )
        seen[name, seed] = cfg.model.nodes.get('net2', {}).get('checkpoint'), cfg.randomness.seed
        return ''

    monkeypatch.setattr(run, 'train_seed', train)
    run_benchmark(plans(rows('kd'), tmp_path), tmp_path, [0, 1], say=quiet)
    for seed in (0, 1):
        assert seen['kd', seed] == (str(tmp_path / f'teacher/seed_{seed}/epoch_1.pth'), seed)


def test_choices(tmp_path: Path, trained, plans):
    """Each value is tried with the first seed, the best one is trained with all; a tie is for what the paper says."""
    made = plans(rows('independent', 'kd', 'at'), tmp_path)
    run_benchmark(made, tmp_path, [0, 1], choose=True, say=quiet)
    tried = [f'{name}/choice_{number}/seed_0' for name in ('kd', 'at') for number in range(3)]
    rest = [f'{name}/seed_{seed}' for seed in (0, 1) for name in ('teacher', 'independent', 'kd', 'at')]
    assert trained == ['teacher/seed_0', *tried, *rest[1:]]
    assert json.loads((tmp_path / 'kd/chosen.json').read_text()) == {'model.edges.net2->net1.loss.temperature': 4.0}
    scores = [json.loads((tmp_path / f'kd/{run}/run.json').read_text()) for run in ('seed_1', 'choice_0/seed_0')]
    assert [next(iter(one['metrics'].values())) for one in scores] == [85.0, 82.0]
    assert not (tmp_path / 'at/chosen.json').exists()
    with pytest.raises(UserError, match='kd/seed_0 is a run of other epochs, configs or choices; give another'):
        run_benchmark(made, tmp_path, [0], say=quiet)


def test_what_is_chosen_has_not_seen_the_test(tmp_path: Path, plans, monkeypatch):
    tested = {}

    def train(cfg, name, seed, run_dir, metric, recipe):
        run_dir.mkdir(parents=True)
        (run_dir / 'run.json').write_text(
            json.dumps(dict(method=name, seed=seed, target='', recipe=recipe, metrics={}))
        )
        tested[str(run_dir.relative_to(tmp_path))] = cfg.test_dataloader is not None
        return ''

    monkeypatch.setattr(run, 'train_seed', train)
    run_benchmark(plans(rows('kd'), tmp_path), tmp_path, [0], choose=True, say=quiet)
    assert tested == {
        'teacher/seed_0': True,
        'kd/choice_0/seed_0': False,
        'kd/choice_1/seed_0': False,
        'kd/choice_2/seed_0': False,
        'kd/seed_0': True,
    }


def test_choices_need_images_of_their_own():
    check_choices(rows('independent', 'kd'))
    published = read_rows('cifar100', ['independent', 'kd'])[0]
    with pytest.raises(UserError, match=r'^--choose: kd has no validation images beside those of its test; leave'):
        check_choices(published)


def test_processes_share_the_runs(tmp_path: Path, trained, plans, monkeypatch):
    """What another process is at is left to it; a teacher that others need is waited for."""
    made, said = plans(rows('independent', 'kd'), tmp_path), []
    train = run.train_seed
    locks = {name: FileLock(tmp_path / name / 'lock') for name in ('independent', 'teacher')}

    def in_turn(cfg, name, seed, run_dir, metric, recipe):
        with FileLock(tmp_path / name / 'lock', timeout=0):
            return train(cfg, name, seed, run_dir, metric, recipe)

    monkeypatch.setattr(run, 'train_seed', in_turn)
    monkeypatch.setattr(time, 'sleep', lambda seconds: locks['teacher'].release())  # the other process dies
    with locks['independent'], locks['teacher']:
        run_benchmark(made, tmp_path, [0], say=said.append)
    assert said == [
        '[1/3] independent, seed 0: left to another process, which is at it',
        '[2/3] teacher, seed 0: 80.00',
        '[3/3] kd, seed 0: 82.00',
    ]


def test_runs_that_diverge(tmp_path: Path, trained, plans, monkeypatch):
    """A candidate that does so is not chosen; a teacher that does so leaves none to learn from it."""
    train = run.train_seed
    fails = lambda name, cfg: name == 'kd' and cfg.model.edges['net2->net1'].loss.temperature == 4.0  # noqa: E731

    def diverge(cfg, name, seed, run_dir, metric, recipe):
        if fails(name, cfg):
            run_dir.mkdir(parents=True, exist_ok=True)
            known = dict(method=name, seed=seed, target='net1', networks=[], recipe=recipe)
            (run_dir / 'run.json').write_text(json.dumps(known))
            raise NonFiniteLossError('nan')
        return train(cfg, name, seed, run_dir, metric, recipe)

    monkeypatch.setattr(run, 'train_seed', diverge)
    made, said = plans(rows('independent', 'kd'), tmp_path / 'a'), []
    run_benchmark(made, tmp_path / 'a', [0], choose=True, say=said.append)
    assert said[3] == '[4/6] kd, seed 0, choice 2: failed: nan' and said[5] == '[6/6] kd, seed 0: 82.00'
    fails = lambda name, cfg: name == 'teacher'  # noqa: E731
    made = plans(rows('independent', 'kd'), tmp_path / 'b')
    with pytest.raises(UserError, match=r'^2 of 3 runs failed: teacher, seed 0; kd, seed 0$'):
        run_benchmark(made, tmp_path / 'b', [0], say=said.append)
    assert (tmp_path / 'b/independent/seed_0/run.json').exists()


def test_folder(tmp_path: Path):
    check_folder(tmp_path / 'a', 'digits')
    check_folder(tmp_path / 'a', 'digits')
    with pytest.raises(UserError, match=f'^--work-dir {re.escape(str(tmp_path))}/a: is of a benchmark on digits'):
        check_folder(tmp_path / 'a', 'cifar100')
    (tmp_path / 'a/benchmark.json').write_text('{')
    with pytest.raises(UserError, match='is damaged; remove it if the folder is of --data digits'):
        check_folder(tmp_path / 'a', 'digits')
    with pytest.raises(UserError, match='cannot be made: '):
        check_folder(tmp_path / 'a/benchmark.json/b', 'digits')


@pytest.mark.slow
def test_killed_and_resumed(tmp_path: Path, monkeypatch):
    """A run that was cut short goes on, what is finished is not touched, and all comes out as if nothing had been."""
    asked = rows('kd', 'ban_l', epochs=4)
    train, begun = Runner.train, []

    class CutShort(Hook):
        def before_train_epoch(self, runner):
            if runner.epoch == 1:
                raise KeyboardInterrupt

    def cut_short(runner):
        begun.append(Path(runner.work_dir).relative_to(tmp_path).as_posix())
        if begun.count(begun[-1]) == 1 and begun[-1].endswith('ban_l/seed_0/gen1'):
            runner.register_hook(CutShort())
        return train(runner)

    monkeypatch.setattr(Runner, 'train', cut_short)
    for folder in (tmp_path / 'cut', tmp_path / 'whole'):
        plans = make_plans(asked, folder)
        if folder.name == 'cut':
            with pytest.raises(KeyboardInterrupt):
                run_benchmark(plans, folder, [0], say=quiet)
        else:
            monkeypatch.setattr(Runner, 'train', train)
        run_benchmark(plans, folder, [0], say=quiet)
    assert [name.removeprefix('cut/') for name in begun] == [
        'teacher/seed_0', 'kd/seed_0', 'ban_l/seed_0/gen0', 'ban_l/seed_0/gen1', 'ban_l/seed_0/gen1',
    ]  # fmt: skip
    for name in asked:
        cut, whole = (json.loads((tmp_path / part / name / 'seed_0/run.json').read_text()) for part in ('cut', 'whole'))
        assert cut['metrics'] == whole['metrics']
        assert ('seconds' in cut) == (name != 'ban_l') and whole['seconds'] > 0
    assert not list((tmp_path / 'whole/ban_l/seed_0/gen0').glob('*test*'))


@pytest.mark.slow
def test_two_workers(tmp_path: Path):
    """Two processes of one command, one of which is killed, and then the command again: each run is trained once."""
    command = [
        sys.executable, 'tools/benchmark.py', '--data', 'digits', '--rows', 'kd', '--epochs', '1',
        '--seeds', '2', '--work-dir', str(tmp_path / 'runs'), '--cfg-options', 'train_dataloader.dataset.indices=64',
    ]  # fmt: skip
    options = dict(cwd=REPOSITORY, env={**os.environ, 'PYTHONPATH': str(REPOSITORY)}, text=True)
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options) for _ in range(2)]
    while not (tmp_path / 'runs/teacher/seed_0/run.json').exists() and both[0].poll() is None:
        time.sleep(0.05)
    both[0].send_signal(signal.SIGKILL)
    both[0].communicate()
    said = both[1].communicate()[1]
    again = subprocess.run(command, capture_output=True, **options)
    assert again.returncode == 0, again.stderr + said
    results = json.loads((tmp_path / 'runs/results.json').read_text())['methods']
    assert {row['method']: list(row['scores']) for row in results} == {name: ['0', '1'] for name in ('kd', 'teacher')}
    assert '| kd ' in again.stdout and (tmp_path / 'runs/results.png').exists()
    sessions = list((tmp_path / 'runs').glob('*/seed_*/20*'))
    assert 4 <= len(sessions) <= 5  # that which was killed has two
