"""Reads an edge's key and config and checks them before anything is built."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.registry import GATES, LOSSES, NODES

from .type_check import check_type, class_of

LABEL = 'label'
_KEY = re.compile(r'(\w+)->(\w+)(?::(\w+))?')
SAMPLES = ('labeled', 'unlabeled', 'all')
_ALIGN_ENTRIES = ('target', 'momentum')
_EDGE_ENTRIES = {
    'TransferEdge': {'type', 'loss', 'gate', 'weight', 'views', 'samples', 'align'},
    'EMAEdge': {'type', 'decay', 'mode'},
}


class EdgeKey(NamedTuple):
    """The parts of an edge's key: ``'source->target'`` or ``'source->target:suffix'``."""

    source: str
    target: str
    suffix: str | None = None


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


def is_ema(edge: Mapping[str, Any]) -> bool:
    """Whether an edge's config is a moving average's."""
    return edge.get('type') == 'EMAEdge'


def list_of_losses(edge: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The configs of an edge's losses: one dict or a list of dicts in the config."""
    loss = edge['loss']
    return list(loss) if isinstance(loss, (list, tuple)) else [loss]


def is_cut(edge: Mapping[str, Any]) -> bool:
    """Whether nothing ever passes, so that the edge is not computed; a moving average passes no loss either."""
    if is_ema(edge):
        return True
    return bool(edge.get('gate')) and class_of(GATES, edge['gate']).cut


def samples_of(key: str, edge: Mapping[str, Any]) -> str:
    """The samples that an edge is about: ``'labeled'``, ``'unlabeled'`` or ``'all'``.

    Left out, they are the labelled ones where the label teaches or the gate needs labels, else all.

    Args:
        key: The edge's key.
        edge: Its config.
    """
    needs_labels = parse_edge_key(key).source == LABEL or (
        edge.get('gate') and class_of(GATES, edge['gate']).needs_labels
    )
    return edge.get('samples') or ('labeled' if needs_labels else 'all')


def check_edge(key: str, edge: Any, nodes: Mapping[str, Any]) -> None:
    """Checks an edge on its own.

    Args:
        key: Its key.
        edge: Its config.
        nodes: ``model.nodes``.

    Raises:
        ConfigError: At the first mistake.
    """
    path = f'model.edges[{key!r}]'
    source, target, _ = parse_edge_key(key)
    if source != LABEL and source not in nodes:
        raise ConfigError(path, f'no node is named {source!r}; {did_you_mean(source, [*nodes, LABEL])}')
    if target not in nodes:
        raise ConfigError(path, f'no node is named {target!r}; {did_you_mean(target, nodes)}')
    if not class_of(NODES, nodes[target]).has_parameters:
        raise ConfigError(path, f'node {target!r} has no parameters, so it cannot learn; remove the edge')
    if not isinstance(edge, Mapping):
        raise ConfigError(
            path, f'must be a dict with a loss such as dict(loss=dict(type="KLDivergence")), got {edge!r}'
        )
    kind = edge.get('type', 'TransferEdge')
    if kind not in _EDGE_ENTRIES:
        raise ConfigError(f'{path}.type', f'unknown edge {kind!r}; {did_you_mean(kind, _EDGE_ENTRIES)}')
    for entry in edge:
        if entry not in _EDGE_ENTRIES[kind]:
            raise ConfigError(path, f'unknown entry {entry!r}; {did_you_mean(entry, _EDGE_ENTRIES[kind])}')
    if kind == 'EMAEdge':
        _check_ema_edge(path, source, target, edge, nodes)
    else:
        _check_transfer_edge(path, source, target, edge)
        _check_gate(f'{path}.gate', source, target, edge, nodes)


def _check_ema_edge(path: str, source: str, target: str, edge: Mapping[str, Any], nodes: Mapping[str, Any]) -> None:
    if source == target or source == LABEL or not class_of(NODES, nodes[source]).has_parameters:
        raise ConfigError(path, 'a moving average needs another network as its source')
    if edge.get('mode', 'train') not in ('train', 'eval'):
        raise ConfigError(f'{path}.mode', f"must be 'train' or 'eval', got {edge['mode']!r}")
    decay = edge.get('decay', 0.999)
    if not isinstance(decay, (int, float)) or not 0 <= decay < 1:
        raise ConfigError(f'{path}.decay', f'must be in [0, 1), got {decay!r}')


def _check_transfer_edge(path: str, source: str, target: str, edge: Mapping[str, Any]) -> None:
    views = edge.get('views') or {}
    if not isinstance(views, Mapping) or not set(views) <= {'source', 'target'}:
        raise ConfigError(f'{path}.views', "must be a dict with the views' names, dict(source=..., target=...)")
    for end, view in views.items():
        if not isinstance(view, str) or not view:
            raise ConfigError(f'{path}.views.{end}', f"must be a view's name, got {view!r}")
    if source == target and views.get('source') == views.get('target'):
        raise ConfigError(path, 'a self edge needs two different views, views=dict(source=..., target=...)')
    weight = edge.get('weight', 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        raise ConfigError(f'{path}.weight', f'must be a number above 0, got {weight!r}; CutoffGate cuts an edge off')
    if not edge.get('loss'):
        raise ConfigError(f'{path}.loss', 'is missing; give a loss such as dict(type="KLDivergence")')
    for loss in list_of_losses(edge):
        allowed = check_type(loss, LOSSES, f'{path}.loss', 'loss').sources
        if (LABEL if source == LABEL else 'node') not in allowed:
            needed = 'the label' if allowed == (LABEL,) else 'a node'
            raise ConfigError(f'{path}.loss', f'{loss["type"]} learns from {needed}, not from {source!r}')
    if edge.get('align') is not None:
        _check_align(f'{path}.align', source, edge['align'])
    _check_samples(path, source, edge)


def _check_gate(path: str, source: str, target: str, edge: Mapping[str, Any], nodes: Mapping[str, Any]) -> None:
    if edge.get('gate') is None:
        return
    gate = edge['gate']
    if source == LABEL and (class_of(GATES, gate).adaptive or 'other_view' in gate):
        raise ConfigError(path, f'{gate["type"]} is for edges between nodes, not from the label')
    if 'other_view' in gate and not isinstance(gate['other_view'], str):
        raise ConfigError(f'{path}.other_view', f"must be a view's name, got {gate['other_view']!r}")
    if isinstance(students := gate.get('students'), (list, tuple)):
        for name in students:
            if name not in nodes:
                raise ConfigError(f'{path}.students', f'no node is named {name!r}; {did_you_mean(name, nodes)}')
        for name in (source, target):
            if name not in students:
                raise ConfigError(f'{path}.students', f'must name both ends of the edge, {name!r} is missing')


def _check_samples(path: str, source: str, edge: Mapping[str, Any]) -> None:
    samples = edge.get('samples')
    if samples not in (None, *SAMPLES):
        raise ConfigError(f'{path}.samples', f'{samples!r} is unknown; {did_you_mean(samples, SAMPLES)}')
    gate = check_type(edge['gate'], GATES, f'{path}.gate', 'gate') if edge.get('gate') is not None else None
    if gate is not None and gate.needs_sample_ids and samples != 'unlabeled' and source != LABEL:
        raise ConfigError(f'{path}.samples', f"must be 'unlabeled': {edge['gate']['type']} keeps count of those")
    if samples in (None, 'labeled'):
        return
    if source == LABEL:
        raise ConfigError(
            f'{path}.samples', f"must be 'labeled', got {samples!r}: the label teaches samples that have one"
        )
    if gate is not None and gate.needs_labels:
        raise ConfigError(f'{path}.samples', f"must be 'labeled', got {samples!r}: {edge['gate']['type']} needs labels")


def _check_align(path: str, source: str, align: Any) -> None:
    if not isinstance(align, Mapping):
        raise ConfigError(path, f"must be a dict such as dict(target='uniform'), got {align!r}")
    if source == LABEL:
        raise ConfigError(path, "is for edges between nodes: the label's distribution is what others are aligned with")
    for entry in align:
        if entry not in _ALIGN_ENTRIES:
            raise ConfigError(path, f'unknown entry {entry!r}; {did_you_mean(entry, _ALIGN_ENTRIES)}')
