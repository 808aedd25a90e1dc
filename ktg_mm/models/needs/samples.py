"""What a part may need to know of the samples, and of what both ends say of them in other views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from mmpretrain.structures import DataSample

from ktg_mm.config.edge_config import EdgeConfig, PartConfig
from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.models.forward_pass import ForwardPass
from ktg_mm.models.views import ViewContext
from ktg_mm.models.views.rotated_view import TURNS
from ktg_mm.structures import TransferContext

from .base import Batch, Need

if TYPE_CHECKING:
    from ktg_mm.models.edges import TransferEdge


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
        source = batch.run.output(edge.source_name, edge.source_view, 'labeled', edge.target_name)
        context.labeled_source = source.detach()
        if batch.scores is None:
            context.labeled_labels = batch.labels[batch.rows.rows('labeled')]


class OtherView(Need):
    """What both ends say in another view than the edge's: ``other_source`` and ``other_target``.

    The part's argument names the view.

    Args:
        argument: The part's argument.
        learns: Whether the target learns in that view, too; else its output is detached. Defaults to False.
    """

    between_nodes = True

    def __init__(self, argument: str, learns: bool = False) -> None:
        super().__init__(argument)
        self.learns = learns

    def check(self, part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
        """Refuses what is no name."""
        if not isinstance(view := self.value(part.arguments), str) or not view:
            raise ConfigError(f'{part.path}.{self.argument}', f"must be a view's name, got {view!r}")

    def views(self, part: Any) -> list[str]:
        """The view."""
        return [self.value(part)]

    def ask(self, part: Any, edge: TransferEdge, run: ForwardPass) -> None:
        """Asks for both ends in the view."""
        for name, learns in ((edge.source_name, False), (edge.target_name, self.learns)):
            run.ask(name, self.value(part), edge.samples, learns)

    def fill(self, path: str, part: Any, edge: TransferEdge, batch: Batch, context: TransferContext) -> None:
        """Fills in both outputs, detached where nothing is learnt."""
        view = self.value(part)
        context.other_source = batch.run.output(edge.source_name, view, edge.samples, edge.target_name).detach()
        target = batch.run.output(edge.target_name, view, edge.samples)
        context.other_target = target if self.learns else target.detach()


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


class LabeledIds(Need):
    """The number of each labelled image of the batch among those of its data set, ``labeled_ids``.

    The part's argument says how many there are.
    """

    between_nodes = True
    samples = 'labeled'

    def read(
        self, path: str, part: Any, edge: TransferEdge, data_samples: Sequence[DataSample]
    ) -> dict[str, list[int]]:
        """Reads the numbers of all samples; SemiSupervised counts the labelled ones first."""
        numbers = [int(sample.get('sample_idx', -1)) for sample in data_samples]
        known = zip(numbers, data_samples, strict=True)
        labeled = [number for number, sample in known if sample.get('unlabeled_id', -1) < 0]
        if min(labeled, default=0) < 0:
            raise ConfigError(
                path,
                f"{type(part).__name__} needs the number of each labelled image, 'sample_idx'; leave it in the "
                "meta_keys of the pipeline's end",
            )
        largest, size = max(labeled, default=-1), self.value(part)
        if largest >= size:
            raise ConfigError(
                f'{path}.{self.argument}',
                f'is {size}, but there is a labelled image with the number {largest}; must be how many there are',
            )
        return {'sample_idx': numbers}

    def fill(self, path: str, part: Any, edge: TransferEdge, batch: Batch, context: TransferContext) -> None:
        """Fills in the numbers of the labelled samples."""
        context.labeled_ids = batch.numbers['sample_idx'][batch.rows.rows('labeled')]


class Turns(Need):
    """How often the view of the target, a ``RotatedView``, has turned each sample: ``turns``."""

    between_nodes = True

    def fill(self, path: str, part: Any, edge: TransferEdge, batch: Batch, context: TransferContext) -> None:
        """Draws what the view has drawn."""
        assert edge.target_view is not None
        view = ViewContext(edge.target_view, context.seed, context.progress, batch.rows, edge.samples)
        context.turns = view.turns(TURNS)


class OneNode(Need):
    """One node at both ends, which a part has something in common for."""

    between_nodes = True

    def check(self, part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
        """Refuses an edge between two nodes."""
        if edge.source != edge.target:
            own = f"'{edge.target}->{edge.target}'"
            raise ConfigError(part.path, f'{part.cfg["type"]} has one layer for both ends; let the edge be {own}')


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
