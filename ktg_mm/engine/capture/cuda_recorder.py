"""Records a step as a CUDA graph."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from ktg_mm.models.node_streams import NodeStreams

Result = TypeVar('Result')
_OURS = ('capturable=True', 'Synchronization debug mode')  # what torch warns of because it is watched


class CudaRecorder:
    """Records a step as a CUDA graph on a stream of its own, and runs it again.

    Args:
        side_by_side: Whether each node of the recorded step is on a stream of its own. Defaults to False.

    Example:
        >>> CudaRecorder().graph is None
        True
    """

    def __init__(self, side_by_side: bool = False) -> None:
        self.side_by_side = side_by_side
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
            Its result, and what would make a recording fail: where the host waited for the device, or that the device
            has not the memory for a recorded step beside one that is made as ever.
        """
        before = torch.cuda.get_sync_debug_mode()
        torch.cuda.reset_peak_memory_stats()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            torch.cuda.set_sync_debug_mode('warn')
            try:
                result = step()
            finally:
                torch.cuda.set_sync_debug_mode(before)
        waits = [warning for warning in caught if 'synchronizing CUDA operation' in str(warning.message)]
        for warning in caught:
            if warning not in waits and not any(text in str(warning.message) for text in _OURS):
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        reasons = [f'a part waits for the device in the step, at {found.filename}:{found.lineno}' for found in waits]
        kept = torch.cuda.memory_allocated()
        needed = 2 * (torch.cuda.max_memory_allocated() - kept)
        there = torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved() - kept
        if needed > there:
            reasons.append(f'it takes {needed / 2**30:.1f} GiB of memory, and {there / 2**30:.1f} are free')
        return result, reasons

    def node_streams(self, names: Iterable[str]) -> NodeStreams | None:
        """Streams for the nodes of the step that is recorded; None if all are to be on one."""
        return NodeStreams({name: torch.cuda.Stream() for name in names}) if self.side_by_side else None

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
