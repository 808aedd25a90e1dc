import math

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import CC
from ktg_mm.structures import NodeOutput


def output(embedding, layer='embedding'):
    embedding = torch.as_tensor(embedding)
    return NodeOutput(torch.zeros(len(embedding), 2), features={layer: embedding})


def make(target, source, **arguments):
    torch.manual_seed(0)
    loss = CC(**arguments)
    loss.set_shapes([torch.Size(target)], [torch.Size(source)])
    return loss.double()


def embedded(vectors, linear):
    weight, bias = (p.detach().numpy() for p in (linear.weight, linear.bias))
    return [
        [sum(w * x for w, x in zip(row, v, strict=True)) + b for row, b in zip(weight, bias, strict=True)]
        for v in vectors
    ]


@pytest.mark.parametrize('size', [1, 2, 5])
@pytest.mark.parametrize('arguments', [{}, dict(embed_dims=3)])
def test_repdistillers_form(size, arguments, random):
    target, source = random.normal(size=(size, 4)), random.normal(size=(size, 7))
    loss = make((4,), (7,), **arguments)
    assert loss.embeds[0]['target'].out_features == arguments.get('embed_dims', 128)
    own, others = embedded(target, loss.embeds[0]['target']), embedded(source, loss.embeds[0]['source'])
    delta = [[abs(a - b) for a, b in zip(*pair, strict=True)] for pair in zip(own, others, strict=True)]
    pairs = [sum(a * b for a, b in zip(delta[i], delta[i + 1], strict=True)) for i in range(size - 1)]
    values = loss(output(target), output(source), None).detach()
    assert float(values.mean()) == pytest.approx(sum(pairs) / max(size - 1, 1), rel=1e-9)
    scale = size / (size - 1) / 2 if size > 1 else 0
    for i, value in enumerate(values):
        shares = sum(pairs[j] for j in (i - 1, i) if 0 <= j < size - 1)
        assert float(value) == pytest.approx(scale * shares, rel=1e-9)


@pytest.mark.parametrize('size', [1, 2, 5])
@pytest.mark.parametrize(
    ('arguments', 'gamma', 'order'), [({}, 0.4, 2), (dict(gamma=1.5, order=4), 1.5, 4), (dict(order=1), 0.4, 1)]
)
def test_the_papers_form(size, arguments, gamma, order, random):
    target, source = random.normal(size=(size, 4)), random.normal(size=(size, 7))

    def correlations(vectors):
        unit = [[v / math.sqrt(sum(w * w for w in row)) for v in row] for row in vectors]
        out = []
        for a in unit:
            dots = [sum(x * y for x, y in zip(a, b, strict=True)) for b in unit]
            terms = [[(2 * gamma) ** p / math.factorial(p) * dot**p for p in range(order + 1)] for dot in dots]
            out.append([math.exp(-2 * gamma) * sum(term) for term in terms])
        return out

    own, others = correlations(target), correlations(source)
    expected = [sum((p - q) ** 2 for p, q in zip(*pair, strict=True)) / size for pair in zip(own, others, strict=True)]
    values = make((4,), (7,), kernel=True, **arguments)(output(target), output(source), None)
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-9, atol=1e-15)


def test_the_series_is_that_of_a_gaussian_kernel(random):
    vectors = torch.nn.functional.normalize(torch.tensor(random.normal(size=(5, 4))))
    distance = (vectors - vectors.unsqueeze(1)).square().sum(dim=2)
    torch.testing.assert_close(CC(kernel=True, gamma=0.7, order=30)._correlations(vectors), (-0.7 * distance).exp())


def test_what_learns():
    assert {name for name, _ in make((4,), (7,)).named_parameters()} == {
        f'embeds.0.{end}.{kind}' for end in ('target', 'source') for kind in ('weight', 'bias')
    }
    assert not list(make((4,), (7,), kernel=True).parameters())


def test_a_map_is_averaged(random):
    map_ = torch.tensor(random.normal(size=(4, 3, 2, 2)))
    source = output(random.normal(size=(4, 5)))
    loss = CC(dict(target='map', source='embedding'), kernel=True)
    expected = CC(kernel=True)(output(map_.mean((2, 3))), source, None)
    torch.testing.assert_close(loss(output(map_, 'map'), source, None), expected)
