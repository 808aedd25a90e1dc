import pytest

from ktg_mm.apis.checks.entries import check_entries
from ktg_mm.errors import ConfigError


def function(lr: float, betas: tuple[float, float] = (0.9, 0.99)) -> None:
    """Takes a number, and may take two more."""


@pytest.mark.parametrize(
    ('cfg', 'options', 'message'),
    [
        ([1], dict(known=['a']), 'x.optimizer: must be a dict, got [1]'),
        (dict(b=1), dict(known=['a']), "x.optimizer: unknown entry 'b'; known: a"),
        (dict(a=1), dict(known=['a', 'b'], needed=['b']), 'x.optimizer.b: is missing'),
        (dict(lr='1'), dict(function=function), "x.optimizer.lr: must be a number, at least 0, got '1'"),
        (dict(lr=-1), dict(function=function), 'x.optimizer.lr: must be a number, at least 0, got -1'),
        (dict(lr=1, beta=2), dict(function=function), "x.optimizer: unknown entry 'beta'; did you mean 'betas'?"),
        (dict(betas=[0.5]), dict(function=function), 'x.optimizer.betas: must be a list of 2 numbers, got [0.5]'),
    ],
)
def test_mistakes(cfg, options, message):
    with pytest.raises(ConfigError) as caught:
        check_entries(cfg, 'x.optimizer', **options)
    assert str(caught.value) == message


def test_what_is_right():
    check_entries(dict(lr=1, betas=[0.5, 0.5]), 'optimizer', function=function, needed=['lr'])
    check_entries({}, 'optimizer', known=['a'])
