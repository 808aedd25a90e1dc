"""Training steps that are recorded once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor

from ktg_mm.errors import UserError, first_line
from ktg_mm.models.node_streams import NodeStreams

from .read_batch import ReadBatch
from .step_rates import StepRates

WARM_UP = 3  # steps of one kind before it is recorded: memory of the optimisers is made, convolutions are chosen
_UNLIKE = 50  # steps after which it is said that no kind of batch has come often enough


class Recorder(Protocol):
    """What records a step: :class:`~ktg_mm.engine.capture.CudaRecorder`."""

    def beside(self) -> AbstractContextManager[None]:
        """Within it all steps run."""

    def watch(self, step: Callable[[], Any]) -> tuple[Any, list[str]]:
        """Makes a step; returns its result and why it cannot be recorded, if so."""

    def node_streams(self, names: Iterable[str]) -> NodeStreams | None:
        """Streams for the nodes of the recorded step, None for one of all."""

    def record(self, step: Callable[[], Any]) -> Any:
        """Records a step and makes it."""

    def replay(self) -> None:
        """Makes the recorded step again."""


class CapturedStep:
    """Makes a graph's training steps: the first ones as ever, then one that is recorded, then that one again.

    It reads the batch on the host and copies it, and the learning rates, to where the recorded step looks for them. A
    batch of another kind, such as the last of an epoch, gets a step as ever. What a step draws at random goes by the
    progress in its memory and by torch's generator, whose seed a CUDA graph looks up each time it runs.

    Args:
        recorder: What records.
        say: What is told, once, why a step is not recorded.

    Example:
        >>> CapturedStep(None, print).batch is None
        True
    """

    def __init__(self, recorder: Recorder, say: Callable[[str], None]) -> None:
        self.recorder = recorder
        self.batch: ReadBatch | None = None
        self.rates: StepRates | None = None
        self._say = say
        self._told: set[str] = set()
        self._seen: Counter[Hashable] = Counter()
        self._recorded: Hashable = None
        self._gives_up = False
        self._last_log: dict[str, Tensor | float] = {}
        self._norms: dict[str, Tensor] = {}
        self._names: list[str] = []
        self._numbers: dict[str, float] = {}
        self._values = torch.empty(0)

    def __deepcopy__(self, memo: dict) -> None:
        """A copy of a graph records nothing."""

    def __call__(self, graph: Any, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor | float]:
        """Trains a graph, always the same one, on one batch; as its ``train_step``."""
        self.rates = rates = self.rates or StepRates(optim_wrapper)
        batch = ReadBatch.of(graph, data)
        kind = batch.likeness, rates.others, graph.training
        with self.recorder.beside():
            rates.update()
            if kind == self._recorded and self.batch is not None:
                self.batch.fill(batch)
                self.recorder.replay()
                log, rates.norms = self._log(), dict(self._norms)
            else:
                log = self._step(kind, graph, batch.on(graph.progress.device), optim_wrapper)
        rates.log_norms()
        return log

    def _step(
        self, kind: Hashable, graph: Any, batch: ReadBatch, optim_wrapper: OptimWrapper
    ) -> dict[str, Tensor | float]:
        def step() -> dict[str, Tensor | float]:
            return graph.step(graph, batch.prepared(), optim_wrapper)

        assert self.rates is not None
        self._seen[kind] += 1
        with self.rates.as_tensors():
            if self._recorded is not None:
                self._tell(*_difference(kind, self._recorded))
            elif not self._gives_up:
                if self._seen[kind] > WARM_UP:
                    self.batch, self._recorded = batch, kind
                    graph.streams = self.recorder.node_streams(graph.nodes)
                    try:
                        return self._record(step)
                    finally:
                        graph.streams = None
                if self._seen[kind] == WARM_UP:
                    log, reasons = self.recorder.watch(step)
                    reasons += _numbers_of_the_host(log, self._last_log)
                    if reasons:
                        self._gives_up = True
                        self._tell('never', reasons[0])
                    return log
                if self._seen.total() == _UNLIKE:
                    self._tell('unlike', f'of {_UNLIKE} batches no {WARM_UP + 1} were alike in size and labelled rows')
            self._last_log = step()
            return self._last_log

    def _record(self, step: Callable[[], dict[str, Tensor | float]]) -> dict[str, Tensor | float]:
        def logged() -> tuple[list[str], dict[str, float], Tensor]:
            log = step()
            values = {name: value.detach().double() for name, value in log.items() if isinstance(value, Tensor)}
            numbers = {name: value for name, value in log.items() if not isinstance(value, Tensor)}
            return list(log), numbers, torch.stack(list(values.values()))

        try:
            self._names, self._numbers, self._values = self.recorder.record(logged)
        except RuntimeError as error:  # the generators of this process are in a recording that has no end
            raise UserError(
                f'env_cfg.capture: the step cannot be recorded ({first_line(error)}); go on from the last checkpoint '
                'with --resume and --cfg-options env_cfg.capture=False'
            ) from error
        self._norms = dict(self.rates.norms) if self.rates else {}
        return self._log()

    def _log(self) -> dict[str, Tensor | float]:
        """The log of the recorded step, in memory that the next one leaves alone."""
        values = iter(self._values.clone().unbind())
        return {name: self._numbers[name] if name in self._numbers else next(values) for name in self._names}

    def _tell(self, what: str, reason: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._say(reason)


def _numbers_of_the_host(log: dict[str, Tensor | float], last: dict[str, Tensor | float]) -> list[str]:
    """What a recorded step would never see change: numbers of the host's that differ from the last step's."""
    devices = {name: value.device for name, value in log.items() if isinstance(value, Tensor)}
    others = [name for name, device in devices.items() if device != devices['loss']]
    plain = [name for name, value in log.items() if name not in devices and value != last.get(name, value)]
    return [f'{name} is a number of the host, which may change in each step' for name in others + plain]


def _difference(kind: Any, recorded: Any) -> tuple[str, str]:
    """What a step differs in from the recorded one, and a line about it."""
    if kind[1] != recorded[1]:
        return 'numbers', 'a schedule moves another number of the optimiser than the learning rate'
    return 'batch', 'batches of another size, or with other labelled rows, such as the last of an epoch'
