"""A worker of a search is killed in the race; every run of it still ends, once, and the verdict's graph is exported."""

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from ktg_mm.apis import load_config
from ktg_mm.search import Candidates, open_storage
from ktg_mm.search.found.export import winner
from ktg_mm.search.race.race import race_runs
from ktg_mm.search.space.candidates import KEY
from ktg_mm.search.study.race_study import find_race, race_result
from ktg_mm.search.study.retries import CONTINUES, END, WORKER, last_of_chains

pytestmark = pytest.mark.slow

TRIALS, GRAPHS, SEEDS = 8, 1, 3
CONFIG = f"""
train_dataloader = dict(batch_size=32, dataset=dict(indices=96))
val_dataloader = dict(batch_size=60, dataset=dict(indices=60))
train_cfg = dict(max_epochs=2)
search = dict(
    trials={TRIALS},
    enqueue=['independent', 'dml'],
    baseline='dml',
    race=dict(graphs={GRAPHS}, seeds={SEEDS}),
    heartbeat=1,
    retries=20,
    hook=None,
    space={{'model.nodes.net[23].network': dict(_delete_=True, choices=dict(resnet8=_base_.resnet8))}},
)
"""


def trials_of_race(storage: str, name: str) -> list[FrozenTrial]:
    """The trials of the race of a search, which need not have begun."""
    try:
        race = find_race(optuna.load_study(study_name=name, storage=open_storage(storage)))
    except KeyError:
        return []
    return race.get_trials(deepcopy=False) if race else []


def test_a_worker_that_is_killed_in_the_race(tools: Any, write_config: Callable, tmp_path: Path) -> None:
    config = write_config(tmp_path / 'raced.py', 'search/ktg_3node_digits.py', CONFIG)
    storage = f'sqlite:///{tmp_path}/shared.db'
    (slow := tmp_path / 'slow').touch()
    words = (config, '--work-dir', tmp_path, '--storage', storage)
    workers = [tools.start('search.py', *words, PRELOAD='slow_steps', SLOW_WHILE=str(slow)) for _ in range(2)]
    victim = None
    while victim is None:
        time.sleep(0.05)
        assert not all(map(tools.has_ended, workers))
        for trial in trials_of_race(storage, 'raced'):
            if trial.state == TrialState.RUNNING and not trial.user_attrs.get(KEY, 'dml').startswith('dml'):
                victim = int(trial.user_attrs[WORKER].split(':')[1])
    os.kill(victim, signal.SIGKILL)
    slow.unlink()
    assert victim in workers and tools.wait(victim).returncode == -signal.SIGKILL
    (left,) = set(workers) - {victim}
    finished = tools.wait(left)
    assert finished.returncode == 0, finished.stderr[-2000:]

    searched = optuna.load_study(study_name='raced', storage=open_storage(storage))
    race = find_race(searched)
    trials = race.get_trials()
    assert all(trial.state.is_finished() and trial.user_attrs[END] for trial in trials)
    ends = [trial for trial in last_of_chains(race) if trial.state == TrialState.COMPLETE]
    assert len({trial.user_attrs[KEY] for trial in ends}) == len(ends) == race_runs(GRAPHS, SEEDS, 1)
    assert any(CONTINUES in trial.user_attrs for trial in ends)
    of_search = [trial for trial in last_of_chains(searched) if trial.state == TrialState.COMPLETE]
    assert len({trial.user_attrs[KEY] for trial in of_search}) == len(of_search) == TRIALS

    candidates = Candidates(load_config(config))
    result = race_result(candidates, searched)
    assert result.verdict.pairs == SEEDS and f'race: {result}\n' in finished.stdout
    tools.run('export_graph.py', *words, '--out', tmp_path / 'found.py')
    text = (tmp_path / 'found.py').read_text()
    assert f'# New seeds, the same data: {result}.' in text
    assert int(re.match(r'# Trial (\d+) ', text)[1]) == winner(result, candidates, searched).number
