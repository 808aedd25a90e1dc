"""What losses of features share."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ktg_mm.models.needs import Features
from ktg_mm.structures import NodeOutput

from .base import EdgeLoss


class FeatureLoss(EdgeLoss):
    """Compares features of the two ends: what layers of their networks give.

    Args:
        layers: The layers of both ends, or ``dict(target=..., source=...)``; one name or a list of as many for both
            ends. A name is a module of the network (``'backbone.layer2'``), ``'map'`` (the last feature map) or
            ``'embedding'`` (the classifier's input).

    Raises:
        ValueError: If the layers are something else.

    Attributes:
        layers: The names of each end, ``'target'`` and ``'source'``.
    """

    needs = (Features(),)
    trains_head = False

    def __init__(self, layers: str | Sequence[str] | Mapping[str, Any]) -> None:
        super().__init__()
        self.layers = check_layers(layers)

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Tells the loss the features' shapes, once, before anything else; for those that learn something of their own.

        Modules that are made here learn with the target, are saved with the graph, and begin with torch's random
        weights, which the networks' own do not depend on.

        Args:
            target: Of each layer of the target, without the samples: (C, H, W) or (D,). Heights and widths are those of
                made-up images: how they compare holds for others, they themselves do not.
            source: Likewise.

        Raises:
            ValueError: If it cannot join them.
        """

    def pairs(self, target: NodeOutput, source: NodeOutput) -> list[tuple[Tensor, Tensor]]:
        """The features to compare, target's and source's, float32 or better, in the order of :attr:`layers`."""
        ends = zip(self.layers['target'], self.layers['source'], strict=True)
        return [(target.feature(own), source.feature(others)) for own, others in ends]


def check_layers(layers: Any) -> dict[str, tuple[str, ...]]:
    """Returns the layers' names of each end.

    Raises:
        ValueError: If they are none, or not as many for both ends.

    Example:
        >>> check_layers(dict(target='backbone.layer2', source='map'))
        {'target': ('backbone.layer2',), 'source': ('map',)}
    """
    ends = layers if isinstance(layers, Mapping) else dict(target=layers, source=layers)
    if set(ends) != {'target', 'source'}:
        raise ValueError(f'layers must be names, or dict(target=..., source=...), got {layers!r}')
    names = {end: (value,) if isinstance(value, str) else value for end, value in ends.items()}
    for value in names.values():
        if (
            not isinstance(value, (list, tuple))
            or not value
            or not all(isinstance(name, str) and name for name in value)
        ):
            raise ValueError(f"layers must be names such as 'backbone.layer2', 'map' or 'embedding', got {layers!r}")
    if len(names['target']) != len(names['source']):
        raise ValueError(f'layers must be as many of the target as of the source, got {layers!r}')
    return {end: tuple(names[end]) for end in ('target', 'source')}
