"""Edges: what a node learns from whom."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Mapping

import torch
from mmengine.model import ModuleList
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ktg_mm.config import LABEL, check_number, parse_edge_key
from ktg_mm.config.check_argument import split_argument
from ktg_mm.errors import ConfigError
from ktg_mm.scaled import multiplied
from ktg_mm.structures import EdgeValue, NodeOutput, TransferContext, mean_over_batch

from .distribution_alignment import DistributionAlignment
from .edge_part import EdgePart
from .forward_pass import ForwardPass
from .gates import Gate
from .losses import EdgeLoss
from .needs import Batch, Need


class TransferEdge(nn.Module):
    """source -> target: the sum of its losses, weighed by its gate, averaged over the samples that it is about.

    The only place where a source is detached: gradients flow into the target alone, unless ``detach`` is False.

    Args:
        key: The edge's name in the config, ``'source->target'``; it names the edge in every message.
        losses: What compares the two outputs; their sum passes the gate.
        gate: What weighs the losses, sample by sample.
        weight: Factor of the whole edge.
        views: The views of the images that the ``source`` and the ``target`` are given. Defaults to the only one.
        samples: ``'labeled'``, ``'unlabeled'`` or ``'all'``. Defaults to ``'all'``.
        align: What aligns the source's probabilities before losses and gate see them. Defaults to None.
        detach: Whether gradients end at the source. Defaults to True.

    Example:
        >>> import torch
        >>> from ktg_mm.models.gates import ThroughGate
        >>> from ktg_mm.models.losses import KLDivergence
        >>> edge = TransferEdge('a->b', [KLDivergence()], ThroughGate())
        >>> target, source = NodeOutput(torch.zeros(4, 2)), NodeOutput(torch.zeros(4, 2))
        >>> edge(target, source, TransferContext(torch.zeros(4))).loss
        tensor(0.)
    """

    def __init__(
        self,
        key: str,
        losses: list[EdgeLoss],
        gate: Gate,
        weight: float = 1.0,
        views: Mapping[str, str] | None = None,
        samples: str = 'all',
        align: DistributionAlignment | None = None,
        detach: bool = True,
    ) -> None:
        super().__init__()
        self.key = key
        self.source_name, self.target_name, _ = parse_edge_key(key)
        self.source_view, self.target_view = ((views or {}).get(end) for end in ('source', 'target'))
        self.losses = ModuleList(losses)
        self.gate = gate
        self.weight = weight
        self.samples = samples
        self.align = align
        self.detach = detach

    @property
    def parts(self) -> Iterator[tuple[str, EdgePart]]:
        """The edge's losses, those within others in their place, gate and alignment, with their config keys."""
        path = f'model.edges[{self.key!r}]'
        for loss in self.losses:
            inner = loss.inner
            yield f'{path}.loss' if inner is loss else f'{path}.loss.{loss.inner_argument}', inner
        yield f'{path}.gate', self.gate
        if self.align is not None:
            yield f'{path}.align', self.align

    @property
    def needs(self) -> Iterator[tuple[str, EdgePart, Need]]:
        """What the parts must be given, with the part's config key and the part."""
        for path, part in self.parts:
            for need in part.needs:
                if need.applies(part):
                    yield path, part, need

    @property
    def views(self) -> set[str]:
        """The views with a name that the edge and its parts look at."""
        looked_at = [view for _, part, need in self.needs for view in need.views(part)]
        return {view for view in (self.source_view, self.target_view, *looked_at) if view is not None}

    def refuse_soft_labels(self, key: str) -> None:
        """Refuses a part that asks for the one class of a sample, which a soft label has not.

        Args:
            key: The config key that makes labels soft.

        Raises:
            ConfigError: If there is one.
        """
        for path, part, need in self.needs:
            if need.needs_classes:
                raise ConfigError(
                    path,
                    f'{type(part).__name__} asks for the one true class of a sample, which labels made soft by {key} '
                    'do not have; take another, or leave that out',
                )

    def set_num_classes(self, num_classes: int) -> None:
        """Tells the edge's parts the number of classes."""
        for _, part in self.parts:
            part.set_num_classes(num_classes)

    def ask(self, run: ForwardPass) -> None:
        """Asks a forward pass for the outputs that the edge looks at."""
        run.ask(self.target_name, self.target_view, self.samples, learns=True)
        if self.source_name != LABEL:
            run.ask(self.source_name, self.source_view, self.samples, learns=not self.detach)
        for _, part, need in self.needs:
            need.ask(part, self, run)

    def context(self, batch: Batch, progress: Tensor, seed: int = 0) -> TransferContext:
        """What the edge may know. It sees labels only if all its samples have one, so that none can leak.

        Args:
            batch: A batch whose nodes have run, with all that the edge has asked for.
            progress: k / k_end, shape ().
            seed: The run's. Defaults to 0.

        Raises:
            ConfigError: If a part needs something that the data do not have, or single classes where labels are soft.
        """
        rows = batch.rows
        all_known = rows.count('labeled') == rows.size or self.samples == 'labeled'
        if batch.scores is not None:
            self.refuse_soft_labels("the samples' gt_score")
        single = batch.scores is None and batch.run.labels(self.target_view) is None
        labels = batch.labels[rows.rows(self.samples)] if all_known and single else None
        context = TransferContext(labels, progress, self.source_name, self.target_name, seed)
        for path, part, need in self.needs:
            need.fill(path, part, self, batch, context)
        return context

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> EdgeValue:
        """Compares the outputs of the B samples of a batch that the edge is about.

        Args:
            target: Output of the node that learns, logits of shape (B, C).
            source: Output of the node that teaches, of the same shape.
            context: Labels, progress, and what else the parts ask for.

        Raises:
            ConfigError: If a loss cannot compare the two, such as attention maps of different size.
        """
        if self.detach:
            source = source.detach()
        if self.align is not None:
            source = self.align(source, context)
        try:
            loss = functools.reduce(operator.add, [loss(target, source, context) for loss in self.losses])
        except ValueError as error:
            raise ConfigError(f'model.edges[{self.key!r}].loss', str(error)) from error
        # A gate judges its source, and does not teach it.
        gated, weight = self.gate(loss, target, source if self.detach else source.detach(), context)
        mean = gated.mean()
        return EdgeValue(multiplied(mean, self.weight), mean_over_batch(weight))


