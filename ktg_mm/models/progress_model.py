"""A model that knows how far its run is."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor


class ProgressModel(BaseModel):
    """mmengine's BaseModel, with the progress and the seed of its run.

    The progress is a tensor, always in the same memory: a step that is captured on a GPU reads the present value there.

    Args:
        *args: As BaseModel's.
        **kwargs: Likewise.

    Attributes:
        seed: The run's, for what a part draws at random. Defaults to 0.

    Example:
        >>> class Model(ProgressModel):
        ...     forward = None
        >>> model = Model()
        >>> model.progress = 0.25
        >>> model.progress
        tensor(0.2500, dtype=torch.float64)
    """

    _progress: Tensor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register_buffer('_progress', torch.tensor(1.0, dtype=torch.float64), persistent=False)
        self.seed = 0

    @property
    def progress(self) -> Tensor:
        """Share k / k_end of the run, float64 of shape () on the model's device; setting a number fills it."""
        return self._progress

    @progress.setter
    def progress(self, value: float | Tensor) -> None:
        self._progress.fill_(value)
