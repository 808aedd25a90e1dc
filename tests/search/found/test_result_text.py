from types import SimpleNamespace

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from ktg_mm.search.found.result_text import result_text

MODEL = dict(
    nodes=dict(net1=dict(type='NetworkNode'), net2=dict(type='NetworkNode')),
    target='net1',
    edges={
        'label->net1': dict(loss=dict(type='CrossEntropy')),
        'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='CutoffGate')),
    },
)


@pytest.fixture
def told():
    """What is said of trials given as (state, values)."""

    def tell(*trials, metrics=('net1/accuracy/top1',), directions=('maximize',)):
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(directions=list(directions))
        for state, values in trials:
            study.add_trial(create_trial(state=state, values=values))
        named = [SimpleNamespace(name=name) for name in metrics]
        made = SimpleNamespace(config=dict(model=MODEL))
        return result_text(study, SimpleNamespace(metrics=named, make=lambda params: made, search={}))

    return tell


def test_one_metric(told):
    trials = [(TrialState.COMPLETE, [80.0 + number]) for number in range(7)]
    text = told(*trials, (TrialState.PRUNED, None), (TrialState.FAIL, None))
    assert text.splitlines() == [
        'best graph: trial 6, net1/accuracy/top1 86',
        '  label->net1: CE · Through',
        'graphs: 7 trained to the end, 1 pruned, 1 failed; the best: 86, 85, 84, 83, 82; one seed each, so '
        'partly luck, compare with python tools/retrain.py',
    ]


def test_less_is_better(told):
    text = told(*((TrialState.COMPLETE, [value]) for value in (3.0, 1.5, 2.0)), directions=('minimize',))
    assert 'trial 1, net1/accuracy/top1 1.5\n' in text and 'the best: 1.5, 2, 3;' in text


def test_several_metrics(told):
    trials = [(TrialState.COMPLETE, values) for values in ([90.0, 5.0], [80.0, 2.0], [70.0, 3.0])]
    text = told(*trials, metrics=('top1', 'flops'), directions=('maximize', 'minimize'))
    assert text.startswith('best graph: trial 0, top1 90, flops 5\n')
    assert text.endswith('0 failed; 2 on the Pareto front, of which this is the first')


def test_nothing_has_been_trained_to_its_end(told):
    assert told((TrialState.PRUNED, None)) == ''
