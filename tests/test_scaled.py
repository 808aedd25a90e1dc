import pytest
import torch

from ktg_mm.scaled import divided, multiplied


@pytest.mark.parametrize('number', [1, 1.0, 2.0, 0.1, torch.tensor(1.0), torch.tensor(3.0)])
def test_bits_are_those_of_the_operators(number):
    value = torch.rand(100, generator=torch.Generator().manual_seed(0)) - 0.5
    assert torch.equal(multiplied(value, number), value * number)
    assert torch.equal(divided(value, number), value / number)


def test_nothing_is_computed_with_one():
    value = torch.rand(2)
    assert multiplied(value, 1.0) is value and divided(value, 1) is value
    assert multiplied(value, torch.ones(())) is not value  # a number that may change
