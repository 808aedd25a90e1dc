from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Optional

import numpy as np
import pytest
import torch
from torch import nn

from ktg_mm.config.value_check import check_values, fits
from ktg_mm.errors import ConfigError


@pytest.mark.parametrize(
    ('value', 'hint'),
    [
        (3, int), (3, float), (0.5, float), (np.float32(1), float), (True, bool), ('a', str), (None, int | None),
        ([1, 2], tuple[int, int]), ((1, 2), list[int]), ((1,), Sequence[int]), ([], list), (dict(a=1), dict),
        (dict(a=None), dict[str, dict]), (dict(type='A'), nn.Module), ('cpu', torch.device), ('a.pth', Path),
        ([1.0], np.ndarray), ('left', Literal['left', 'right']), (3, Any), ('x', object), (max, Callable),
        (0.1, float | torch.Tensor), ([('a', 1)], list[tuple[str, int]]), (3, Optional['int']),
    ],
)  # fmt: skip
def test_what_fits(value, hint):
    assert fits(value, hint)


@pytest.mark.parametrize(
    ('value', 'hint'),
    [
        (True, int), (True, float), (1, bool), ('3', int), (2.0, int), ('high', float | torch.Tensor), (3, str),
        (None, int), ('net1', Sequence[str]), ([1, 'a'], list[int]), ([1], tuple[int, int]), ([1], dict),
        (dict(a=1), list), (dict(a=3), Mapping[str, dict]), ('x', nn.Module), (5, Path), ('up', Literal['left']),
        ('name', Callable),
    ],
)  # fmt: skip
def test_what_does_not_fit(value, hint):
    assert not fits(value, hint)


def test_loose_annotations():
    for value, hint in ((2.5, int), (None, dict), ([dict(a=1)], dict), ([[1.0]], list[float]), ([True], bool)):
        assert fits(value, hint, strict=False) and not fits(value, hint)
    for value, hint in (('8', int), ('no', bool), (3, str), (5, dict)):
        assert not fits(value, hint, strict=False)


class Part:
    def __init__(
        self, size: int, on=True, rate=0.5, name='a', hooks: list[dict | nn.Module] | None = None, x: str | None = None
    ):
        pass


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        (dict(size='a'), "part.size: must be a whole number, got 'a'"),
        (dict(on=1), 'part.on: must be True or False, got 1'),
        (dict(rate='half'), "part.rate: must be a number or a list or None, got 'half'"),
        (dict(name=5), 'part.name: must be a text or None, got 5'),
        (dict(hooks=[dict(), 'x']), "part.hooks[1]: must be a dict, got 'x'"),
        (dict(hooks=3), 'part.hooks: must be a list or None, got 3'),
        (dict(x=3), 'part.x: must be a text or None, got 3'),
    ],
)
def test_messages(values, message):
    check_values(Part, dict(size=1, on=False, rate=2, name='b', hooks=[{}], x=None, other='unknown'), 'part')
    with pytest.raises(ConfigError) as caught:
        check_values(Part, values, 'part')
    assert str(caught.value) == message