class EMAEdge:
    """source -> target: the target's weights are the exponential moving average of the source's.

    Mean Teacher (Tarvainen and Valpola, NeurIPS 2017): after every step of the optimiser
    ``target = decay * target + (1 - decay) * source``, for parameters and floating-point buffers; counters are copied.

    Args:
        key: The edge's name in the config.
        source: The network that learns.
        target: Its average, of the same architecture.
        decay: Share of the old average that is kept, in [0, 1).

    Raises:
        ConfigError: If the decay is out of range or the two networks differ.

    Example:
        >>> from torch import nn
        >>> source, target = nn.Linear(1, 1), nn.Linear(1, 1)
        >>> edge = EMAEdge('a->b', source, target, decay=0.5)
        >>> edge.copy()
        >>> bool(target.weight == source.weight)
        True
    """

    def __init__(self, key: str, source: nn.Module, target: nn.Module, decay: float = 0.999) -> None:
        path = f'model.edges[{key!r}]'
        try:
            check_number('decay', decay, '[0, 1)')
        except ValueError as error:
            raise ConfigError(f'{path}.decay', split_argument(str(error))[1]) from error
        if _weights(source) != _weights(target):
            raise ConfigError(path, 'the moving average needs the same network at both ends')
        self.key = key
        self.target_name = parse_edge_key(key).target
        self.source = source
        self.target = target
        self._average = get_ema_multi_avg_fn(decay)

    @torch.no_grad()
    def copy(self) -> None:
        """Sets the average to its source, as it must be before the first step."""
        self.target.load_state_dict(self.source.state_dict())

    @torch.no_grad()
    def step(self) -> None:
        """Moves the average by one step."""
        old, new = (module.state_dict(keep_vars=True) for module in (self.target, self.source))
        once = {id(value): name for name, value in old.items()}.values()  # tied weights have several names
        floating = [name for name in once if old[name].is_floating_point()]
        self._average([old[name] for name in floating], [new[name] for name in floating], 1)
        for name in set(once).difference(floating):
            old[name].copy_(new[name])


def _weights(module: nn.Module) -> list[list[tuple[str, torch.Size]]]:
    """Name and shape of each weight; tied ones, which have several names, stand together."""
    found: dict[int, list[tuple[str, torch.Size]]] = {}
    for name, value in module.state_dict(keep_vars=True).items():
        found.setdefault(id(value), []).append((name, value.shape))
    return sorted(found.values())
