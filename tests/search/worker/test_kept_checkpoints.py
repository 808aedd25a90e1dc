"""Of a search's checkpoints the best graph's are kept, and those of trials under way."""

from pathlib import Path

import optuna
from mmengine.config import Config
from optuna.trial import FrozenTrial, TrialState, create_trial

from ktg_mm.apis import load_config
from ktg_mm.search.space.candidates import Candidates
from ktg_mm.search.study.retries import END, LOST, NOT_BEGUN
from ktg_mm.search.worker.kept_checkpoints import remove_needless

DIGITS = Path(__file__).parents[3] / 'configs/search/ktg_3node_digits.py'


def trial(state: TrialState, value: float | None = None, end: str = 'complete') -> FrozenTrial:
    return create_trial(state=state, value=value, user_attrs={END: end})


def left(folder: Path) -> list[int]:
    return sorted(int(path.parent.name) for path in folder.glob('*/*.pth'))


def test_what_goes(tmp_path: Path) -> None:
    cfg: Config = load_config(DIGITS)
    (metric,) = Candidates(cfg).metrics
    study = optuna.create_study(direction='maximize')
    study.add_trials(
        [
            trial(TrialState.COMPLETE, 50.0),
            trial(TrialState.COMPLETE, 90.0),
            trial(TrialState.PRUNED, 95.0, 'pruned at epoch 1'),
            trial(TrialState.FAIL, end=LOST),
            trial(TrialState.FAIL, end='failed: the loss is not finite'),
            trial(TrialState.RUNNING, end=LOST),
            trial(TrialState.FAIL, end=f'{NOT_BEGUN}: another trial goes on with the same one'),
        ]
    )
    for number in range(7):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / 'epoch_1.pth').touch()
    trials = study.get_trials()

    def folder(one: FrozenTrial) -> Path:
        return tmp_path / str(one.number)

    remove_needless(study, metric, folder, trials[2])
    assert left(tmp_path) == [0, 1, 3, 4, 5, 6]
    remove_needless(study, metric, folder, trials[1])  # the best
    assert left(tmp_path) == [1, 3, 5, 6]
    (tmp_path / '4' / 'epoch_2.pth').touch()  # of a worker that died
    remove_needless(study, metric, folder)
    assert left(tmp_path) == [1, 3, 5, 6]
