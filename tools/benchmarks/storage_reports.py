"""A study of many trials that nobody trained, and how long a report to it takes; for ``storage.py``."""

import functools
import gc
import json
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from postgresql import Server

CONFIG = Path(__file__).parents[2] / 'configs/search/ktg_3node_digits.py'
RUNGS = 2  # that the running trials have passed
_DISTINCT = 50  # ended trials that differ; more are copies of them


def fill(storage: str, study: str, ended: int, running: int) -> list[int]:
    """Adds trials as a search makes them until so many have ended and so many are running.

    Returns:
        The numbers of the running ones.
    """
    import optuna
    from optuna.trial import TrialState

    from ktg_mm.search import open_storage

    optuna.create_study(storage=open_storage(storage), study_name=study, direction='maximize', load_if_exists=True)
    found = _study(storage, study)
    states = [trial.state for trial in found.get_trials(deepcopy=False)]
    wanted = {TrialState.RUNNING: running, TrialState.PRUNED: min(ended, _DISTINCT)}
    for state, number in wanted.items():
        for _ in range(number - sum(one.is_finished() == state.is_finished() for one in states)):
            found.add_trial(_trial(len(found.get_trials(deepcopy=False)), state))
    trials = found.get_trials(deepcopy=False)
    copied = [trial.number for trial in trials if trial.state.is_finished()]
    if more := ended - len(copied):
        _copy(storage, study, copied[:_DISTINCT], len(trials), more)
    return [trial.number for trial in trials if trial.state == TrialState.RUNNING]


def _copy(storage: str, study: str, numbers: list[int], first: int, more: int) -> None:
    """Adds copies of trials to their study, numbered from ``first`` on; one by one it would take minutes."""
    import sqlalchemy

    schema, engine = sqlalchemy.MetaData(), sqlalchemy.create_engine(storage)
    schema.reflect(engine)
    trials, studies = schema.tables['trials'], schema.tables['studies']
    with engine.begin() as connection:
        named = sqlalchemy.select(studies.c.study_id).where(studies.c.study_name == study)
        of_study = trials.c.study_id.in_(named)

        def ids(condition: Any) -> Any:
            asked = sqlalchemy.select(trials.c.trial_id).where(of_study, condition).order_by(trials.c.number)
            return connection.execute(asked).scalars().all()

        copied = ids(trials.c.number.in_(numbers))

        def rows(table: Any) -> dict[int, list[dict[str, Any]]]:
            own = [column for column in table.columns if not column.primary_key]
            asked = sqlalchemy.select(table.c.trial_id.label('copied'), *own).where(table.c.trial_id.in_(copied))
            found: dict[int, list[dict[str, Any]]] = {}
            for row in connection.execute(asked).mappings():
                found.setdefault(row['copied'], []).append({column.name: row[column.name] for column in own})
            return found

        of_trials = rows(trials)
        chosen = [copied[i % len(copied)] for i in range(more)]
        new = [{**of_trials[one][0], 'number': first + i} for i, one in enumerate(chosen)]
        connection.execute(trials.insert(), new)
        added_ids = ids(trials.c.number >= first)
        for table in schema.tables.values():
            if table is not trials and 'trial_id' in table.columns:
                parts = rows(table)
                if added := [
                    {**row, 'trial_id': trial}
                    for trial, one in zip(added_ids, chosen, strict=True)
                    for row in parts.get(one, [])
                ]:
                    connection.execute(table.insert(), added)


@functools.cache
def _study(storage: str, study: str) -> Any:
    from ktg_mm.search import load_study, open_storage

    return load_study(open_storage(storage), study)


def _trial(number: int, state: Any) -> Any:
    """A trial of a search over the digits: half of those at a rung have ended there."""
    from optuna.trial import TrialState, create_trial

    from ktg_mm.search.study import retries

    draw = np.random.default_rng(number)
    distributions: dict[str, Any] = {}

    def ask(name: str, distribution: Any) -> Any:
        distributions[name] = distribution
        return distribution.choices[draw.integers(len(distribution.choices))]

    values, _ = _candidates().space.draw(ask)
    rungs = RUNGS if state == TrialState.RUNNING else min(int(draw.geometric(0.5)), 6)
    scores = np.sort(draw.uniform(20, 90, rungs)).tolist()
    worker = dict(worker=f'host{number % 90:02d}:1', graph=f'{zlib.crc32(b"%d" % number):032x}')
    ends = dict(
        index=number, end=retries.LOST if state == TrialState.RUNNING else f'pruned at epoch {2 ** (rungs - 1)}'
    )
    return create_trial(
        state=state,
        value=scores[-1] if state.is_finished() else None,
        params=values,
        distributions=distributions,
        user_attrs=dict(worker, **ends, epoch=2 ** (rungs - 1)),
        system_attrs={f'completed_rung_{rung}': score for rung, score in enumerate(scores)},
        intermediate_values={2**rung: score for rung, score in enumerate(scores)},
    )


@functools.cache
def _candidates() -> Any:
    from ktg_mm.apis import load_config
    from ktg_mm.search import Candidates

    return Candidates(load_config(CONFIG))


def time_reports(
    storage: str, study: str, trials: list[int], step: int, own: bool = False, server: int = 0
) -> dict[str, Any]:
    """Reports a score of each trial that no rung stops.

    Args:
        storage: Address of the storage.
        study: Name of the study.
        trials: Numbers of running trials.
        step: The epoch, a rung.
        own: Whether by Optuna's own ``report`` and ``should_prune``, not as a search does. Defaults to False.
        server: Process id of a PostgreSQL server that nobody else asks. Defaults to 0: not known.

    Returns:
        Of each report the seconds by the clock (``clock``) and of the process on the CPU (``cpu``), and of all together
        those of the server on the CPU (``server``).
    """
    from ktg_mm.search.study.optuna_private import writable
    from ktg_mm.search.worker.asha_hook import ASHAHook, build_pruner
    from ktg_mm.search.worker.reporter import TrialReporter

    opened = _study(storage, study)
    opened.pruner = pruner = build_pruner(ASHAHook().pruner)
    known = opened.get_trials(deepcopy=False)
    gc.collect()
    gc.freeze()  # as a search does
    clock, cpu = [], []
    started = Server(storage, server)
    before = started.cpu_seconds()
    for number in trials:
        trial = writable(opened, known[number])
        reporter = TrialReporter(trial, pruner, lambda metrics: None)
        start = time.perf_counter(), time.process_time()
        if own:
            trial.report(99.0, step)
            stop = trial.should_prune()
        else:
            stop = reporter.report(99.0, step)
        clock.append(time.perf_counter() - start[0])
        cpu.append(time.process_time() - start[1])
        assert not stop
    return dict(clock=clock, cpu=cpu, server=started.cpu_seconds() - before)


def answer() -> None:
    """Answers lines of JSON, a function's name and its arguments, by such lines."""
    for line in sys.stdin:
        what, arguments = json.loads(line)
        print(json.dumps(fill(**arguments) if what == 'fill' else time_reports(**arguments)), flush=True)
