"""Says so where mixed precision makes training slower: CPUs without fast bfloat16 convolutions."""

import functools
import time

import torch
from mmengine.runner import Runner
from torch import nn

from ktg_mm.engine.capture.step_rates import wrappers_of
from ktg_mm.engine.optimizers import AutocastOptimWrapper
from ktg_mm.engine.unwrapped import unwrapped

_SLOWER = 1.2  # times, from which on it is said; a measurement as short as this one varies by less


def warn_of_slow_bfloat16(runner: Runner) -> None:
    """Warns once of a run in mixed precision that float32 would be faster for, by a measurement of tenths of a second.

    Args:
        runner: Its optimiser is built; nothing random is drawn.
    """
    model = unwrapped(runner.model)
    if (
        not any(isinstance(one, AutocastOptimWrapper) for one in wrappers_of(runner.optim_wrapper))
        or next(model.parameters()).device.type != 'cpu'
        or not any(isinstance(module, nn.Conv2d) for module in model.modules())
    ):
        return
    full, half = convolution_milliseconds()
    if half > _SLOWER * full:
        runner.logger.warning(
            f'mixed precision (--amp, optim_wrapper.type) is slow on this CPU: a convolution, forward and back, takes '
            f'{half:.1f} ms in bfloat16 and {full:.1f} ms in float32, {half / full:.1f} times as long. Training goes '
            "on as asked; it is faster without --amp (optim_wrapper.type='OptimWrapper')"
        )


@functools.cache
def convolution_milliseconds() -> tuple[float, float]:
    """How long a convolution takes on the CPU, forward and back, in float32 and in bfloat16; the best of three.

    Example:
        >>> full, half = convolution_milliseconds()
        >>> full > 0 and half > 0
        True
    """
    full, half = (min(_milliseconds(half) for _ in range(3)) for half in (False, True))
    return full, half


def _milliseconds(half: bool) -> float:
    images = torch.ones(16, 64, 8, 8, requires_grad=True)
    weight = torch.ones(64, 64, 3, 3, requires_grad=True)
    start = time.perf_counter()
    with torch.autocast('cpu', torch.bfloat16, enabled=half):
        made = nn.functional.conv2d(images, weight, padding=1)
    made.sum().backward()
    return (time.perf_counter() - start) * 1000
