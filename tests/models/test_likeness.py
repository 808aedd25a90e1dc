"""Which modules may run with the weights of another."""

import copy

import pytest
import torch
from torch import nn

from ktg_mm.models.likeness import likeness, mode
from ktg_mm.models.losses import KLDivergence


class Scaled(nn.Module):
    def __init__(self, factor=1.0, how=None, table=()):
        super().__init__()
        self._factor, self.how, self.table = factor, how, dict(table)


LIKE = [
    (nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3)),
    (Scaled(2.0), Scaled(2.0)),
    (Scaled(how=torch.relu), Scaled(how=torch.relu)),
    (Scaled(table={'b': [1], 'a': 2}), Scaled(table={'a': 2, 'b': [1]})),
    (nn.Linear(1, 1), nn.Linear(1, 1).eval()),
]
UNLIKE = [
    (nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3, stride=2)),
    (nn.Conv2d(1, 2, 3), nn.Conv2d(1, 3, 3)),
    (nn.Linear(1, 1), nn.Linear(1, 1).double()),
    (nn.BatchNorm2d(2), nn.BatchNorm2d(2, momentum=0.2)),
    (nn.ReLU(), nn.SiLU()),
    (nn.Sequential(nn.ReLU(), nn.Flatten()), nn.Sequential(nn.Flatten(), nn.ReLU())),
    (Scaled(2.0), Scaled(3.0)),  # which its name does not show
    (Scaled(how=torch.relu), Scaled(how=torch.tanh)),
    (Scaled(table={'a': 2}), Scaled(table={'a': 3})),
    (Scaled(how={1}), Scaled(how={2})),
]


@pytest.mark.parametrize('pair', LIKE)
def test_like(pair) -> None:
    assert likeness(pair[0]) == likeness(pair[1])
    assert hash(likeness(pair[0])) == hash(likeness(pair[1]))
    nested = nn.Sequential(pair[0]), nn.Sequential(pair[1])
    assert likeness(nested[0]) == likeness(nested[1])


@pytest.mark.parametrize('pair', UNLIKE)
def test_unlike(pair) -> None:
    assert likeness(pair[0]) != likeness(pair[1])
    assert likeness(nn.Sequential(pair[0])) != likeness(nn.Sequential(pair[1]))


def test_a_copy_is_like() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), Scaled(2.0, torch.relu, dict(a=1)))
    assert likeness(network) == likeness(copy.deepcopy(network))


def test_without() -> None:
    one, other = KLDivergence(2.0), KLDivergence(3.0)
    assert likeness(one) != likeness(other)
    assert likeness(one, without=one.numbers) == likeness(other, without=other.numbers)
    nested = (nn.Sequential(nn.Dropout(p)) for p in (0.1, 0.2))
    assert len({likeness(one, without=['p']) for one in nested}) == 2  # of the module itself alone


def test_mode() -> None:
    network = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    others = [copy.deepcopy(network) for _ in range(3)]
    others[1][1].eval()
    others[2][0].bias.requires_grad_(False)
    assert [mode(network) == mode(other) for other in others] == [True, False, False]
