"""Trains the rows of a benchmark with every seed; processes that are given the same folder share the runs."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from mmengine.config import Config

from ktg_mm.apis.training import has_test_of_its_own
from ktg_mm.config.fingerprint import fingerprint
from ktg_mm.config.stages import STAGES, as_last_stage
from ktg_mm.datasets.shared_data import sharing_data
from ktg_mm.errors import NonFiniteError, UserError
from ktg_mm.search.found.methods import say_it
from ktg_mm.search.found.retrain import read_run, score_of, train_seed, with_seed, write_json

from .budget import last_checkpoint
from .plan import Plan
from .rows import TEACHER, Row

METRIC = 'accuracy/top1'
RUN = 'run.json'
_BENCHMARK = 'benchmark.json'
_TEST = ('test_dataloader', 'test_cfg', 'test_evaluator')


@dataclass(frozen=True)
class _Run:
    """A row with a seed; as a candidate it is trained for what it comes to on the validation images."""

    row: str
    seed: int
    candidate: int | None = None

    def folder(self, root: Path) -> Path:
        within = [] if self.candidate is None else [f'choice_{self.candidate}']
        return root.joinpath(self.row, *within, f'seed_{self.seed}')

    def __str__(self) -> str:
        return f'{self.row}, seed {self.seed}' + ('' if self.candidate is None else f', choice {self.candidate}')


@sharing_data()
def run_benchmark(
    plans: Mapping[str, Plan],
    folder: Path,
    seeds: Sequence[int],
    choose: bool = False,
    say: Callable[[str], None] = say_it,
) -> None:
    """Trains what is not trained yet. A run that is finished is not repeated, one that was cut short goes on.

    Args:
        plans: From :func:`ktg_mm.benchmark.make_plans`.
        folder: The runs are in ``<folder>/<row>/seed_<n>``.
        seeds: The seeds.
        choose: Whether rows with choices are tried with each, with the first seed, and the one that is best on the
            validation images is trained with all. Defaults to False: what the papers say.
        say: Shows a line for each run.

    Raises:
        UserError: If a config is wrong, the folder holds runs of another benchmark, or runs failed; one line.
    """
    chosen_with = _Choices(plans, folder, seeds[0], choose)
    pending = [run for seed in seeds for run in _runs_of(plans, seed, choose and seed == seeds[0])]
    number, done, failed = len(pending), 0, list[_Run]()
    while pending:
        waiting = []
        for run in pending:
            needed = chosen_with.needed(run)
            if any(other in failed for other in needed):
                failed.append(run)
                line = 'left out, as what it needs failed'
            elif not all(_finished(other, folder) for other in needed):
                waiting.append(run)
                continue
            else:
                try:
                    line = _train(plans, run, folder, chosen_with.of(run))
                except NonFiniteError as error:
                    line = f'failed: {error}'
                    if run.candidate is None:
                        failed.append(run)
                    else:
                        _give_up(run.folder(folder) / RUN)
                except Timeout:
                    if run.row == TEACHER or run.candidate is not None:  # others wait for it: if the process dies, here
                        waiting.append(run)
                        continue
                    line = 'left to another process, which is at it'
            done += 1
            say(f'[{done}/{number}] {run}: {line}')
        if len(waiting) == len(pending):
            time.sleep(0.2)
        pending = waiting
    if failed:
        raise UserError(f'{len(failed)} of {number} runs failed: {"; ".join(map(str, failed))}')


def check_choices(rows: Mapping[str, Row]) -> None:
    """Refuses rows whose validation images are those of their test, on which nothing may be chosen.

    Args:
        rows: From :func:`ktg_mm.benchmark.read_rows`.

    Raises:
        UserError: At the first one.
    """
    for name, row in rows.items():
        if row.choices and not has_test_of_its_own(as_last_stage(row.config)):
            raise UserError(f'--choose: {name} has no validation images beside those of its test; leave it out')


def check_folder(folder: Path, data: str) -> None:
    """Refuses a folder of a benchmark on other data; an empty one becomes that of this one.

    Args:
        folder: The folder.
        data: The recipe's name.

    Raises:
        UserError: If it is another's, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f'--work-dir {folder}: cannot be made: {error.strerror}') from error
    with FileLock(folder / '.lock'):
        path = folder / _BENCHMARK
        if not path.exists():
            write_json(path, dict(data=data))
        try:
            known = json.loads(path.read_text(encoding='utf-8'))['data']
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f'{path}: is damaged; remove it if the folder is of --data {data}') from error
    if known != data:
        raise UserError(f'--work-dir {folder}: is of a benchmark on {known}; give another folder')


