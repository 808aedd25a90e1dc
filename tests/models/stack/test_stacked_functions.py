"""Functions that vmap runs in another way give the same."""

import pytest
import torch
import torch.nn.functional as F
from torch.func import vmap

from ktg_mm.models.stack.stacked_functions import StackedFunctions


def values(shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('affine', [True, False])
@pytest.mark.parametrize('in_dim', [0, 1, None])
@pytest.mark.parametrize('shape', [(6, 2), (6, 2, 4), (6, 2, 4, 4)])
def test_batch_norm(training, affine, in_dim, shape) -> None:
    images = values(shape if in_dim is None else (*shape[:in_dim], 3, *shape[in_dim:])).requires_grad_()
    mean, variance = values((3, 2), 1), values((3, 2), 2) + 1
    weight, bias = (values((3, 2), seed).requires_grad_() for seed in (3, 4)) if affine else (None, None)
    given = [value for value in (images, weight, bias) if value is not None]

    def run(mean, variance, aside):
        def norm(images, mean, variance, weight, bias):
            return F.batch_norm(images, mean, variance, weight, bias, training, 0.3, 1e-3)

        if aside:
            with StackedFunctions():
                return vmap(norm, in_dims=(in_dim, 0, 0, *((0, 0) if affine else (None, None))))(
                    images, mean, variance, weight, bias
                )
        return torch.stack(
            [
                norm(
                    images if in_dim is None else images.select(in_dim, i),
                    mean[i],
                    variance[i],
                    None if weight is None else weight[i],
                    None if bias is None else bias[i],
                )
                for i in range(3)
            ]
        )

    states = [(mean.clone(), variance.clone()) for _ in range(2)]
    outs = [run(*state, aside) for state, aside in zip(states, (True, False), strict=True)]
    torch.testing.assert_close(*outs, rtol=0, atol=1e-12)
    torch.testing.assert_close(*states, rtol=0, atol=1e-12)
    assert torch.equal(states[0][0], mean) != training  # they are written to
    factor = values(outs[0].shape, 5)
    gradients = [torch.autograd.grad((out * factor).sum(), given) for out in outs]
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-11)


def test_without_statistics_and_without_vmap() -> None:
    images = values((3, 6, 2))
    expected = torch.stack([F.batch_norm(one, None, None, training=True) for one in images])
    with StackedFunctions():
        found = vmap(lambda one: F.batch_norm(one, None, None, training=True))(images)
        alone = F.batch_norm(images[0], None, None, training=True)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(alone, expected[0], rtol=0, atol=1e-12)


def test_what_is_in_place_is_not() -> None:
    images = values((3, 4)) - 0.5
    kept = images.clone()
    with StackedFunctions():
        out = F.relu(images, inplace=True)
    assert torch.equal(images, kept)
    assert torch.equal(out, kept.relu())
