"""Finds the shapes of a network's features before there are data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ktg_mm.errors import UserError, first_line

_SIZES = (32, 64, 96, 128, 224, 299, 384)


@contextmanager
def evaluated(network: nn.Module) -> Iterator[None]:
    """Runs a network in eval mode and without gradients; afterwards each of its modules has the mode that it had.

    Args:
        network: The network.

    Example:
        >>> network = nn.Sequential(nn.Dropout(), nn.Dropout().eval())
        >>> with evaluated(network):
        ...     network[0].training
        False
        >>> network[0].training, network[1].training
        (True, False)
    """
    modes = [(module, module.training) for module in network.modules()]
    try:
        for module, _ in modes:
            module.training = False
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def made_up_images(network: nn.Module) -> Iterator[Tensor]:
    """Pairs of images that a network may take: of its first convolution's channels, from small to large.

    A network whose inputs are something else makes them up itself, with ``made_up_inputs()``.

    Args:
        network: The network.

    Yields:
        Images of shape (2, channels, height, width), the same at each call.

    Example:
        >>> next(made_up_images(nn.Conv2d(1, 4, 3))).shape
        torch.Size([2, 1, 32, 32])
    """
    make = getattr(network, 'made_up_inputs', None)
    if callable(make):
        yield from make()
        return
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    channels = convolutions[0].in_channels if convolutions else 3
    said = getattr(getattr(network, 'backbone', None), 'img_size', None)
    sizes = [tuple(said) if isinstance(said, (list, tuple)) else (said, said)] if said else []
    parameter = next(network.parameters(), torch.zeros(()))
    generator = torch.Generator().manual_seed(0)
    for height, width in [*sizes, *((size, size) for size in _SIZES)]:
        images = torch.rand(2, channels, height, width, generator=generator)
        yield images.to(parameter.device, parameter.dtype)


def probe(run: Callable[[Tensor], dict[str, Tensor]], network: nn.Module) -> dict[str, torch.Size]:
    """The shapes of what a network gives for made-up images; nothing about it changes.

    Args:
        run: Runs the network and returns its features, the first axis being the samples.
        network: The network.

    Returns:
        The features' shapes without the samples: (C, H, W) or (D,). Heights and widths are those of the made-up images;
        only channels, and how heights compare, hold for others.

    Raises:
        ValueError: If the network takes none of these images, or a feature cannot be had.
    """
    problem: Exception | None = None
    with evaluated(network), torch.random.fork_rng(devices=[]):
        for images in made_up_images(network):
            try:
                features = run(images)
            except UserError:
                raise
            except (AssertionError, RuntimeError, ValueError) as error:  # too small, or not the size that it is for
                problem = problem or error
                continue
            return {layer: feature.shape[1:] for layer, feature in features.items()}
    assert problem is not None
    raise ValueError(
        f'the network took no made-up image to find the shapes of its features with: {first_line(problem)}'
    )
