"""Part of a cosine."""

import math
from typing import Any

from mmengine.optim.scheduler.param_scheduler import INF
from mmpretrain.registry import PARAM_SCHEDULERS

from ktg_mm.errors import ConfigError
from ktg_mm.mmengine_private import LRSchedule


@PARAM_SCHEDULERS.register_module()
class PartialCosineLR(LRSchedule):
    r"""Lowers the learning rate along the first part of a cosine, so that it ends above 0.

    At step k of the K = ``end`` - ``begin`` steps it is

    .. math::
        \eta_k = \eta_0 \cos(\pi \cdot fraction \cdot k / K),

    with 7/16 as in FixMatch (Sohn et al., 2020, section 2.4), where it ends at a fifth of its beginning. It is computed
    from k, not from the rate before, so a resumed run has the very same.

    Args:
        optimizer: What mmengine's schedulers take.
        fraction: Part of the cosine's half period, above 0 and at most 0.5, where the rate ends at 0. Defaults to
            7/16.
        begin: First step. Defaults to 0.
        end: Step after the last one; mmengine's Runner gives the run's length, if the config does not.
        last_step: Step to resume at without a state. Defaults to -1: none.
        by_epoch: Whether a step is an epoch, else an iteration. Defaults to True. With
            ``convert_to_iter_based=True``, ``begin`` and ``end`` are epochs, and a step is an iteration.
        verbose: Whether each change is logged. Defaults to False.

    Raises:
        ConfigError: If ``fraction`` is out of its range, or ``end`` is not known.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        >>> scheduler = PartialCosineLR(optimizer, end=7, by_epoch=False)
        >>> rates = []
        >>> for _ in range(7):
        ...     rates.append(round(optimizer.param_groups[0]['lr'], 3))
        ...     _ = optimizer.step(), scheduler.step()
        >>> rates
        [1.0, 0.981, 0.924, 0.831, 0.707, 0.556, 0.383]
    """

    def __init__(
        self,
        optimizer: Any,
        fraction: float = 7 / 16,
        begin: int = 0,
        end: int = INF,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        if not isinstance(fraction, (int, float)) or not 0 < fraction <= 0.5:
            raise ConfigError('param_scheduler.fraction', f'must be above 0 and at most 0.5, got {fraction!r}')
        if end >= INF:
            raise ConfigError('param_scheduler.end', "must be given: the schedule's last epoch or iteration")
        self.fraction = fraction
        super().__init__(optimizer, begin=begin, end=end, last_step=last_step, by_epoch=by_epoch, verbose=verbose)

    @classmethod
    def build_iter_from_epoch(
        cls, *args: Any, by_epoch: bool = True, epoch_length: int | None = None, **kwargs: Any
    ) -> 'PartialCosineLR':
        """Builds a schedule by iterations out of one by epochs, for ``convert_to_iter_based=True``.

        Args:
            *args: As the class's.
            by_epoch: Must be True.
            epoch_length: Iterations in an epoch.
            **kwargs: As the class's; ``begin`` and ``end`` are epochs.

        Raises:
            ConfigError: If ``by_epoch`` is False.
        """
        if not by_epoch or epoch_length is None:
            raise ConfigError('param_scheduler.convert_to_iter_based', 'needs by_epoch=True')
        steps = {name: int(kwargs[name] * epoch_length) for name in ('begin', 'end') if kwargs.get(name, INF) < INF}
        return cls(*args, **{**kwargs, **steps, 'by_epoch': False})

    def rates(self) -> list[float]:
        """The learning rate of each parameter group at the present step."""
        factor = math.cos(math.pi * self.fraction * self.last_step / (self.end - self.begin))
        return [value * factor for value in self.base_values]
