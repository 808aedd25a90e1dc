"""One run of a graph's nodes on a batch."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.structures import NodeOutput, SampleRows

from .nodes import Node

View = str | None


class ForwardPass:
    """Runs each node once per view on the samples that somebody asks for, and hands out what it says of which samples.

    First everything is asked for, then the nodes run, then the outputs are there.

    Args:
        nodes: The graph's nodes, each after the nodes that it reads.
        inputs: Images of shape (B, channels, height, width), or several views of them by name.
        rows: Which of the samples have a label.
        joint: True runs a node's views as one batch, so that batch norm sees them together. Defaults to False.

    Example:
        >>> from ktg_mm.models.nodes import Node
        >>> class Double(Node):
        ...     def forward(self, inputs):
        ...         return NodeOutput(2 * inputs)
        >>> run = ForwardPass(dict(a=Double()), torch.ones(3, 2), SampleRows.of(torch.tensor([1, 0, -1])))
        >>> run.ask('a', None, 'unlabeled')
        >>> run.run()
        >>> run.output('a', None, 'unlabeled').logits
        tensor([[2., 2.]])
    """

    def __init__(
        self, nodes: Mapping[str, Node], inputs: Tensor | dict[str, Tensor], rows: SampleRows, joint: bool = False
    ) -> None:
        self._nodes, self._inputs, self._rows, self._joint = nodes, inputs, rows, joint
        self._asked: dict[str, dict[View, str]] = {name: {} for name in nodes}
        self._learning: set[tuple[str, View]] = set()
        self._outputs: dict[tuple[str, View, str], NodeOutput] = {}

    def ask(self, name: str, view: View, samples: str = 'all', learns: bool = False) -> None:
        """Asks for a node's output.

        Args:
            name: The node.
            view: The view of the images, None if there is one without a name.
            samples: ``'labeled'``, ``'unlabeled'`` or ``'all'``.
            learns: Whether gradients are to flow into the node through this output. Defaults to False.
        """
        samples, views = self._kind(samples), self._asked[name]
        views[view] = samples if views.get(view, samples) == samples else 'all'
        if learns:
            self._learning.add((name, view))

    def run(self) -> None:
        """Runs the nodes that are asked for, and those that they read, each after what it reads."""
        for name in reversed(list(self._nodes)):
            for view, samples in self._asked[name].items():
                for member in self._nodes[name].inputs:
                    self.ask(member, view, samples, learns=(name, view) in self._learning)
        for name, node in self._nodes.items():
            views = dict(sorted(self._asked[name].items(), key=lambda item: str(item[0])))
            if self._joint and len(views) > 1 and not node.inputs:
                self._run_jointly(name, node, views)
                continue
            for view, samples in views.items():
                read: Any = [self.output(other, view, samples) for other in node.inputs]
                with self._gradients(name, view):
                    self._outputs[name, view, samples] = node(read or self._images(view, samples))

    def output(self, name: str, view: View, samples: str = 'all') -> NodeOutput:
        """What a node says of some samples in a view; the same object for all who ask."""
        samples = self._kind(samples)
        if (name, view, samples) not in self._outputs:
            rows = self._rows.rows(samples)
            self._outputs[name, view, samples] = self._outputs[name, view, 'all'].select(rows)
        return self._outputs[name, view, samples]

    def _run_jointly(self, name: str, node: Node, views: dict[View, str]) -> None:
        images = [self._images(view, samples) for view, samples in views.items()]
        sizes = {tuple(part.shape[1:]) for part in images}
        if len(sizes) > 1:
            raise ConfigError('model.joint_views', f'the views have different shapes, {sorted(sizes)}; must be False')
        with self._gradients(name, *views):
            whole = node(torch.cat(images))
        start = 0
        for (view, samples), part in zip(views.items(), images, strict=True):
            self._outputs[name, view, samples] = whole.select(slice(start, start + len(part)))
            start += len(part)

    def _gradients(self, name: str, *views: View) -> Any:
        """A network that does not learn from these views needs no autograd."""
        learns = any((name, view) in self._learning for view in views)
        return nullcontext() if learns or not self._nodes[name].has_parameters else torch.no_grad()

    def _images(self, view: View, samples: str) -> Tensor:
        if not isinstance(self._inputs, Tensor):
            if view is None:
                raise UserError(
                    f'the data pipeline makes the views {", ".join(sorted(self._inputs))}; a prediction needs plain '
                    'images'
                )
            return self._inputs[view][self._rows.rows(samples)]
        return self._inputs[self._rows.rows(samples)]

    def _kind(self, samples: str) -> str:
        return 'all' if self._rows.count(samples) == self._rows.size else samples
