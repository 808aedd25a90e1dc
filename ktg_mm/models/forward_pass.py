"""One run of a graph's nodes on a batch."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.structures import LabelOutput, NodeOutput, SampleRows

from .node_streams import NodeStreams
from .nodes import Node
from .sharing import SharedModules
from .views import MadeViews, ViewContext, still_statistics

View = str | None
_NONE_MADE = MadeViews()


class ForwardPass:
    """Runs each node once per view on the samples that somebody asks for, and hands out what it says of which samples.

    First everything is asked for, then the nodes run, then the outputs are there. Views that the graph makes come last.
    If the view's own node has seen all samples in what it is made of, all are in the view, too, so that batch norm sees
    the same batch before and after; what it remembers does not move, but for views that relabel their images.

    Args:
        nodes: The graph's nodes, each after the nodes that it reads.
        inputs: Images of shape (B, channels, height, width), or several views of them by name.
        rows: Which of the samples have a label.
        joint: True runs a node's views as one batch, so that batch norm sees them together. Defaults to False.
        shared: The modules that several nodes share. Defaults to None: none.
        made: The views that the graph makes. Defaults to None: none.
        streams: Where the nodes run that read no others; not with modules that are shared. Defaults to None: all run
            one after the other.

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
        self,
        nodes: Mapping[str, Node],
        inputs: Tensor | dict[str, Tensor],
        rows: SampleRows,
        joint: bool = False,
        shared: SharedModules | None = None,
        made: MadeViews | None = None,
        streams: NodeStreams | None = None,
    ) -> None:
        self._nodes, self._inputs, self._rows, self._joint, self._shared = nodes, inputs, rows, joint, shared
        self._made = made or _NONE_MADE
        self._streams = streams if streams is not None and shared is None else NodeStreams({})
        self._batches: dict[tuple, Tensor] = {}
        self._asked: dict[str, dict[View, str]] = {name: {} for name in nodes}
        self._learning: set[tuple[str, View]] = set()
        self._outputs: dict[tuple[str, View, str], NodeOutput] = {}
        self._labels: dict[View, Tensor] = {}

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
        """Runs the nodes that are asked for, and those that they read, each after what it reads.

        Raises:
            ConfigError: If a network overwrites what it shares with another one.
        """
        for name in reversed(list(self._nodes)):
            node = self._nodes[name]
            for view, samples in self._asked[name].items():
                for member in node.inputs:
                    learns = (name, view) in self._learning and not self._detaches(node, member)
                    self.ask(member, view, samples, learns)
        self._ask_alike()
        views = {view for asked in self._asked.values() for view in asked}
        made = sorted(view for view in self._made.views if view in views)
        self._run(views.difference(made), self._joint)
        if made:
            kinds = {view: self._samples_of_made(view) for view in made}
            for asked in self._asked.values():
                asked.update((view, kinds[view]) for view in made if view in asked)
            relabeled = [view for view in made if self._made.views[view].relabels]
            with still_statistics(self._nodes.values()):
                for view in made:
                    make = self._relabel if view in relabeled else self._make
                    self._batches[view, kinds[view]] = make(view, kinds[view])
                self._run(set(made).difference(relabeled))
            self._run(relabeled)

    def _run(self, some: Collection[View], joint: bool = False) -> None:
        """Runs all nodes on those of some views that are asked for."""
        with self._shared.results.kept() if self._shared else nullcontext():
            for name, node in self._nodes.items():
                asked = {view: samples for view, samples in self._asked[name].items() if view in some}
                views = dict(sorted(asked.items(), key=lambda item: str(item[0])))
                if node.inputs:
                    self._streams.join(list(self._outputs.values()))
                if joint and len(views) > 1 and not node.inputs:
                    self._run_jointly(name, node, views)
                    continue
                for view, samples in views.items():
                    outputs = {other: self.output(other, view, samples) for other in node.inputs}
                    read: Any = [
                        output.detach() if self._detaches(node, other) else output for other, output in outputs.items()
                    ]
                    given: Any = read or self._images(view, samples)
                    with self._gradients(name, view), nullcontext() if read else self._streams.node(name, given):
                        self._outputs[name, view, samples] = node(given)
            self._streams.join(list(self._outputs.values()))
            if self._shared is not None:
                self._shared.check_untouched(self._nodes)

    def _samples_of_made(self, view: str) -> str:
        """The samples of which a view is made: those that its node has seen in what it is made of, if all are there."""
        kinds = {asked[view] for asked in self._asked.values() if view in asked}
        maker = self._made.views[view]
        whole = maker.relabels or self._asked[maker.node].get(maker.of) == 'all'
        return 'all' if whole or len(kinds) > 1 else kinds.pop()

    def _make(self, view: str, samples: str) -> Tensor:
        maker = self._made.views[view]
        images = self._images(maker.of, samples)
        same = not self._joint and self._asked[maker.node].get(maker.of) == samples
        half = torch.is_autocast_enabled(images.device.type)
        said = self.output(maker.node, maker.of, samples) if same and not half else None
        context = ViewContext(view, self._made.seed, self._made.progress, self._rows, samples, said)
        return maker(functools.partial(self._said_of, maker.node), images, context)

    def _relabel(self, view: str, samples: str) -> Tensor:
        """Makes a view of the labelled images of the first view that it is made of and the unlabelled ones of all."""
        made = self._made
        maker, labels = made.views[view], made.labels
        assert labels is not None
        parts = [self._images(maker.of, 'labeled'), *(self._images(of, 'unlabeled') for of in maker.sources)]
        images = self._joined(parts, f'model.views.{view}.of', 'must be of one shape')
        context = ViewContext(view, made.seed, made.progress, self.rows(view), samples)
        with torch.no_grad():
            said = [self._said_of_unlabeled(maker.node, of) for of in maker.guesses]
            rows = self._rows.rows('labeled')
            known = LabelOutput(
                labels[rows], said[0].logits.shape[1], None if made.scores is None else made.scores[rows]
            )
            self._labels[view] = maker.labels(known.probabilities(), said, context)
        return maker(functools.partial(self._said_of, maker.node), images, context)

    def _said_of_unlabeled(self, name: str, view: View) -> NodeOutput:
        """What a node has said of the unlabelled samples in a view; if it has said nothing, it is run."""
        if self._asked[name].get(view) in ('unlabeled', 'all'):
            return self.output(name, view, 'unlabeled')
        return self._said_of(name, self._images(view, 'unlabeled'))

    def _said_of(self, name: str, images: Tensor) -> NodeOutput:
        """What a node says of other images."""
        rows = SampleRows(len(images), slice(None), slice(0, 0), len(images))
        run = ForwardPass(self._nodes, images, rows, shared=self._shared)
        run.ask(name, None, learns=torch.is_grad_enabled())
        run.run()
        return run.output(name, None)

    def _ask_alike(self) -> None:
        """Asks nodes that share modules for the same samples, so that these run once for all of them."""
        if self._shared is None:
            return
        for name in self._nodes:
            group = self._shared.group(name)
            views = {view for other in group for view in self._asked[other]}
            for view in views:
                kinds = {self._asked[other][view] for other in group if view in self._asked[other]}
                kind = kinds.pop() if len(kinds) == 1 else 'all'
                joint = self._joint and view not in self._made.views
                for other in group:
                    # In a batch of several views all of them must be there.
                    if view in self._asked[other] or (joint and self._asked[other]):
                        self._asked[other][view] = kind
            self._learning |= {
                (other, view)
                for view in views
                for other in group
                if any((one, view) in self._learning for one in group)
            }

    def output(self, name: str, view: View, samples: str = 'all', listener: str | None = None) -> NodeOutput:
        """What a node says of some samples in a view; the same object for all who ask.

        Args:
            name: The node.
            view: The view.
            samples: ``'labeled'``, ``'unlabeled'`` or ``'all'``.
            listener: Who listens, as some nodes have something else to say to each. Defaults to None: nobody of these.
        """
        samples = self._kind(samples)
        if (name, view, samples) not in self._outputs:
            rows = self.rows(view).rows(samples)
            self._outputs[name, view, samples] = self._outputs[name, view, 'all'].select(rows)
        output = self._outputs[name, view, samples]
        return output.told.get(listener, output) if listener is not None else output

    def rows(self, view: View) -> SampleRows:
        """Which samples of a view have a label."""
        views = self._made.views
        return views[view].rows(self._rows) if view is not None and view in views else self._rows

    def labels(self, view: View) -> Tensor | None:
        """The labels of a view's images, probabilities of shape (N, C); None if they are the samples'."""
        return self._labels.get(view)

    def classifier(self, name: str) -> Tensor:
        """The matrix of a node's classifier, shape (C, D)."""
        return self._nodes[name].classifier()

    def _run_jointly(self, name: str, node: Node, views: dict[View, str]) -> None:
        images = [self._images(view, samples) for view, samples in views.items()]
        key = tuple(views.items())
        if key not in self._batches:
            self._batches[key] = self._joined(images, 'model.joint_views', 'must be False')
        with self._gradients(name, *views), self._streams.node(name, self._batches[key]):
            whole = node(self._batches[key])
        start = 0
        for (view, samples), part in zip(views.items(), images, strict=True):
            self._outputs[name, view, samples] = whole.select(slice(start, start + len(part)))
            start += len(part)

    def _joined(self, images: list[Tensor], key: str, remedy: str) -> Tensor:
        """Images of several views as one batch."""
        sizes = {tuple(part.shape[1:]) for part in images}
        if len(sizes) > 1:
            raise ConfigError(key, f'the views have different shapes, {sorted(sizes)}; {remedy}')
        return torch.cat(images)

    def _detaches(self, node: Node, member: str) -> bool:
        """Whether gradients end between a node and one that it reads.

        They do where a node detaches the member in any case, or one that learns all that it reads, and where one that
        does not detach it reads one without parameters that does. Of the latter alone only those ask for gradients who
        want its members'.
        """
        read = self._nodes[member]
        if node.inputs.index(member) < node.detached_members:
            return True
        if node.detach:
            return node.has_parameters
        return bool(read.inputs) and read.detach and not read.has_parameters

    def _gradients(self, name: str, *views: View) -> Any:
        """A network that does not learn from these views needs no autograd."""
        learns = any((name, view) in self._learning for view in views)
        return nullcontext() if learns or not self._nodes[name].has_parameters else torch.no_grad()

    def _images(self, view: View, samples: str) -> Tensor:
        """Images of some samples, the same object for all who ask, by which shared modules know them."""
        if (view, samples) not in self._batches:
            self._batches[view, samples] = self._select(view, samples)
        return self._batches[view, samples]

    def _select(self, view: View, samples: str) -> Tensor:
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
