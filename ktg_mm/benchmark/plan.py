"""What each row is to train, and what that costs; kept in the folder, so that it is measured once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock
from mmengine.config import Config

from ktg_mm.config.fingerprint import fingerprint
from ktg_mm.datasets.shared_data import sharing_data
from ktg_mm.errors import UserError
from ktg_mm.search.found.retrain import run_recipe, write_json

from .budget import Cost, is_paid_for, lengths, measure, run_configs, with_lengths
from .rows import Row

PLAN = 'plan.json'
_STEPS = 5  # timed of each run


@dataclass(frozen=True)
class Plan:
    """A row with the lengths that the budget gives its runs.

    Args:
        row: The row.
        config: Its config with these lengths.
        recipe: What tells its runs from those of another benchmark.
        lengths: Epochs or iterations of each of its runs: of its stages, or of the only one.
        costs: What a step of each costs.
        paid: Which of them the budget pays for.
    """

    row: Row
    config: dict[str, Any] = field(repr=False)
    recipe: str
    lengths: list[int]
    costs: list[Cost]
    paid: list[bool]

    @property
    def passes(self) -> float:
        """Passes of the target in training, for each training image; at most the budget."""
        return sum(cost.passes * cost.batches * length / cost.images for cost, length, paid in self._parts() if paid)

    @property
    def others(self) -> float:
        """Likewise, of all other networks: peers, and the teachers that the row trains or asks."""
        return sum(
            (cost.others + (0 if paid else cost.passes)) * cost.batches * length / cost.images
            for cost, length, paid in self._parts()
        )

    @property
    def seconds(self) -> float:
        """How long the steps of a seed will take on this machine."""
        return sum(cost.seconds * cost.steps * length for cost, length, _ in self._parts())

    def _parts(self) -> Iterator[tuple[Cost, int, bool]]:
        return zip(self.costs, self.lengths, self.paid, strict=True)


def make_plans(
    rows: Mapping[str, Row], folder: Path | None = None, say: Callable[[str], None] = lambda line: None
) -> dict[str, Plan]:
    """Plans the rows: a step of each of their runs is counted, and some are timed.

    Args:
        rows: From :func:`ktg_mm.benchmark.read_rows`.
        folder: Of the benchmark, in which plans are kept. Defaults to None: nothing is read or written.
        say: Shows a line for each that is measured.

    Raises:
        UserError: If the folder is of another benchmark, or the budget is too small for a row; one line.
    """
    plans = {}
    with sharing_data():
        for name, row in rows.items():
            if folder is None:
                plans[name] = _measured(row)
                continue
            _make(folder / name)
            with FileLock(folder / name / '.plan.lock'):
                plans[name] = _kept(row, folder) or _measured(row)
                if not (path := folder / name / PLAN).exists():
                    say(f'{name}: measured')
                    write_json(path, _as_json(plans[name]))
    return plans


def row_recipe(row: Row) -> str:
    """What tells a row's runs from those of another config or budget.

    Args:
        row: The row.
    """
    return fingerprint([run_recipe(Config(row.config)), row.epochs, list(row.taught_by)])


def _measured(row: Row) -> Plan:
    runs = run_configs(row.config)
    costs = [measure(run, _STEPS) for run in runs]
    paid = [is_paid_for(run, runs[-1]) for run in runs]
    found = lengths(runs, costs, row.epochs, row.name)
    return Plan(row, with_lengths(row.config, found), row_recipe(row), found, costs, paid)


def _kept(row: Row, folder: Path) -> Plan | None:
    """The plan that is in the folder; None if there is none, or it is damaged."""
    path = folder / row.name / PLAN
    try:
        kept = json.loads(path.read_text(encoding='utf-8'))
        recipe, found = kept['recipe'], kept['lengths']
        costs, paid = [Cost(**cost) for cost in kept['costs']], kept['paid']
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f'{path}: cannot be read: {error.strerror}') from error
    except (ValueError, KeyError, TypeError):
        path.unlink()
        return None
    if recipe != row_recipe(row):
        raise UserError(
            f'--work-dir {folder}: its {row.name} is of another benchmark, with other data, epochs or configs; give '
            'another folder'
        )
    return Plan(row, with_lengths(row.config, found), recipe, found, costs, paid)


def _as_json(plan: Plan) -> dict[str, Any]:
    return dict(
        group=plan.row.group,
        taught_by=list(plan.row.taught_by),
        epochs=plan.row.epochs,
        recipe=plan.recipe,
        lengths=plan.lengths,
        paid=plan.paid,
        passes=plan.passes,
        others=plan.others,
        costs=[asdict(cost) for cost in plan.costs],
    )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f'--work-dir {folder}: cannot be made: {error.strerror}') from error
