"""Checks an edge's config before anything is built."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.registry import GATES, NODES

from .check_argument import split_argument
from .check_number import check_number
from .edge_config import LABEL, EdgeConfig, PartConfig
from .type_check import check_type, class_of

SAMPLES = ('labeled', 'unlabeled', 'all')
_ENTRIES = {
    'TransferEdge': {'type', 'loss', 'gate', 'weight', 'views', 'samples', 'align', 'detach'},
    'EMAEdge': {'type', 'decay', 'mode'},
}


def check_edge(edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
    """Checks an edge on its own.

    Args:
        edge: The edge.
        nodes: ``model.nodes``.

    Raises:
        ConfigError: At the first mistake.
    """
    path, source, target, cfg = edge.path, edge.source, edge.target, edge.cfg
    if source != LABEL and source not in nodes:
        raise ConfigError(path, f'no node is named {source!r}; {did_you_mean(source, [*nodes, LABEL])}')
    if target not in nodes:
        raise ConfigError(path, f'no node is named {target!r}; {did_you_mean(target, nodes)}')
    if not isinstance(cfg, Mapping):
        raise ConfigError(path, f'must be a dict with a loss such as dict(loss=dict(type="KLDivergence")), got {cfg!r}')
    kind = cfg.get('type', 'TransferEdge')
    if not isinstance(kind, str) or kind not in _ENTRIES:
        raise ConfigError(f'{path}.type', f'unknown edge {kind!r}; {did_you_mean(kind, _ENTRIES)}')
    for entry in cfg:
        if entry not in _ENTRIES[kind]:
            raise ConfigError(path, f'unknown entry {entry!r}; {did_you_mean(entry, _ENTRIES[kind])}')
    if edge.is_average:
        _check_average(edge, nodes)
    else:
        _check_transfer(edge, nodes)


def _check_average(edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
    path, cfg = edge.path, edge.cfg
    node = nodes.get(edge.source, {})
    # What an ensemble says is a matter of its members, which are no averages.
    is_network = not edge.from_label and class_of(NODES, node).has_parameters and not node.get('members')
    if edge.source == edge.target or not is_network:
        raise ConfigError(path, 'a moving average needs another network as its source')
    if cfg.get('mode', 'train') not in ('train', 'eval'):
        raise ConfigError(f'{path}.mode', f"must be 'train' or 'eval', got {cfg['mode']!r}")
    try:
        check_number('decay', cfg.get('decay', 0.999), '[0, 1)')
    except ValueError as error:
        raise ConfigError(f'{path}.decay', split_argument(str(error))[1]) from error


def _check_transfer(edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
    path, cfg = edge.path, edge.cfg
    _check_views(path, cfg.get('views') or {})
    if edge.from_label and edge.view('source') is not None:
        raise ConfigError(f'{path}.views.source', 'is not read: the label has no view; give views=dict(target=...)')
    one_view = edge.source == edge.target and edge.view('source') == edge.view('target')
    if one_view and not (edge.losses and all(loss.inner.says('of_target') for loss in edge.losses)):
        raise ConfigError(path, 'a self edge needs two different views, views=dict(source=..., target=...)')
    if not isinstance(detach := cfg.get('detach', True), bool) or (edge.from_label and 'detach' in cfg):
        problem = (
            f'must be True or False, got {detach!r}' if not edge.from_label else 'is not read: a label learns nothing'
        )
        raise ConfigError(f'{path}.detach', problem)
    weight = cfg.get('weight', 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        raise ConfigError(f'{path}.weight', f'must be a number above 0, got {weight!r}; CutoffGate cuts an edge off')
    if not cfg.get('loss'):
        raise ConfigError(f'{path}.loss', 'is missing; give a loss such as dict(type="KLDivergence")')
    if not isinstance(align := cfg.get('align', {}), (Mapping, type(None))):
        raise ConfigError(f'{path}.align', f"must be a dict such as dict(target='uniform'), got {align!r}")
    for part in (*edge.losses, *edge.parts):
        check_type(part.cfg, part.registry, part.path, part.path.rpartition('.')[2])
    losses = [loss.inner for loss in edge.losses]
    for loss in losses:
        allowed = loss.says('sources')
        if (LABEL if edge.from_label else 'node') not in allowed:
            needed = 'the label' if allowed == (LABEL,) else 'a node'
            raise ConfigError(loss.path, f'{loss.cfg["type"]} learns from {needed}, not from {edge.source!r}')
        if loss.says('of_target') and edge.source != edge.target:
            own = f"'{edge.target}->{edge.target}:suffix'"
            raise ConfigError(loss.path, f'{loss.cfg["type"]} looks at the target alone; let the edge be {own}')
    if not edge.detach and not any(_teaches_source(loss) for loss in losses):
        names = ' and '.join(loss.cfg['type'] for loss in losses)
        raise ConfigError(f'{path}.detach', f'must be True: {names} has no gradient for the source to learn from')
    if edge.from_label and edge.align is not None:
        raise ConfigError(
            edge.align.path, "is for edges between nodes: the label's distribution is what others are aligned with"
        )
    _check_samples(edge)
    for part in edge.parts:
        _check_needs(part, edge, nodes)
    if len(others := {view for part in edge.parts for need in part.needs for view in need.views(part.arguments)}) > 1:
        raise ConfigError(path, f'its parts look at the views {", ".join(sorted(others))}; all must name the same one')


def _teaches_source(loss: PartConfig) -> bool:
    how = loss.says('teaches_source')
    return loss.arguments.get(how) is not None if isinstance(how, str) else bool(how)


def _check_views(path: str, views: Any) -> None:
    if not isinstance(views, Mapping) or not set(views) <= {'source', 'target'}:
        raise ConfigError(f'{path}.views', "must be a dict with the views' names, dict(source=..., target=...)")
    for end, view in views.items():
        if not isinstance(view, str) or not view:
            raise ConfigError(f'{path}.views.{end}', f"must be a view's name, got {view!r}")


def _check_samples(edge: EdgeConfig) -> None:
    samples = edge.cfg.get('samples')
    if samples not in (None, *SAMPLES):
        raise ConfigError(f'{edge.path}.samples', f'{samples!r} is unknown; {did_you_mean(samples, SAMPLES)}')


def _check_needs(part: PartConfig, edge: EdgeConfig, nodes: Mapping[str, Any]) -> None:
    # A loss says itself who may teach through it.
    looks_at_nodes = part.registry is GATES and part.says('adaptive')
    looks_at_nodes = looks_at_nodes or any(need.between_nodes for need in part.needs)
    if edge.from_label and looks_at_nodes:
        raise ConfigError(part.path, f'{part.cfg["type"]} is for edges between nodes, not from the label')
    for need in part.needs:
        need.check(part, edge, nodes)
