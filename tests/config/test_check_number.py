import math

import numpy as np
import pytest

from ktg_mm.config.check_number import check_number, is_inside


@pytest.mark.parametrize(
    ('value', 'interval'),
    [(0, '[0, 1]'), (1, '[0, 1]'), (0.5, '(0, 1)'), (1e-9, '(0, 1)'), (0, '[0, 1)'), (1, '(0, 1]'), (1e9, '[1, inf)')],
)
def test_a_number_inside_is_given_back(value, interval):
    assert check_number('length', value, interval) is value


@pytest.mark.parametrize(
    ('value', 'interval', 'needed'),
    [
        (-0.1, '[0, 1]', 'in [0, 1]'),
        (1.1, '[0, 1]', 'in [0, 1]'),
        (1, '[0, 1)', 'in [0, 1)'),
        (0, '(0, 1]', 'in (0, 1]'),
        (0, '(0, inf)', 'above 0'),
        (0.5, '[1, inf)', 'at least 1'),
        (math.inf, '(0, inf)', 'finite and above 0'),
        (math.nan, '[0, 1]', 'in [0, 1]'),
        (True, '[0, 1]', 'in [0, 1]'),
        ('1', '[0, 1]', 'in [0, 1]'),
        (None, '(0, inf)', 'above 0'),
    ],
)
def test_anything_else_is_refused(value, interval, needed):
    with pytest.raises(ValueError) as caught:
        check_number('length', value, interval)
    assert str(caught.value) == f'length must be {needed}, got {value!r}'


@pytest.mark.parametrize(
    ('value', 'interval', 'whole', 'inside'),
    [
        (1, '[1, inf)', True, True),
        (np.int64(1), '[1, inf)', True, True),
        (np.float32(0.5), '(0, 1)', False, True),
        (1.0, '[1, inf)', True, False),
        (0, '(0, 1)', False, False),
        (True, '[0, 1]', True, False),
        (np.complex64(1), '[0, 1]', False, False),
        (math.nan, '(-inf, inf)', False, False),
        ('1', '[0, 1]', False, False),
    ],
)
def test_whole_numbers_and_those_of_numpy(value, interval, whole, inside):
    assert is_inside(value, interval, whole) is inside
