import math

import pytest

from ktg_mm.config.check_number import check_number


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
        (math.inf, '(0, inf)', 'above 0'),
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
