"""What a part of an edge may need to know besides the two outputs: a need checks the config, asks, and hands over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from mmpretrain.structures import DataSample
from torch import Tensor

from ktg_mm.config.check_argument import split_argument
from ktg_mm.config.edge_config import EdgeConfig, PartConfig
from ktg_mm.errors import ConfigError, UserError, did_you_mean
from ktg_mm.structures import LabelOutput, SampleRows, TransferContext

from .forward_pass import ForwardPass
from .nodes import Node

if TYPE_CHECKING:
    from .edges import TransferEdge


class Batch(NamedTuple):
    """A batch whose nodes have run.

    Args:
        run: The forward pass, with all that was asked for.
        rows: Which of its B samples have a label.
        labels: Integers of shape (B,), ``UNLABELED`` where there is none.
        scores: Soft labels of shape (B, C), None if labels are single classes.
        numbers: What the needs have read of the samples, integers of shape (B,) by name.
    """

    run: ForwardPass
    rows: SampleRows
    labels: Tensor
    scores: Tensor | None
    numbers: Mapping[str, Tensor]

    def label(self, samples: str, num_classes: int) -> LabelOutput:
        """The labels of some samples, as a teacher."""
        rows = self.rows.rows(samples)
        return LabelOutput(self.labels[rows], num_classes, None if self.scores is None else self.scores[rows])


class Need:
    """Something that a part must be given.

    ``part`` is a part of an edge, or the dict of its arguments; ``path`` is the part's config key. All errors that a
    need raises are ConfigErrors.

    Args:
        argument: The part's argument that the need is about; a part that has None there needs nothing. Defaults to
            None: there is no such argument.

    Attributes:
        needs_labels: True if all samples of the edge must have a label.
        needs_classes: True if labels must be single classes; soft ones, such as mixed ones, are refused.
        between_nodes: True if the label cannot be the source.
        samples: Which samples the batch must have besides those that the edge is about, None if there are none.

    Example:
        >>> OtherView('other_view').views(dict(type='StabilityGate', other_view='weak'))
        ['weak']
    """

    needs_labels = False
    needs_classes = False
    between_nodes = False
    samples: str | None = None

    def __init__(self, argument: str | None = None) -> None:
        self.argument = argument

    def value(self, part: Any) -> Any:
        """The argument's value, None if there is no such argument."""
        if self.argument is None:
            return None
        return part.get(self.argument) if isinstance(part, Mapping) else getattr(part, self.argument)

    def applies(self, part: Any) -> bool:
        """Whether a part is in need."""
        return self.argument is None or self.value(part) is not None

    def check(self, part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
        """Refuses an edge, or ``model.nodes``, that cannot meet the need."""

    def views(self, part: Any) -> list[str]:
        """The views that a part looks at besides the edge's."""
        return []

    def prepare(self, path: str, part: Any, edge: TransferEdge, nodes: Mapping[str, Node]) -> None:
        """Tells the built nodes what their outputs must hold."""

    def ask(self, part: Any, edge: TransferEdge, run: ForwardPass) -> None:
        """Asks for the outputs that the part looks at besides the edge's."""

    def read(
        self, path: str, part: Any, edge: TransferEdge, data_samples: Sequence[DataSample]
    ) -> dict[str, list[int]]:
        """Reads numbers of the samples, by name, before the step, or refuses data that do not have them."""
        return {}

    def fill(self, path: str, part: Any, edge: TransferEdge, batch: Batch, context: TransferContext) -> None:
        """Puts what is needed into the context: what is there as tensors, without a look at their values."""


class Labels(Need):
    """The true class of every sample: the edge is about labelled samples."""

    needs_labels = True
    needs_classes = True

    def check(self, part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
        """Refuses an edge about samples that may have none."""
        if edge.samples != 'labeled':
            raise ConfigError(
                f'{edge.path}.samples', f"must be 'labeled', got {edge.samples!r}: {part.cfg['type']} needs labels"
            )


class LabeledSource(Need):
    """What the source says of the batch's labelled samples, ``labeled_source``, and their ``labeled_labels``.

    Args:
        argument: The part's argument that says whether it is needed. Defaults to None: always.
        value: What it is then. Defaults to None.
        classes: Whether the part looks at ``labeled_labels``, which must be single classes then. Defaults to False.
    """

    between_nodes = True
    samples = 'labeled'

    def __init__(self, argument: str | None = None, value: Any = None, classes: bool = False) -> None:
        super().__init__(argument)
        self._wanted = value
        self.needs_classes = classes

    def applies(self, part: Any) -> bool:
        """Whether the argument has the value."""
        return self.argument is None or self.value(part) == self._wanted

    def ask(self, part: Any, edge: TransferEdge, run: ForwardPass) -> None:
        """Asks for the source in the view that it teaches with."""
        run.ask(edge.source_name, edge.source_view, 'labeled')

    def fill(self, path: str, part: Any, edge: TransferEdge, batch: Batch, context: TransferContext) -> None:
        """Fills in the source's output, detached, and the labels."""
        context.labeled_source = batch.run.output(edge.source_name, edge.source_view, 'labeled').detach()
        if batch.scores is None:
            context.labeled_labels = batch.labels[batch.rows.rows('labeled')]


class OtherView(Need):
    """What both ends say in another view than the edge's: ``other_source`` and ``other_target``.

    The part's argument names the view.
    """

    between_nodes = True

    def check(self, part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
        """Refuses what is no name."""
        if not isinstance(view := self.value(part.arguments), str) or not view:
            raise ConfigError(f'{part.path}.{self.argument}', f"must be a view's name, got {view!r}")

    def views(self, part: Any) -> list[str]:
        """The view."""
        return [self.value(part)]

    def ask(self, part: Any, edge: TransferEdge, run: ForwardPass) -> None:
        """Asks for both ends in the view."""
        for name in (edge.source_name, edge.target_name):
            run.ask(name, self.value(part), edge.samples)

    def fill(self, path: str, part: Any, edge: TransferEdge, batch: Batch, context: TransferContext) -> None:
        """Fills in both outputs, detached."""
        context.other_source = batch.run.output(edge.source_name, self.value(part), edge.samples).detach()
        context.other_target = batch.run.output(edge.target_name, self.value(part), edge.samples).detach()


class SampleIds(Need):
    """The number of each image in its data set, ``sample_ids``.

    The part's argument says how many there are; None does not limit them.

    Args:
        argument: The part's argument.
        key: Which number: ``'unlabeled_id'``, that among the unlabelled images, for edges about these alone, or
            ``'sample_idx'``, that among all training images. Defaults to ``'unlabeled_id'``.
    """

    between_nodes = True
    keys: ClassVar = dict(
        unlabeled_id=('an unlabelled', 'each unlabelled image; take the data set SemiSupervised and PackViews'),
        sample_idx=('a training', "each training image, 'sample_idx'; leave it in the meta_keys of the pipeline's end"),
    )

    def __init__(self, argument: str | None = None, key: str = 'unlabeled_id') -> None:
        super().__init__(argument)
        self.key = key
        self._kind, self._remedy = self.keys[key]

    def applies(self, part: Any) -> bool:
        """Always."""
        return True

    def check(self, part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
        """Refuses an edge about samples that have no number."""
        if self.key == 'unlabeled_id' and edge.samples != 'unlabeled':
            raise ConfigError(f'{edge.path}.samples', f"must be 'unlabeled': {part.cfg['type']} keeps count of those")

    def read(
        self, path: str, part: Any, edge: TransferEdge, data_samples: Sequence[DataSample]
    ) -> dict[str, list[int]]:
        """Reads the numbers of all samples, -1 for one that has none."""
        numbers = [int(sample.get(self.key, -1)) for sample in data_samples]
        largest, size = max(numbers), self.value(part)
        if largest < 0:
            raise ConfigError(path, f'{type(part).__name__} needs the number of {self._remedy}')
        if size is not None and largest >= size:
            raise ConfigError(
                f'{path}.{self.argument}',
                f'is {size}, but there is {self._kind} image with the number {largest}; must be how many there are',
            )
        return {self.key: numbers}

    def fill(self, path: str, part: Any, edge: TransferEdge, batch: Batch, context: TransferContext) -> None:
        """Fills in the numbers of the edge's samples."""
        context.sample_ids = batch.numbers[self.key][batch.rows.rows(edge.samples)]


class NodeNames(Need):
    """Names of nodes, both ends of the edge among them; the part's argument lists them."""

    def check(self, part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
        """Refuses names of no node, and a list without an end of the edge."""
        path, names = f'{part.path}.{self.argument}', self.value(part.arguments)
        if isinstance(names, (list, tuple)):  # else the part refuses it
            for name in names:
                if name not in nodes:
                    raise ConfigError(path, f'no node is named {name!r}; {did_you_mean(name, nodes)}')
            for name in (edge.source, edge.target):
                if name not in names:
                    raise ConfigError(path, f'must name both ends of the edge, {name!r} is missing')


class Attention(Need):
    """An attention map of both ends."""

    def prepare(self, path: str, part: Any, edge: TransferEdge, nodes: Mapping[str, Node]) -> None:
        """Makes the outputs of both ends hold their maps."""
        for name in {edge.source_name, edge.target_name}:
            try:
                nodes[name].ask_for_attention()
            except ValueError as error:
                raise ConfigError(path, f'node {name!r}: {error}') from error


class Features(Need):
    """What layers of both ends give; the part's ``layers`` names them, and its ``set_shapes`` is told their shapes."""

    between_nodes = True

    def prepare(self, path: str, part: Any, edge: TransferEdge, nodes: Mapping[str, Node]) -> None:
        """Makes the outputs of both ends hold the features."""
        shapes = {}
        for end, name in (('target', edge.target_name), ('source', edge.source_name)):
            layers = part.layers[end]
            try:
                found = nodes[name].ask_for_features(layers)
            except (UserError, ValueError) as error:
                problem = str(error).removeprefix('layers: ')
                raise ConfigError(f'{path}.layers', f'node {name!r}: {problem}') from error
            shapes[end] = [found[layer] for layer in layers]
        try:
            part.set_shapes(**shapes)
        except ValueError as error:
            argument, problem = split_argument(str(error))
            raise ConfigError(f'{path}.{argument or "layers"}', problem) from error


class Classifiers(Need):
    """The matrices of both ends' classifiers, ``target_classifier`` and ``source_classifier``, of shape (C, D).

    The part's argument is ``'classes'`` if features of both must have one length.
    """

    between_nodes = True

    def check(self, part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
        """Refuses a gate that tells samples apart: a classifier is the same for all."""
        if not edge.gate.says('by_progress'):
            raise ConfigError(
                edge.gate.path,
                f'weighs samples, but {part.cfg["type"]} depends on weights alone; take ThroughGate, or one that goes '
                "by the run's progress",
            )

    def prepare(self, path: str, part: Any, edge: TransferEdge, nodes: Mapping[str, Node]) -> None:
        """Refuses ends without a classifier, or with unlike ones."""
        shapes = {}
        for name in (edge.target_name, edge.source_name):
            try:
                shapes[name] = tuple(nodes[name].classifier().shape)
            except ValueError as error:
                raise ConfigError(path, f'node {name!r}: {error}') from error
        axes = {shape if self.value(part) == 'classes' else shape[0] for shape in shapes.values()}
        if len(axes) > 1:
            text = ', '.join(f'{name} {rows} x {columns}' for name, (rows, columns) in shapes.items())
            raise ConfigError(path, f'the classifiers have matrices that cannot be multiplied: {text}')

    def fill(self, path: str, part: Any, edge: TransferEdge, batch: Batch, context: TransferContext) -> None:
        """Fills in the matrices, the source's detached if the edge does so."""
        context.target_classifier = batch.run.classifier(edge.target_name)
        source = batch.run.classifier(edge.source_name)
        context.source_classifier = source.detach() if edge.detach else source
