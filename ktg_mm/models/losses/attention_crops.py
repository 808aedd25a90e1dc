"""Squares cut out of attention maps around the place that the source attends to most."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from ktg_mm.config.check_number import is_whole
from ktg_mm.structures import NodeOutput, full_precision

_BLANK = 1e-6  # the length of a crop, below which it has no direction
_TINY = 1e-12  # what such a one is divided by at least, as by torch's F.normalize


def default_sizes(map_size: int) -> tuple[int, ...]:
    """Crop sizes for a map: (3, 5, 7) of a 7 x 7 map, (3, 7, 11) of a 14 x 14 map, others in proportion and odd.

    A crop of one cell is left out: normalised it is 1, whatever the map. Maps of 2 x 2 are taken whole. Of ResNet-20's
    8 x 8 maps the sizes are 3, 5, 7, too, as Okamoto's thesis gives them for all ResNets (section 4.4.1); its largest
    crop of ResNet-18's 7 x 7 maps is the whole map, which here would be 8.

    Args:
        map_size: Shorter side of the attention map, in cells.

    Example:
        >>> default_sizes(7), default_sizes(16), default_sizes(28), default_sizes(4)
        ((3, 5, 7), (3, 7, 11), (5, 13, 21), (3,))
    """
    reference, sizes = (7, (3, 5, 7)) if map_size < 11 else (14, (3, 7, 11))
    scaled = (size * map_size // reference for size in sizes)
    odd = {size - (size + 1) % 2 for size in scaled}
    return tuple(sorted(size for size in odd if size > 1)) or (map_size,)


def check_sizes(sizes: Sequence[int] | None) -> tuple[int, ...] | None:
    """Returns the sizes as a tuple, or raises ValueError unless they are positive whole numbers."""
    if sizes is None:
        return None
    if not isinstance(sizes, (list, tuple)) or not sizes or any(not is_whole(size) or size < 1 for size in sizes):
        raise ValueError(f'sizes must be a list of positive whole numbers, got {sizes!r}')
    return tuple(sizes)


def attention_crops(target: NodeOutput, source: NodeOutput, sizes: Sequence[int] | None) -> list[tuple[Tensor, Tensor]]:
    """Cuts the same squares out of both maps, centred on the argmax of the source's, and L2-normalises each.

    A square that would stick out is moved inside the map.

    Args:
        target: Output with attention of shape (B, H, W).
        source: Output with attention of the same shape.
        sizes: Sides of the squares, in cells; None takes :func:`default_sizes`.

    Returns:
        For each size the target's and the source's crops, both of shape (B, size * size).

    Raises:
        ValueError: If the two maps differ in shape or a crop is larger than the map.
    """
    target_map, source_map = attention_maps(target, source)
    height, width = source_map.shape[-2:]
    if sizes is None:
        sizes = default_sizes(min(height, width))
    if max(sizes) > min(height, width):
        raise ValueError(
            f'a crop of {max(sizes)} is larger than the attention map, {_size(source_map)}; sizes must fit into it'
        )
    if min(height, width) == 1:
        raise ValueError(f'an attention map of {_size(source_map)} has no places to compare; take larger images')
    pairs = []
    peak = source.cached('peak', lambda: source_map.flatten(1).argmax(dim=1))
    for size in sizes:
        cells = source.cached(('crop cells', size), partial(_crop_cells, peak, height, width, size))
        source_crop = source.cached(('crop', size), partial(_normalised_crop, source_map, cells))
        pairs.append((_normalised_crop(target_map, cells), source_crop))
    return pairs


def attention_maps(target: NodeOutput, source: NodeOutput) -> tuple[Tensor, Tensor]:
    """Returns both maps, shape (B, H, W).

    Args:
        target: Output with attention.
        source: Output with attention of the same shape.

    Raises:
        ValueError: If there is none, or the two maps differ in shape.

    Example:
        >>> output = NodeOutput(torch.zeros(1, 2), attention=torch.ones(1, 7, 7))
        >>> attention_maps(output, output)[0].shape
        torch.Size([1, 7, 7])
    """
    target_map, source_map = target.attention, source.attention
    for end, attention in (('target', target_map), ('source', source_map)):
        if attention is None:
            raise ValueError(
                f'the {end} has no attention map: it needs an attention branch, or a backbone that ends in feature '
                'maps (B, C, H, W)'
            )
    assert target_map is not None and source_map is not None
    if target_map.shape != source_map.shape:
        raise ValueError(
            f"the target's attention map is {_size(target_map)}, the source's {_size(source_map)}; "
            'both must have the same size'
        )
    return target_map, source_map


def _size(attention: Tensor) -> str:
    return ' x '.join(str(side) for side in attention.shape[-2:])


def _crop_cells(peak: Tensor, height: int, width: int, size: int) -> Tensor:
    """Indices into the flattened map of the square around each map's argmax, shape (B, size * size)."""
    top = (peak.div(width, rounding_mode='floor') - size // 2).clamp(0, height - size)
    left = (peak.remainder(width) - size // 2).clamp(0, width - size)
    offset = torch.arange(size, device=peak.device)
    square = offset[:, None] * width + offset
    return (top * width + left)[:, None] + square.flatten()


def _normalised_crop(attention: Tensor, cells: Tensor) -> Tensor:
    """The crops, of length 1; a blank one stays as it is, and has no gradient, which would be of the order 1 / length.

    The paper's formula is undefined there.
    """
    crop = full_precision(attention.flatten(1).gather(1, cells))
    length = crop.norm(dim=1, keepdim=True)
    normalised = crop / length.clamp_min(_TINY)
    return torch.where(length.detach() < _BLANK, normalised.detach(), normalised)
