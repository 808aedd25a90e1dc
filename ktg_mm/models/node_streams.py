"""Streams on which a device runs the nodes of a forward pass side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor

from ktg_mm.structures import NodeOutput


class NodeStreams:
    """Runs each node on a stream of its own, between a fork and a join; backward passes run where forward ones did.

    Args:
        streams: The stream of each node, by its name; a node that is not named runs on the present stream.
        present: Gives the present stream. Defaults to CUDA's.
        on: Makes a stream the present one. Defaults to CUDA's.

    Example:
        >>> streams = NodeStreams({})
        >>> with streams.node('net1', torch.ones(2)):
        ...     pass
        >>> streams.join([])
    """

    def __init__(
        self,
        streams: Mapping[str, Any],
        present: Callable[[], Any] = torch.cuda.current_stream,
        on: Callable[[Any], AbstractContextManager] = torch.cuda.stream,
    ) -> None:
        self._streams, self._present, self._on = streams, present, on
        self._running: dict[str, Any] = {}

    @contextmanager
    def node(self, name: str, inputs: Tensor) -> Iterator[None]:
        """Within it a node runs, as soon as all that is done on the present stream is done.

        Args:
            name: The node's.
            inputs: What it is given, made on the present stream.
        """
        stream = self._streams.get(name)
        if stream is None:
            yield
            return
        stream.wait_stream(self._present())
        _keep(inputs, stream)
        with self._on(stream):
            yield
        self._running[name] = stream

    def join(self, outputs: list[NodeOutput]) -> None:
        """Makes the present stream wait for all nodes.

        Args:
            outputs: What they say; the present stream may read it as long as it likes.
        """
        if not self._running:
            return
        present = self._present()
        for stream in self._running.values():
            present.wait_stream(stream)
        self._running = {}
        for output in outputs:
            for said in (output, *output.told.values()):
                for tensor in (said.logits, said.attention, said.attention_logits, *said.features.values()):
                    if tensor is not None:
                        _keep(tensor, present)


def _keep(tensor: Tensor, stream: Any) -> None:
    """Keeps the tensor's memory from the stream that it was made on while another one reads it."""
    if tensor.is_cuda:
        tensor.record_stream(stream)
