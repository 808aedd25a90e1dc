import math

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import RKD
from ktg_mm.structures import NodeOutput


def output(embedding):
    embedding = torch.as_tensor(embedding)
    return NodeOutput(torch.zeros(len(embedding), 2), features=dict(embedding=embedding))


def smooth_l1(difference):
    return difference**2 / 2 if abs(difference) < 1 else abs(difference) - 0.5


def distances(vectors):
    """Over the mean of those of different samples."""
    size = len(vectors)
    d = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(size):
            if i != j:
                d[i][j] = math.sqrt(max(((vectors[i] - vectors[j]) ** 2).sum(), 1e-12))
    positive = [value for row in d for value in row if value > 0]
    mean = sum(positive) / len(positive) if positive else 1.0
    return [[value / mean for value in row] for row in d]


def angles(vectors):
    size = len(vectors)
    unit = {}
    for i in range(size):
        for j in range(size):
            difference = vectors[j] - vectors[i]
            unit[i, j] = difference / max(math.sqrt((difference**2).sum()), 1e-12)
    return [[[float(unit[i, j] @ unit[i, k]) for k in range(size)] for j in range(size)] for i in range(size)]


def shares(target, source, relation):
    own, others = (np.array(relation(vectors)) for vectors in (target, source))
    values = np.array([smooth_l1(difference) for difference in (own - others).ravel()])
    return values.reshape(len(target), -1).mean(axis=1)


@pytest.mark.parametrize('size', [1, 2, 3, 6])
@pytest.mark.parametrize(('arguments', 'weights'), [({}, (25, 50)), (dict(distance_weight=1, angle_weight=2), (1, 2))])
def test_formula(size, arguments, weights, random):
    target, source = random.normal(size=(size, 4)), 3 * random.normal(size=(size, 7))
    expected = weights[0] * shares(target, source, distances) + weights[1] * shares(target, source, angles)
    values = RKD(**arguments)(output(target), output(source), None)
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('alone', ['distance_weight', 'angle_weight'])
def test_one_of_the_two(alone, random):
    target, source = random.normal(size=(5, 4)), random.normal(size=(5, 4))
    values = RKD(**{'distance_weight': 0, 'angle_weight': 0, alone: 1})(output(target), output(source), None)
    relation = distances if alone == 'distance_weight' else angles
    np.testing.assert_allclose(values.numpy(), shares(target, source, relation), rtol=1e-9)


def test_zeros_count():
    """The B pairs of a sample with itself are in the mean: a pair's difference of 1/2 a row gives half of it."""
    target, source = [[0.0], [1.0], [3.0]], [[0.0], [2.0], [3.0]]
    own, others = (np.array(distances(np.array(vectors))) for vectors in (target, source))
    expected = np.abs(own - others).sum() > 0 and sum(smooth_l1(d) for d in (own - others).ravel()) / 9
    values = RKD(distance_weight=1, angle_weight=0)(
        output(torch.tensor(target).double()), output(torch.tensor(source).double()), None
    )
    assert float(values.mean()) == pytest.approx(expected, rel=1e-12)
    off_diagonal = sum(smooth_l1(d) for d in (own - others)[~np.eye(3, dtype=bool)]) / 6
    assert float(values.mean()) == pytest.approx(off_diagonal * 6 / 9, rel=1e-12)


def test_the_targets_mean_distance_is_differentiated(random):
    """So a larger target of the same shape is as good: no gradient along its scale."""
    target = torch.tensor(random.normal(size=(5, 4)), requires_grad=True)
    RKD()(output(target), output(random.normal(size=(5, 4))), None).mean().backward()
    assert abs(float((target.grad * target.detach()).sum())) < 1e-12 < float(target.grad.abs().sum())


@pytest.mark.parametrize('apart', [0.0, 1e-9, 1e-5])
def test_samples_that_coincide_have_a_tame_gradient(apart, random):
    embedding = random.normal(size=(5, 4))
    embedding[1] = embedding[0] + apart
    target = torch.tensor(embedding, requires_grad=True)
    RKD()(output(target), output(random.normal(size=(5, 7))), None).mean().backward()
    assert float(target.grad.abs().max()) < 1e7


def test_a_collapsed_target_stays_finite(random):
    target = torch.ones(5, 4, dtype=torch.float64, requires_grad=True)
    values = RKD()(output(target), output(random.normal(size=(5, 7))), None)
    values.mean().backward()
    assert values.isfinite().all() and not target.grad.any()
