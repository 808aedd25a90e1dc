"""What losses of features share."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

from ktg_mm.models.needs import Features, Need
from ktg_mm.models.nodes.feature_tap import EMBEDDING, MAP
from ktg_mm.models.norm_layer import conv_norm_relu
from ktg_mm.structures import NodeOutput

from .base import EdgeLoss

STAGE = 'backbone.layer2'  # the example of a layer


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
        of_vectors: True if it compares vectors, of a feature map the mean over its cells; False if it compares maps.
        min_layers: How many layers each end must have at least.
    """

    needs: tuple[Need, ...] = (Features(),)
    trains_head = False
    of_vectors = False
    min_layers = 1

    def __init__(self, layers: str | Sequence[str] | Mapping[str, Any]) -> None:
        super().__init__()
        self.layers = check_layers(layers)
        if len(self.layers['target']) < self.min_layers:
            raise ValueError(f'layers must be {self.min_layers} at least at each end, got {layers!r}')

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
        for end, shapes in (('target', target), ('source', source)):
            for layer, shape in zip(self.layers[end], shapes, strict=True):
                if len(shape) != 3 and not (self.of_vectors and len(shape) == 1):
                    kind, layers = ('vectors', (EMBEDDING,)) if self.of_vectors else ('feature maps', (MAP, STAGE))
                    better = next((name for name in layers if name != layer), STAGE)
                    raise ValueError(
                        f'{layer!r} of the {end} gives features of shape {tuple(shape)}, but {type(self).__name__} '
                        f'compares {kind}; name a layer that gives them, such as {better!r}'
                    )

    def check_channels(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """For losses that compare channels one by one.

        Args:
            target: Shapes of the target's layers, see :meth:`set_shapes`.
            source: Likewise.

        Raises:
            ValueError: If a layer's channels are not as many at both ends.
        """
        for own, others, layer in zip(target, source, self.layers['target'], strict=True):
            if own[0] != others[0]:
                raise ValueError(
                    f'{layer!r} of the target has {own[0]} channels and what it is compared with {others[0]}, but '
                    f'{type(self).__name__} needs as many; name other layers, or take networks of the same widths'
                )

    def pairs(self, target: NodeOutput, source: NodeOutput) -> list[tuple[Tensor, Tensor]]:
        """The features to compare, target's and source's, float32 or better, in the order of :attr:`layers`.

        Returns:
            Maps of shape (B, C, H, W), or vectors of shape (B, D) if the loss is :attr:`of_vectors`.
        """
        ends = zip(self.layers['target'], self.layers['source'], strict=True)
        pairs = [(target.feature(own), source.feature(others)) for own, others in ends]
        return [(_vector(own), _vector(others)) for own, others in pairs] if self.of_vectors else pairs


def _vector(feature: Tensor) -> Tensor:
    return feature.mean(dim=(2, 3)) if feature.dim() == 4 else feature


def pool_to_match(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Brings the larger of two maps to the smaller one's height and width by adaptive average pooling.

    Args:
        first: Shape (B, C, H, W).
        second: Likewise; its channels may differ.

    Example:
        >>> import torch
        >>> [tuple(pooled.shape) for pooled in pool_to_match(torch.zeros(1, 2, 8, 8), torch.zeros(1, 3, 4, 4))]
        [(1, 2, 4, 4), (1, 3, 4, 4)]
    """
    size = min(first.shape[2], second.shape[2]), min(first.shape[3], second.shape[3])
    return _pooled(first, size), _pooled(second, size)


def _pooled(map_: Tensor, size: tuple[int, int]) -> Tensor:
    sides = map_.shape[2:]
    if sides == size:
        return map_
    if any(side % new for side, new in zip(sides, size, strict=True)):
        return adaptive_avg_pool2d(map_, size)
    # The same of whole blocks, but torch has a deterministic backward pass of it on a GPU.
    return avg_pool2d(map_, (sides[0] // size[0], sides[1] // size[1]))


def transfer_layer(channels: int, others: int, norm_cfg: Mapping[str, Any]) -> nn.Module:
    """What brings a map to the channels of another one: a 1 x 1 convolution, a norm and a ReLU; nothing if it has them.

    Args:
        channels: Of the map.
        others: Of the other one.
        norm_cfg: Of the norm, as :func:`ktg_mm.models.norm_layer.norm_layer` takes it.

    Example:
        >>> transfer_layer(8, 8, dict(type='BN'))
        Identity()
    """
    return nn.Identity() if channels == others else conv_norm_relu(channels, others, 1, norm_cfg)


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
        is_list = isinstance(value, (list, tuple)) and len(value) > 0
        if not is_list or not all(isinstance(name, str) and name for name in value):
            raise ValueError(f"layers must be names such as {STAGE!r}, 'map' or 'embedding', got {layers!r}")
    if len(names['target']) != len(names['source']):
        raise ValueError(f'layers must be as many of the target as of the source, got {layers!r}')
    return {end: tuple(names[end]) for end in ('target', 'source')}
