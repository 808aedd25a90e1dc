"""An edge's config as a value."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mmengine.registry import Registry

from ktg_mm.errors import ConfigError
from ktg_mm.registry import ALIGNMENTS, GATES, LOSSES

from .type_check import class_of, default_arguments

LABEL = 'label'
_KEY = re.compile(r'(\w+)->(\w+)(?::(\w+))?')


class EdgeKey(NamedTuple):
    """The parts of an edge's key: ``'source->target'`` or ``'source->target:suffix'``."""

    source: str
    target: str
    suffix: str | None = None


class PartConfig(NamedTuple):
    """A part of an edge, such as its gate.

    Args:
        registry: Where its type is looked up.
        cfg: Its config.
        path: Its config key.
    """

    registry: Registry
    cfg: Mapping[str, Any]
    path: str

    @property
    def cls(self) -> Any:
        """Its class, a subclass of ``EdgePart``; None if there is none."""
        known = isinstance(self.cfg, Mapping) and 'type' in self.cfg
        return class_of(self.registry, self.cfg) if known else None

    def says(self, attribute: str) -> Any:
        """An attribute of its class; False if there is no such class."""
        return getattr(self.cls, attribute, False)

    @property
    def inner(self) -> PartConfig:
        """The loss that it is a function of, itself if it is none."""
        if argument := self.says('inner_argument'):
            return PartConfig(self.registry, self.cfg.get(argument), f'{self.path}.{argument}')  # type: ignore[arg-type]
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        """Its arguments, defaults included."""
        return {**default_arguments(self.cls), **self.cfg}

    @property
    def needs(self) -> list[Any]:
        """What it must be given, as its arguments are: objects of ``ktg_mm.models.needs.Need``."""
        return [need for need in self.says('needs') or () if need.applies(self.arguments)]


@functools.cache
def parse_edge_key(key: str) -> EdgeKey:
    """Splits an edge's key into its parts.

    Args:
        key: Such as ``'net1->net2'``, or ``'net1->net2:attention'`` for a second edge between the same nodes.

    Raises:
        ConfigError: If the key is malformed.

    Example:
        >>> parse_edge_key('net1->net2')
        EdgeKey(source='net1', target='net2', suffix=None)
    """
    match = _KEY.fullmatch(key) if isinstance(key, str) else None
    if match is None:
        raise ConfigError(
            f'model.edges[{key!r}]', "an edge's key must read 'source->target' or 'source->target:suffix'"
        )
    return EdgeKey(*match.groups())


class EdgeConfig:
    """An edge, as a config has it, and what follows from that.

    Args:
        key: Its key, ``'source->target'``.
        cfg: Its config.

    Raises:
        ConfigError: If the key is malformed.

    Example:
        >>> edge = EdgeConfig('label->net1', dict(loss=dict(type='CrossEntropy')))
        >>> edge.source, edge.target, edge.path, edge.samples
        ('label', 'net1', "model.edges['label->net1']", 'labeled')
    """

    def __init__(self, key: str, cfg: Mapping[str, Any]) -> None:
        self.key, self.cfg = key, cfg
        self.source, self.target, _ = parse_edge_key(key)
        self.path = f'model.edges[{key!r}]'

    @property
    def from_label(self) -> bool:
        """Whether the label teaches."""
        return self.source == LABEL

    @property
    def detach(self) -> bool:
        """Whether gradients end at the source, so that the edge teaches the target alone."""
        return self.cfg.get('detach', True) is not False

    @property
    def is_average(self) -> bool:
        """Whether the target is a moving average of the source."""
        return self.cfg.get('type') == 'EMAEdge'

    @property
    def is_cut(self) -> bool:
        """Whether nothing ever passes, so that the edge is not computed; a moving average passes no loss either."""
        return self.is_average or self.gate.says('cut')

    @property
    def is_open(self) -> bool:
        """Whether everything always passes unchanged."""
        return self.gate.says('open') or (self.from_label and self.gate.says('open_to_label'))

    @property
    def losses(self) -> list[PartConfig]:
        """The losses: one dict or a list of dicts in the config."""
        loss = self.cfg.get('loss') or []
        losses = loss if isinstance(loss, (list, tuple)) else [loss]
        return [PartConfig(LOSSES, cfg, f'{self.path}.loss') for cfg in losses]

    @property
    def gate(self) -> PartConfig:
        """The gate; ThroughGate if the config names none."""
        cfg = self.cfg.get('gate')
        return PartConfig(GATES, dict(type='ThroughGate') if cfg is None else cfg, f'{self.path}.gate')

    @property
    def align(self) -> PartConfig | None:
        """What aligns the source's predictions, None if nothing does."""
        cfg = self.cfg.get('align')
        if isinstance(cfg, Mapping):
            cfg = {'type': 'DistributionAlignment', **cfg}
        return None if cfg is None else PartConfig(ALIGNMENTS, cfg, f'{self.path}.align')

    @property
    def parts(self) -> list[PartConfig]:
        """All parts; of losses that are functions of others the others."""
        return [*(loss.inner for loss in self.losses), self.gate, *([self.align] if self.align else [])]

    def view(self, end: str) -> str | None:
        """The view of the images that the ``'source'`` or the ``'target'`` is given, None for the only one."""
        return (self.cfg.get('views') or {}).get(end)

    @property
    def views(self) -> Iterator[tuple[str, str | None]]:
        """The views that the edge looks at, with the config keys that name them."""
        for end in ('target',) if self.from_label else ('source', 'target'):
            yield f'{self.path}.views', self.view(end)
        for part in self.parts:
            for need in part.needs:
                for view in need.views(part.arguments):
                    yield f'{part.path}.{need.argument}', view

    @property
    def samples(self) -> str:
        """The samples that the edge is about: ``'labeled'``, ``'unlabeled'`` or ``'all'``.

        Left out, they are the labelled ones where the label teaches or a part needs labels, else all.
        """
        if samples := self.cfg.get('samples'):
            return samples
        labeled = self.from_label or any(need.needs_labels for part in self.parts for need in part.needs)
        return 'labeled' if labeled else 'all'
