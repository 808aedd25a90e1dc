"""Operations on many images at once whose result depends on the images, each with a magnitude of its own.

They give the bits of mmpretrain's steps of the same name, which OpenCV and numpy compute image by image. Images are
uint8 of shape (N, C, H, W), factors float64 (N,); nothing waits for the device.
"""

import torch
from torch import Tensor


def auto_contrast(images: Tensor) -> Tensor:
    """Stretches each channel so that its values go from 0 to 255.

    Args:
        images: Any number of channels.

    Example:
        >>> auto_contrast(torch.tensor([[[[10, 20, 30]]]], dtype=torch.uint8)).tolist()
        [[[[0, 127, 255]]]]
    """
    low, high = (bound[..., None].double() for bound in images.flatten(2).aminmax(dim=2))
    values = torch.arange(256, device=images.device, dtype=torch.float64)
    scale = values[-1] / (high - low).clamp(min=1)  # of two tensors: a number's would be a product with the inverse
    tables = (values * scale + -low * scale).clamp(0, 255)
    return looked_up(images, torch.where(high > low, tables, values).byte())


def equalize(images: Tensor) -> Tensor:
    """Moves the values of each channel so that each is about as frequent.

    Args:
        images: Any number of channels.

    Example:
        >>> image = torch.tensor([5, 6, 7]).byte().repeat_interleave(200).view(1, 1, 3, 200)
        >>> equalize(image)[0, 0, :, 0].tolist()
        [0, 200, 255]
    """
    pixels = images.flatten(2).long()
    counts = torch.zeros(*pixels.shape[:2], 256, dtype=torch.long, device=images.device)
    counts.scatter_add_(2, pixels, torch.ones_like(pixels))
    of_highest = counts.gather(2, pixels.amax(dim=2, keepdim=True))
    step = (pixels.shape[2] - of_highest) // 255
    tables = (counts.cumsum(dim=2) + step // 2) // step.clamp(min=1)
    tables = torch.cat([torch.zeros_like(step), tables[..., :-1].clamp(max=255)], dim=2)
    return looked_up(images, torch.where(step == 0, torch.arange(256, device=images.device), tables).byte())


def contrast(images: Tensor, factors: Tensor) -> Tensor:
    """Moves all values from the image's mean grey away, or nearer to it.

    Args:
        images: Three channels, weighed as blue, green and red.
        factors: 1 is the image as it is, 0 is grey.

    Example:
        >>> image = torch.tensor([0, 100]).byte().expand(1, 3, 1, 2)
        >>> contrast(image, torch.tensor([0.5]).double())[0].tolist()
        [[[25, 75]], [[25, 75]], [[25, 75]]]
    """
    grey = _grey(images).flatten(1)
    means = (grey.sum(dim=1).double() / grey.shape[1]).round()
    values = torch.arange(256, device=images.device)
    return looked_up(images, _blended(values, means[:, None], factors).clamp(0, 255).byte()[:, None])


def color(images: Tensor, factors: Tensor) -> Tensor:
    """Makes colours stronger or weaker.

    Args:
        images: Three channels, weighed as blue, green and red.
        factors: 1 is the image as it is, 0 is grey.

    Example:
        >>> color(torch.tensor([10, 50, 90]).byte().view(1, 3, 1, 1), torch.tensor([0.5]).double()).flatten()
        tensor([34, 54, 74], dtype=torch.uint8)
    """
    return _blended(images, _grey(images)[:, None], factors).round().clamp(0, 255).byte()


def sharpness(images: Tensor, factors: Tensor) -> Tensor:
    """Sharpens or blurs.

    Args:
        images: Any number of channels.
        factors: 1 is the image as it is, 0 is a blurred one.

    Example:
        >>> sharpness(torch.tensor([[[[0, 130, 0]]]]).byte(), torch.tensor([0.0]).double()).flatten()
        tensor([60, 70, 60], dtype=torch.uint8)
    """
    height, width = images.shape[2:]
    padded = images[:, :, _mirrored(height, images)][..., _mirrored(width, images)].short()
    lines = padded[:, :, :-2] + padded[:, :, 1:-1] + padded[:, :, 2:]
    weighed = lines[..., :-2] + lines[..., 1:-1] + lines[..., 2:] + 4 * images.short()
    # The nearest to a thirteenth, of which none is a tie: (2 * weighed + 13) // 26, without a division.
    blurred = (2 * weighed.int() + 13) * 80_660 >> 21
    return _blended(images, blurred, factors).clamp(0, 255).byte()


def cut_out(images: Tensor, boxes: Tensor, fill: Tensor) -> Tensor:
    """Fills a rectangle of each image.

    Args:
        images: Any number of channels.
        boxes: Upper, left, lower and right edges, integers (N, 4); the lower and the right one are outside.
        fill: Its colour, uint8 (C,).

    Example:
        >>> box = torch.tensor([[0, 1, 1, 2]])
        >>> cut_out(torch.zeros(1, 1, 2, 2, dtype=torch.uint8), box, torch.tensor([9], dtype=torch.uint8)).flatten()
        tensor([0, 9, 0, 0], dtype=torch.uint8)
    """
    rows, cols = (torch.arange(size, device=images.device) for size in images.shape[2:])
    top, left, bottom, right = boxes[:, :, None].unbind(1)
    high, wide = (rows >= top) & (rows < bottom), (cols >= left) & (cols < right)
    return torch.where((high[:, :, None] & wide[:, None])[:, None], fill[:, None, None], images)


def looked_up(images: Tensor, tables: Tensor) -> Tensor:
    """Replaces each value by that of a table.

    Args:
        images: Any number of channels.
        tables: uint8 (N, C, 256), or (N, 1, 256) for all channels alike.

    Example:
        >>> looked_up(torch.tensor([[[[1, 0]]]]).byte(), torch.arange(9, 265).byte().view(1, 1, 256)).tolist()
        [[[[10, 9]]]]
    """
    pixels = images.flatten(2) if tables.shape[1] == images.shape[1] else images.flatten(1)[:, None]
    return tables.gather(2, pixels.long()).view(images.shape)


def moved(images: Tensor, places: Tensor, fill: Tensor) -> Tensor:
    """Takes each pixel from another place.

    Args:
        images: Any number of channels.
        places: Which pixel of the image, counted row by row, in two bytes, the lower first, and whether there is one;
            uint8 (N, H, W, 3).
        fill: Colour of those, uint8 (N, C).

    Example:
        >>> image, places = torch.tensor([[[[1, 2]]]]).byte(), torch.tensor([[[[1, 0, 1], [0, 0, 0]]]]).byte()
        >>> moved(image, places, torch.tensor([[9]]).byte()).tolist()
        [[[[2, 9]]]]
    """
    low, high, inside = places.unbind(3)
    flat = (low.long() + 256 * high.long()).flatten(1)[:, None].expand(-1, images.shape[1], -1)
    pixels = images.flatten(2).gather(2, flat).view(images.shape)
    return torch.where(inside[:, None].bool(), pixels, fill[:, :, None, None])


def _grey(images: Tensor) -> Tensor:
    """OpenCV's grey of blue, green and red, as it rounds; integers (N, H, W)."""
    blue, green, red = images.int().unbind(1)
    return (3735 * blue + 19235 * green + 9798 * red + (1 << 14)) >> 15


def _blended(one: Tensor, other: Tensor, factors: Tensor) -> Tensor:
    """OpenCV's ``one * factor + other * (1 - factor)``: in float32, and the first product is not rounded."""
    factors = factors.view(-1, *[1] * (max(one.dim(), other.dim()) - 1))
    rounded = other.float() * (1 - factors).float()
    return (one.double() * factors.float().double() + rounded.double()).float()


def _mirrored(size: int, images: Tensor) -> Tensor:
    """Lines with one more at either end, which is the second from there."""
    lines = torch.arange(-1, size + 1, device=images.device).abs()
    return (size - 1 - (size - 1 - lines).abs()).clamp(min=0)
