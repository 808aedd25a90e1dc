import math

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import SRD
from ktg_mm.structures import NodeOutput


def make(target, source, **arguments):
    torch.manual_seed(0)
    loss = SRD(**arguments)
    loss.set_shapes([torch.Size(target)], [torch.Size(source)])
    return loss.double()


def output(logits, feature, layer='map'):
    return NodeOutput(torch.as_tensor(logits), features={layer: torch.as_tensor(feature)})


def standardized(vectors):
    out = np.zeros_like(vectors)
    for d in range(vectors.shape[1]):
        column = vectors[:, d]
        mean = sum(column) / len(column)
        variance = sum((value - mean) ** 2 for value in column) / len(column)
        out[:, d] = (column - mean) / math.sqrt(variance + 1e-4)
    return out


def expected(loss, target, source, target_logits, source_logits, softmax, exponent=4.0):
    """The value of each sample, of vectors."""
    weight, bias = (p.detach().numpy() for p in loss.projectors[0].parameters())
    own, others = standardized(target @ weight.T + bias), standardized(source)
    total = sum(abs(a - b) ** exponent for a, b in zip(own.ravel(), others.ravel(), strict=True))
    values = []
    for t, s in zip(target_logits, source_logits, strict=True):
        p_target, p_source = softmax(list(t)), softmax(list(s))
        divergence = sum(q * math.log(q / p) for p, q in zip(p_target, p_source, strict=True))
        values.append(2 * math.log(total + 1e-12) + divergence)
    return values


@pytest.mark.parametrize(('arguments', 'exponent'), [({}, 4.0), (dict(exponent=1.5), 1.5), (dict(exponent=1), 1)])
@pytest.mark.parametrize('kind', ['map', 'embedding'])
def test_formula(kind, arguments, exponent, random, formulas):
    logits = random.normal(size=(2, 6, 5))
    shapes = [(4, 2, 3), (7, 3, 3)] if kind == 'map' else [(4,), (7,)]
    features = [random.normal(size=(6, *shape)) for shape in shapes]
    loss = make(*shapes, layers=kind, **arguments)
    vectors = [feature.mean((2, 3)) if kind == 'map' else feature for feature in features]
    values = loss(output(logits[0], features[0], kind), output(logits[1], features[1], kind), None)
    np.testing.assert_allclose(
        values.detach().numpy(), expected(loss, *vectors, *logits, formulas.softmax, exponent), rtol=1e-10
    )


def test_the_batchs_statistics_in_eval_mode_too(random):
    loss = make((4,), (7,), layers='embedding')
    ends = [output(np.zeros((6, 2)), random.normal(size=(6, d)), 'embedding') for d in (4, 7)]
    torch.testing.assert_close(loss.eval()(*ends, None), loss.train()(*ends, None), rtol=0, atol=0)
    assert not list(loss.buffers())


def test_one_sample_has_a_value_and_no_gradient_of_its_features():
    loss = make((4,), (7,), layers='embedding')
    target = torch.rand(1, 4, dtype=torch.float64, requires_grad=True)
    logits = torch.zeros(1, 2, dtype=torch.float64)
    value = loss(output(logits, target, 'embedding'), output(logits, torch.rand(1, 7).double(), 'embedding'), None)
    value.sum().backward()
    assert float(value.detach()) == pytest.approx(2 * math.log(1e-12)) and not target.grad.any()


def test_layers_have_projectors_of_their_own():
    loss = SRD(['map', 'embedding'])
    loss.set_shapes([torch.Size([4, 2, 2]), torch.Size([5])], [torch.Size([7, 2, 2]), torch.Size([6])])
    assert [(p.in_features, p.out_features, p.bias is not None) for p in loss.projectors] == [
        (4, 7, True),
        (5, 6, True),
    ]
    features = dict(map=torch.rand(3, 4, 2, 2), embedding=torch.rand(3, 5))
    others = dict(map=torch.rand(3, 7, 2, 2), embedding=torch.rand(3, 6))
    target, source = NodeOutput(torch.zeros(3, 2), features=features), NodeOutput(torch.zeros(3, 2), features=others)
    total = torch.zeros(3)
    for layer, projector in zip(('map', 'embedding'), loss.projectors, strict=True):
        one = SRD(layer)
        one.projectors.append(projector)
        total = total + one(target, source, None)
    torch.testing.assert_close(loss(target, source, None), total)
