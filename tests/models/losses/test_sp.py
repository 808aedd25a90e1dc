import math

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import SP
from ktg_mm.structures import NodeOutput


def output(map_, layer='map'):
    return NodeOutput(torch.zeros(len(map_), 2), features={layer: torch.as_tensor(map_)})


def rows(maps):
    """Each row of the Gram matrix over its length."""
    flat = [list(map_.ravel()) for map_ in maps]
    gram = [[sum(x * y for x, y in zip(a, b, strict=True)) for b in flat] for a in flat]
    return [[value / math.sqrt(sum(v * v for v in row)) for value in row] for row in gram]


@pytest.mark.parametrize('size', [1, 2, 5])
def test_formula(size, random):
    target, source = random.normal(size=(size, 2, 4, 4)), random.normal(size=(size, 3, 2, 3))
    own, others = rows(target), rows(source)
    expected = [sum((p - q) ** 2 for p, q in zip(*pair, strict=True)) / size for pair in zip(own, others, strict=True)]
    values = SP()(output(target), output(source), None)
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-9, atol=1e-15)
    assert float(values.mean()) == pytest.approx(sum(expected) * size / size**2, rel=1e-9, abs=1e-15)


def test_layers_are_added_up(random):
    maps = [torch.tensor(random.normal(size=(4, 2, 3, 3))) for _ in range(4)]
    target, source = (NodeOutput(torch.zeros(4, 2), features=dict(a=a, b=b)) for a, b in (maps[:2], maps[2:]))
    one, two = (SP(layer)(target, source, None) for layer in 'ab')
    torch.testing.assert_close(SP(['a', 'b'])(target, source, None), one + two)
    assert not torch.allclose(one, two)


def test_the_gram_matrix_is_of_full_precision(random):
    """In half precision it would overflow."""
    maps = [torch.tensor(random.normal(size=(4, 8, 4, 4)) + 30).half() for _ in range(2)]
    values = SP()(output(maps[0]), output(maps[1]), None)
    assert values.dtype == torch.float32 and values.isfinite().all()
    torch.testing.assert_close(values.double(), SP()(output(maps[0].double()), output(maps[1].double()), None))
