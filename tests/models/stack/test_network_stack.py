"""Networks that run as one give what each of them gives alone."""

import copy

import pytest
import torch
from torch import nn

from ktg_mm.models.backbones import CIFARPreActResNet, CIFARResNet, CIFARResNeXt, CIFARShuffleNetV2, CIFARXception
from ktg_mm.models.stack.network_stack import NetworkStack


def networks(number=3, training=True):
    torch.manual_seed(0)
    made = [
        nn.Sequential(
            nn.Conv2d(1, 4, 3),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            nn.Conv2d(4, 2, 3),
            nn.Flatten(),
            nn.Linear(8, 3),
        ).double()
        for _ in range(number)
    ]
    return [network.train(training) for network in made]


def images(seed=0):
    return torch.rand(5, 1, 6, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize('number', [1, 3])
@pytest.mark.parametrize('training', [True, False])
def test_is_as_each_alone(number, training) -> None:
    alone = networks(number, training)
    stack = NetworkStack(copy.deepcopy(alone))
    for k in range(3):
        logits = stack(images(k))
        expected = torch.stack([network(images(k)) for network in alone])
        torch.testing.assert_close(logits, expected, rtol=0, atol=1e-12)
    gradients = torch.autograd.grad(logits.square().sum(), list(stack.parameters.values()))
    expected.square().sum().backward()
    for name, gradient in zip(stack.parameters, gradients, strict=True):
        theirs = torch.stack([network.get_parameter(name).grad for network in alone])
        torch.testing.assert_close(gradient, theirs, rtol=0, atol=1e-12)
    for row, network in enumerate(alone):
        stack.copy_back(row)
        torch.testing.assert_close(stack.networks[row].state_dict(), network.state_dict(), rtol=0, atol=1e-12)
    if training:
        assert stack.networks[0][1].num_batches_tracked == 3


def test_evaluation_moves_nothing() -> None:
    alone = networks()
    stack = NetworkStack(copy.deepcopy(alone))
    logits = stack.evaluate(images())
    assert not logits.requires_grad
    expected = torch.stack([copy.deepcopy(network).eval()(images()) for network in alone])
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-12)
    assert stack.networks[0].training
    for row, network in enumerate(alone):
        stack.copy_back(row)
        torch.testing.assert_close(stack.networks[row].state_dict(), network.state_dict(), rtol=0, atol=0)


def test_frozen_networks_need_no_gradients() -> None:
    frozen = [network.requires_grad_(False) for network in networks(training=False)]
    stack = NetworkStack(frozen)
    assert not any(value.requires_grad for value in stack.parameters.values())
    assert not stack(images()).requires_grad


@pytest.mark.parametrize(
    ('kind', 'arguments'),
    [
        (CIFARPreActResNet, dict(depth=11)),
        (CIFARResNeXt, dict(groups=2, base_channels=4, stem_channels=4)),
        (CIFARShuffleNetV2, dict(widen_factor=0.5)),
        (CIFARXception, dict(widen_factor=0.05)),
        (CIFARResNet, dict(depth=8, base_channels=4, stem='7x7')),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else '',
)
def test_backbones_with_groups_shuffles_and_pooling(kind, arguments) -> None:
    torch.manual_seed(0)
    alone = [nn.Sequential(kind(**arguments), Last()).double() for _ in range(2)]
    stack, batch = NetworkStack(copy.deepcopy(alone)), torch.rand(3, 3, 16, 16, dtype=torch.float64)
    expected = torch.stack([network(batch) for network in alone])
    torch.testing.assert_close(stack(batch), expected, rtol=1e-9, atol=1e-9)


class Last(nn.Module):
    """The last of a backbone's maps."""

    def forward(self, maps):
        return maps[-1].flatten(1)
