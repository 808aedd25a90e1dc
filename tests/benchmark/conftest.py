"""A benchmark of a few digits."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ktg_mm.benchmark import run
from ktg_mm.benchmark.budget import Cost
from ktg_mm.benchmark.plan import Plan, row_recipe
from ktg_mm.benchmark.rows import Row


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing is trained: a run comes to what its seed and its config's temperature say; the folders of the runs."""
    folders: list[str] = []

    def train(cfg, name, seed, run_dir, metric, recipe):
        run_dir.mkdir(parents=True, exist_ok=True)
        note = run_dir / 'run.json'
        if note.exists():
            return 'finished before'
        folders.append('/'.join(run_dir.parts[-3 if run_dir.parts[-2].startswith('choice_') else -2 :]))
        edge = cfg.model.edges.get('net2->net1')
        score = 80.0 + seed + (edge.loss.get('temperature', 0.0) if edge else 0.0)
        metrics = {f'{cfg.model.target}/{metric}': score}
        known = dict(method=name, seed=seed, target=cfg.model.target, networks=[], recipe=recipe, seconds=60.0)
        note.write_text(json.dumps(dict(known, metrics=metrics)))
        return f'{score:.2f}'

    monkeypatch.setattr(run, 'train_seed', train)
    return folders


@pytest.fixture
def plans() -> Callable[..., dict[str, Plan]]:
    """Plans of rows, as if each step had been measured, written into a folder."""

    def make(rows: dict[str, Row], folder: Path) -> dict[str, Plan]:
        from ktg_mm.benchmark.plan import _as_json

        made = {}
        for name, row in rows.items():
            cost = Cost(images=64, steps=1, batches=1, passes=64, others=0, seconds=0.1)
            made[name] = Plan(row, row.config, row_recipe(row), [row.epochs], [cost], [True])
            (folder / name).mkdir(parents=True)
            (folder / name / 'plan.json').write_text(json.dumps(_as_json(made[name])))
        return made

    return make
