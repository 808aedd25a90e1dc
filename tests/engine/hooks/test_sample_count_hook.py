from types import SimpleNamespace

import pytest
from torch import nn

from ktg_mm.engine.hooks import SampleCountHook
from ktg_mm.errors import ConfigError
from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import FlexMatchGate, ThresholdGate
from ktg_mm.models.losses import KLDivergence


def runner(num_samples, **dataset):
    gates = {'a->a': FlexMatchGate(num_samples), 'b->b': ThresholdGate()}
    model = nn.Module()
    model.edges = {key: TransferEdge(key, [KLDivergence()], gate) for key, gate in gates.items()}
    return SimpleNamespace(model=model, train_dataloader=SimpleNamespace(dataset=SimpleNamespace(**dataset)))


def test_the_same_number():
    SampleCountHook().before_train(runner(7, num_unlabeled=7))


def test_a_data_set_that_does_not_say():
    SampleCountHook().before_train(runner(7))


@pytest.mark.parametrize('number', [6, 8])
def test_another_number(number):
    with pytest.raises(ConfigError) as caught:
        SampleCountHook().before_train(runner(7, num_unlabeled=number))
    assert str(caught.value) == (
        f"model.edges['a->a'].gate.num_samples: is 7, but train_dataloader.dataset has {number} unlabelled images; "
        'must be the same'
    )
