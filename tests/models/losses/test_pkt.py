import math

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import PKT
from ktg_mm.structures import NodeOutput


def output(embedding):
    embedding = torch.as_tensor(embedding)
    return NodeOutput(torch.zeros(len(embedding), 2), features=dict(embedding=embedding))


def probabilities(vectors):
    """Row by row, from cosines of vectors whose length has 1e-7 added."""
    unit = [[v / (math.sqrt(sum(w * w for w in row)) + 1e-7) for v in row] for row in vectors]
    rows = []
    for a in unit:
        alike = [(sum(x * y for x, y in zip(a, b, strict=True)) + 1) / 2 for b in unit]
        rows.append([value / sum(alike) for value in alike])
    return rows


@pytest.mark.parametrize('size', [1, 2, 5])
def test_formula(size, random):
    target, source = random.normal(size=(size, 4)), random.normal(size=(size, 7))
    own, others = probabilities(target), probabilities(source)
    total = 0.0
    for i in range(size):
        for j in range(size):  # the diagonal, too
            total += others[i][j] * math.log((others[i][j] + 1e-7) / (own[i][j] + 1e-7))
    values = PKT()(output(target), output(source), None)
    assert values.shape == (size,) and float(values.mean()) == pytest.approx(total / size**2, rel=1e-9, abs=1e-15)


def test_a_value_is_the_rows_share(random):
    target, source = random.normal(size=(4, 3)), random.normal(size=(4, 3))
    own, others = probabilities(target), probabilities(source)
    expected = [
        sum(q * math.log((q + 1e-7) / (p + 1e-7)) for p, q in zip(own[i], others[i], strict=True)) / 4 for i in range(4)
    ]
    np.testing.assert_allclose(PKT()(output(target), output(source), None).numpy(), expected, rtol=1e-9)


def test_the_usual_weight_is_for_a_batch_of_64(random):
    """Each row's divergence is divided by B once more: twice the samples, half the value."""
    target, source = random.normal(size=(8, 3)), random.normal(size=(8, 3))
    one = PKT()(output(target), output(source), None).mean()
    two = PKT()(output(np.concatenate([target] * 2)), output(np.concatenate([source] * 2)), None).mean()
    assert float(two) == pytest.approx(float(one) / 2, rel=1e-4)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_opposite_embeddings_do_not_round_below_zero(dtype):
    generator = torch.Generator().manual_seed(0)
    half = torch.randn(32, 300, generator=generator)
    embedding = torch.cat([half, -half]).to(dtype).requires_grad_()
    source = torch.cat([half, half]).to(dtype)
    values = PKT()(output(embedding), output(source), None)
    values.sum().backward()
    assert values.dtype == torch.float32 and values.isfinite().all() and embedding.grad.isfinite().all()
    assert float(PKT()(output(embedding), output(embedding), None).detach().abs().max()) < 1e-7
    assert float(values.detach().mean()) > 0


def test_a_map_is_averaged(random):
    map_ = torch.tensor(random.normal(size=(4, 3, 2, 2)))
    source = output(random.normal(size=(4, 5)))
    values = PKT(dict(target='map', source='embedding'))(
        NodeOutput(torch.zeros(4, 2), features=dict(map=map_)), source, None
    )
    torch.testing.assert_close(values, PKT()(output(map_.mean((2, 3))), source, None))