def _runs_of(plans: Mapping[str, Plan], seed: int, choose: bool) -> list[_Run]:
    """A seed's runs: the teacher, what is to be chosen, and the rows."""
    candidates = [
        _Run(name, seed, number)
        for name, plan in plans.items()
        for number in range(len(plan.row.candidates()) if choose and plan.row.choices else 0)
    ]
    return (
        [_Run(name, seed) for name in plans if name == TEACHER]
        + candidates
        + [_Run(name, seed) for name in plans if name != TEACHER]
    )


def _finished(run: _Run, folder: Path) -> bool:
    return 'metrics' in (read_run(run.folder(folder) / RUN) or {})


@dataclass(frozen=True)
class _Choices:
    """What each row is trained with."""

    plans: Mapping[str, Plan]
    folder: Path
    seed: int
    choose: bool

    def needed(self, run: _Run) -> list[_Run]:
        """The runs that must be finished before one can begin."""
        row = self.plans[run.row].row
        teachers = [_Run(TEACHER, run.seed)] if row.taught_by else []
        return teachers + (self._candidates(run.row) if self.choose and run.candidate is None else [])

    def of(self, run: _Run) -> dict[str, Any]:
        """The entries that a run's config gets."""
        candidates = self.plans[run.row].row.candidates()
        if run.candidate is not None:
            return candidates[run.candidate]
        tried = self._candidates(run.row) if self.choose else []
        scores = [score_of(read_run(one.folder(self.folder) / RUN) or {}, METRIC) or 0.0 for one in tried]
        return candidates[scores.index(max(scores))] if scores else {}

    def _candidates(self, name: str) -> list[_Run]:
        row = self.plans[name].row
        return [_Run(name, self.seed, number) for number in range(len(row.candidates()) if row.choices else 0)]


def _train(plans: Mapping[str, Plan], run: _Run, folder: Path, changed: Mapping[str, Any]) -> str:
    """Trains a run, unless it is finished; returns what to say of it.

    Raises:
        Timeout: If another process is at it.
        UserError: If what is there is of another benchmark.
    """
    plan, run_dir = plans[run.row], run.folder(folder)
    recipe = fingerprint([plan.recipe, dict(changed), run.candidate is None])
    known = read_run(run_dir / RUN)
    if known and known['recipe'] != recipe:
        raise UserError(
            f'--work-dir {folder}: {run_dir.relative_to(folder)} is a run of other epochs, configs or '
            'choices; give another folder'
        )
    cfg = Config(copy.deepcopy(plan.config), format_python_code=False)
    cfg.merge_from_dict(dict(changed))
    for node in plan.row.taught_by:
        teachers = _Run(TEACHER, run.seed).folder(folder)
        cfg.model.nodes[node].checkpoint = str(last_checkpoint(plans[TEACHER].config, teachers.absolute()))
    if run.candidate is not None:  # the test set is for what has been chosen
        for part in [cfg, *cfg.get(STAGES, ())]:
            part.update(dict.fromkeys(_TEST))
    line = train_seed(with_seed(cfg, run.seed), run.row, run.seed, run_dir, METRIC, recipe)
    if changed and run.candidate is None:
        write_json(folder / run.row / 'chosen.json', dict(changed))
    return line


def _give_up(note: Path) -> None:
    """Keeps of a candidate that diverged that it came to nothing."""
    write_json(note, dict(read_run(note) or {}, metrics={}))
