"""Trials that take turns on a GPU have streams and random numbers of their own, also where their steps are recorded."""

from pathlib import Path
from typing import Any

import pytest
import torch

from ktg_mm.apis import load_config
from ktg_mm.search import StudyAddress, run_search
from ktg_mm.search.worker.turn import Turn

DIGITS = Path(__file__).parents[2] / 'configs/search/ktg_3node_digits.py'
pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def there() -> None:
    if not torch.cuda.is_available():
        pytest.skip('has no GPU')


def test_each_draws_as_if_alone_on_a_stream_of_its_own() -> None:
    drawn: dict[int, list[float]] = {1: [], 2: []}
    streams = set()

    def begin(seed: int) -> Turn:
        def work() -> None:
            torch.manual_seed(seed)
            for _ in range(4):
                drawn[seed].append(float(torch.rand((), device='cuda')))
                streams.add(torch.cuda.current_stream().cuda_stream)
                turn.hand_on()

        turn = Turn(work, streams=True)
        return turn

    under_way = [begin(1), begin(2)]
    while under_way:
        under_way = [turn for turn in under_way if turn.go_on()]
    assert len(streams) == 2
    for seed, values in drawn.items():
        torch.manual_seed(seed)
        assert values == [float(torch.rand((), device='cuda')) for _ in range(4)]


@pytest.mark.parametrize(('options', 'tolerance'), [(dict(), 0.0), (dict(stack=True), 5.0)])
def test_a_search_ends_with_the_scores_of_one_at_a_time(options: Any, tolerance: float, tmp_path: Path) -> None:
    found = []
    for number in (1, 3):
        cfg = load_config(DIGITS, {'train_dataloader.dataset.indices': 320, 'train_cfg.max_epochs': 3})
        cfg.env_cfg = dict(cfg.get('env_cfg', {}), capture='auto')
        cfg.randomness = dict(cfg.randomness, deterministic=True)
        gates = dict(through=dict(type='ThroughGate'), linear=dict(type='LinearGate'))
        cfg.search.space = {'model.edges.*.gate': gates}
        for name, value in dict(hook=None, trials_per_worker=number, **(options if number > 1 else {})).items():
            cfg.search[name] = value
        study = run_search(cfg, StudyAddress.of(cfg, tmp_path / f'{number}'), trials=3).study
        found.append([trial.value for trial in study.get_trials()])
    assert found[1] == [pytest.approx(value, abs=tolerance) for value in found[0]]
