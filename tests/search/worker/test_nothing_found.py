import optuna
import pytest
from optuna.trial import TrialState

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.search.study.retries import END, FAILED
from ktg_mm.search.worker.nothing_found import has_succeeded, refuse_nothing


def study(*states, end=f'{FAILED}: the loss is nan'):
    made = optuna.create_study()
    for state in states:
        value = 0.5 if state is TrialState.COMPLETE else None
        made.add_trial(optuna.trial.create_trial(state=state, value=value, user_attrs={END: end}))
    return made


@pytest.mark.parametrize('good', [TrialState.COMPLETE, TrialState.PRUNED])
def test_one_good_trial_is_enough(good):
    found = study(TrialState.FAIL, good, TrialState.FAIL)
    assert has_succeeded(found)
    refuse_nothing(found)


def test_all_failed():
    found = study(TrialState.FAIL, TrialState.FAIL)
    assert not has_succeeded(found)
    with pytest.raises(UserError, match=r'has found nothing, all 2 trials failed, the last one: the loss is nan$'):
        refuse_nothing(found)


def test_nothing_was_drawn():
    with pytest.raises(ConfigError, match=r'^search\.space: no graph could be drawn'):
        refuse_nothing(study())
