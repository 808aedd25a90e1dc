"""Plans: measured once, kept in the folder, of this benchmark alone."""

import json
import re
from pathlib import Path

import pytest

from ktg_mm.benchmark import plan as module
from ktg_mm.benchmark.budget import Cost
from ktg_mm.benchmark.plan import make_plans
from ktg_mm.benchmark.rows import read_rows
from ktg_mm.errors import ConfigError, UserError


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No step is made: 64 images a step, all that the target and one other network see; the targets."""
    targets: list[str] = []

    def measure(run, steps):
        targets.append(run['model']['target'])
        return Cost(images=640, steps=11, batches=10, passes=64, others=64, seconds=0.5)

    monkeypatch.setattr(module, 'measure', measure)
    return targets


def test_costs(measured):
    plans = make_plans(read_rows('digits', ['kd', 'ban', 'ta'], epochs=8)[0])
    assert list(plans) == ['teacher', 'kd', 'ta', 'ban']
    assert {name: plan.passes for name, plan in plans.items()} == dict.fromkeys(plans, 8)  # equal budgets
    assert plans['ban'].lengths == [2, 2, 2, 2] and plans['ban'].others == 8
    assert plans['ta'].lengths == [8, 8, 8] and plans['ta'].others == 8 * (1 + 1 + 1 + 1 + 1)
    assert plans['kd'].seconds == 8 * 11 * 0.5 and plans['ta'].seconds == 3 * plans['kd'].seconds
    assert plans['ban'].config['stages'][0]['train_cfg']['max_epochs'] == 2


def test_kept(tmp_path: Path, measured):
    rows, said = read_rows('digits', ['kd'], epochs=8)[0], []
    plans = make_plans(rows, tmp_path, said.append)
    assert said == ['teacher: measured', 'kd: measured']
    assert make_plans(rows, tmp_path, said.append) == plans and len(measured) == len(said) == 2
    (tmp_path / 'kd/plan.json').write_text('{"lengths"')  # cut off
    assert make_plans(rows, tmp_path) == plans and len(measured) == 3
    assert json.loads((tmp_path / 'kd/plan.json').read_text())['passes'] == 8


@pytest.mark.parametrize(
    'other', [dict(epochs=4), dict(data='cifar100'), dict(options={'optim_wrapper.optimizer.lr': 0.2})], ids=str
)
def test_folder_of_another_benchmark(tmp_path: Path, measured, other):
    asked = dict(data='digits', names=['kd'], epochs=8)
    make_plans(read_rows(**asked)[0], tmp_path)
    message = re.escape(f'--work-dir {tmp_path}: its teacher is of another benchmark, with other data, epochs or')
    with pytest.raises(UserError, match=f'^{message}'):
        make_plans(read_rows(**{**asked, **other})[0], tmp_path)
    # Where the data lie, and how many processes load them, is none of its business.
    make_plans(read_rows(**asked, options={'train_dataloader.num_workers': 1})[0], tmp_path)


def test_a_budget_too_small(tmp_path: Path, measured):
    with pytest.raises(ConfigError, match=r'^--epochs: 3 is not enough for ban, which has 4 stages to pay for$'):
        make_plans(read_rows('digits', ['ban'], epochs=3)[0], tmp_path)
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='cannot be made: '):
        make_plans(read_rows('digits', ['independent'])[0], tmp_path / 'file')
