import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import SVD
from ktg_mm.models.losses.svd import right_vectors
from ktg_mm.structures import NodeOutput


def output(maps):
    features = {f'layer{i}': torch.as_tensor(map_) for i, map_ in enumerate(maps)}
    return NodeOutput(torch.zeros(len(maps[0]), 2), features=features)


def decomposed(map_, count, columns):
    """Leading right singular vectors, one a row and positive where they are largest, and the singular values."""
    matrix = map_.reshape(-1, map_.shape[2]) if columns == 'width' else map_.reshape(len(map_), -1).T
    _, values, vectors = np.linalg.svd(matrix)
    vectors = vectors[:count]
    return [v * np.sign(v[np.abs(v).argmax()]) for v in vectors], values[:count]


def expected(target, source, count, columns):
    """One sample's value, of its maps."""
    ends = []
    for own, others in zip(target, source, strict=True):
        theirs, values = decomposed(others, count, columns)
        candidates, _ = decomposed(own, count + 3, columns)
        scale = values / math.sqrt(sum(values**2))
        nearest = []
        for vector in theirs:
            cosines = [float(candidate @ vector) for candidate in candidates]
            best = max(range(len(cosines)), key=lambda j: abs(cosines[j]))
            nearest.append(candidates[best] * np.sign(cosines[best]))
        ends.append([[s * v for s, v in zip(scale, vectors, strict=True)] for vectors in (nearest, theirs)])
    total = 0.0
    for before, after in pairwise(ends):
        for n in range(len(before[0])):
            for a in range(len(after[0][n])):
                for b in range(len(before[0][n])):
                    own, others = (math.exp(-((after[e][n][a] - before[e][n][b]) ** 2) / 8) for e in (0, 1))
                    total += (own - others) ** 2
    return total


@pytest.mark.parametrize('count', [1, 2])
@pytest.mark.parametrize('columns', ['width', 'channels'])
@pytest.mark.parametrize('of', [np.asarray, np.abs])
def test_formula(count, columns, of, random):
    channels = ((4, 3), (6, 5), (3, 7)) if columns == 'width' else ((4, 4), (6, 6), (7, 7))
    sides = (8, 6, 5)
    target, source = (
        [of(random.normal(size=(3, pair[end], side, side))) for pair, side in zip(channels, sides, strict=True)]
        for end in (0, 1)
    )
    loss = SVD([f'layer{i}' for i in range(3)], num_vectors=count, columns=columns)
    loss.set_shapes(*([torch.Size(map_.shape[1:]) for map_ in end] for end in (target, source)))
    values = loss(output(target), output(source), None)
    for i in range(3):
        want = expected([map_[i] for map_ in target], [map_[i] for map_ in source], count, columns)
        assert float(values[i]) == pytest.approx(want, rel=1e-9)


def test_maps_of_different_size_are_pooled(random):
    target = [torch.tensor(random.normal(size=(3, 2, side, side))) for side in (8, 4)]
    source = [torch.tensor(random.normal(size=(3, 5, 4, 4))) for _ in range(2)]
    pooled = [torch.nn.functional.avg_pool2d(target[0], 2), target[1]]
    loss = SVD(['layer0', 'layer1'])
    torch.testing.assert_close(
        loss(output(target), output(source), None), loss(output(pooled), output(source), None), rtol=1e-12, atol=0
    )


def torchs(matrices, count):
    """Torch's own vectors, each with the sign that makes its largest entry positive."""
    vectors = torch.linalg.svd(matrices).Vh[:, :count].transpose(1, 2)
    largest = vectors.abs().argmax(dim=1, keepdim=True)
    return vectors * vectors.gather(1, largest).sign().detach()


def test_vectors_and_gradients_are_torchs(random):
    ours, theirs = (torch.tensor(random.normal(size=(5, 12, 7)), requires_grad=True) for _ in range(2))
    theirs.data.copy_(ours.data)
    weights = torch.tensor(random.normal(size=(5, 7, 4)))
    vectors, squares = right_vectors(ours, 4)
    torch.testing.assert_close(vectors, torchs(theirs, 4), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(squares, torch.linalg.svdvals(theirs)[:, :4].square().detach(), rtol=1e-9, atol=1e-9)
    (vectors * weights).sum().backward()
    (torchs(theirs, 4) * weights).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('gap', [0.0, 1e-12, 1e-6, 1e-3])
def test_close_singular_values_have_a_bounded_gradient(gap, random):
    """Of the second and the third of four; torch's own gradient is not, or not finite."""
    bases = [np.linalg.qr(random.normal(size=(6, 6)))[0] for _ in range(2)]
    singular = np.array([3.0, 2.0, 2.0 * (1 - gap), 1.0, 0.5, 0.2])
    matrix = torch.tensor((bases[0] * singular) @ bases[1].T)[None].requires_grad_()
    vectors, squares = right_vectors(matrix, 4)
    torch.testing.assert_close(squares[0], torch.tensor(singular[:4] ** 2), rtol=1e-4, atol=0)
    unit = vectors[0].T @ vectors[0]
    torch.testing.assert_close(unit, torch.eye(4, dtype=torch.float64), rtol=0, atol=1e-9)
    (vectors[0, :, 1:3] * torch.tensor(random.normal(size=(6, 2)))).sum().backward()
    assert matrix.grad.isfinite().all() and 1e-3 < float(matrix.grad.norm()) < 1e4


@pytest.mark.parametrize(
    'matrix', [torch.zeros(3, 5), torch.ones(3, 5), torch.full((3, 5), 1e-30), torch.full((3, 5), 1e30)]
)
def test_matrices_of_low_rank(matrix):
    matrix = matrix.double()[None].requires_grad_()
    vectors, squares = right_vectors(matrix, 3)
    vectors.square().mul(torch.rand(5, 3)).sum().backward()
    assert vectors.isfinite().all() and squares.isfinite().all() and matrix.grad.isfinite().all()
    if matrix.any():
        torch.testing.assert_close(vectors[0, :, 0].detach(), torch.full((5,), 0.2).double().sqrt())
        assert float((vectors[0, :, 0] @ vectors[0, :, 1:]).detach().abs().max()) < 1e-6


@pytest.mark.parametrize('shape', [(3, 2), (2, 3)])
def test_no_more_vectors_than_there_are(shape, random):
    vectors, squares = right_vectors(torch.tensor(random.normal(size=(1, *shape))), 4)
    assert vectors.shape == (1, shape[1], 2) and squares.shape == (1, 2)


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"^columns must be 'width' or 'channels', got 'height'"):
        SVD(columns='height')
    with pytest.raises(ValueError, match=r'^layers must be 2 at least'):
        SVD('map')
    shapes = [[torch.Size([c, 4, 4])] * 3 for c in (2, 3)]
    SVD().set_shapes(*shapes)
    with pytest.raises(ValueError, match=r"^'backbone.layer1' of the target has 2 channels"):
        SVD(columns='channels').set_shapes(*shapes)
