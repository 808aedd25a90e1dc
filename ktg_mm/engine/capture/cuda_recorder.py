"""Records a step as a CUDA graph."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

Result = TypeVar('Result')


class CudaRecorder:
    """Records a step as a CUDA graph on a stream of its own, and runs it again.

    Example:
        >>> CudaRecorder().graph is None
        True
    """

    def __init__(self) -> None:
        self.graph: torch.cuda.CUDAGraph | None = None
        self.stream: torch.cuda.Stream | None = None

    @contextmanager
    def beside(self) -> Iterator[None]:
        """The stream on which all steps run: those before a recorded one would bind the gradients to another."""
        self.stream = self.stream or torch.cuda.Stream()
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            yield
        torch.cuda.current_stream().wait_stream(self.stream)

    def watch(self, step: Callable[[], Result]) -> tuple[Result, list[str]]:
        """Makes a step as ever.

        Returns:
            Its result, and where the host waited for the device: what would make a recording fail.
        """
        before = torch.cuda.get_sync_debug_mode()
        torch.cuda.set_sync_debug_mode('warn')
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter('always')
                result = step()
        finally:
            torch.cuda.set_sync_debug_mode(before)
        waits = [warning for warning in caught if 'synchronizing CUDA operation' in str(warning.message)]
        for warning in caught:
            if warning not in waits and 'capturable=True' not in str(warning.message):
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        return result, [f'{warning.filename}:{warning.lineno}' for warning in waits]

    def record(self, step: Callable[[], Result]) -> Result:
        """Records a step and makes it once; its result is filled anew at each :meth:`replay`."""
        self.graph = torch.cuda.CUDAGraph()
        # Not the mode 'global': a loader's thread that pins memory would make the recording fail.
        with torch.cuda.graph(self.graph, stream=self.stream, capture_error_mode='thread_local'):
            result = step()
        self.graph.replay()
        return result

    def replay(self) -> None:
        """Makes the recorded step again, on what now stands in its memory."""
        assert self.graph is not None
        self.graph.replay()
