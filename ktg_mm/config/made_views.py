"""The views of the images that a graph makes itself: checks, and what becomes of them in a smaller graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from torch import nn

from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.registry import VIEWS

from .check_argument import check_text, split_argument
from .edge_config import EdgeConfig
from .type_check import check_type, class_of

if TYPE_CHECKING:
    from .graph_config import GraphConfig


def check_made_views(graph: GraphConfig) -> None:
    """Checks ``model.views``, but for what the data pipeline makes.

    Args:
        graph: The graph, whose nodes are sound.

    Raises:
        ConfigError: At the first mistake.
    """
    views = graph.model.get('views')
    if views is None:
        return
    if not isinstance(views, Mapping):
        raise ConfigError('model.views', f'must be a dict of the views that the graph makes, got {views!r}')
    for name, view in views.items():
        path = f'model.views.{name}'
        if not isinstance(name, str) or not re.fullmatch(r'\w+', name):
            raise ConfigError(path, "a view's name must be letters, digits and _")
        if hasattr(nn.ModuleDict, name) or name == 'training':
            raise ConfigError(path, f'{name!r} is a word of torch; give the view another name, such as {name + "1"!r}')
        check_type(view, VIEWS, path, 'made view')
        node = view.get('node')
        if not isinstance(node, str) or node not in graph.nodes:
            problem = 'is missing' if node is None else f'no node is named {node!r}'
            raise ConfigError(f'{path}.node', f'{problem}; {did_you_mean(node or "", graph.nodes)}')
        for of in sources_of(view):
            try:
                check_text('of', of, "a view's name")
            except ValueError as error:
                raise ConfigError(f'{path}.of', split_argument(str(error))[1]) from error
            if of in views:
                raise ConfigError(f'{path}.of', f'{of!r} is made by the graph; name a view of the data pipeline')
        if not getattr(class_of(VIEWS, view), 'takes_gradients', True):
            continue
        for other in sorted(graph.made_of([node])):
            backbone = (graph.nodes[other].get('network') or {}).get('backbone')
            if isinstance(backbone, Mapping) and backbone.get('with_cp'):
                raise ConfigError(
                    f'model.nodes.{other}.network.backbone.with_cp',
                    f"must be False, as {name!r} asks for the images' gradient alone, which torch cannot take of a "
                    'part that it computes again',
                )


def check_lookers(graph: GraphConfig) -> None:
    """Refuses a loss about views of one type that looks at another one, and labels that samples do not have.

    Args:
        graph: The graph, whose edges are sound.

    Raises:
        ConfigError: If there is one.
    """
    for edge in graph.edges.values():
        _check_labels(edge, graph.made_views)
        for loss in edge.losses:
            wanted, name = loss.says('of_made_view'), edge.view('target')
            made = graph.made_views.get(name) if name else None
            if wanted and (not isinstance(made, Mapping) or made.get('type') != wanted):
                raise ConfigError(
                    f'{edge.path}.views',
                    f'must name a {wanted} of model.views, which {loss.cfg["type"]} is about, got {name!r}',
                )


def _check_labels(edge: EdgeConfig, views: Mapping[str, Any]) -> None:
    """Refuses labels of samples that have none, and other than label edges in a view that relabels its images."""
    relabeled = [view for _, view in edge.views if _relabels(views.get(view or ''))]
    if edge.from_label and edge.samples != 'labeled' and not relabeled:
        raise ConfigError(
            f'{edge.path}.samples', f"must be 'labeled', got {edge.samples!r}: the label teaches samples that have one"
        )
    if relabeled and not edge.from_label:
        raise ConfigError(
            f'{edge.path}.views',
            f'{relabeled[0]!r} has images and labels of its own, which the label alone teaches with; '
            f"let the edge be 'label->{edge.target}', or name another view",
        )
    for part in edge.parts if relabeled else ():
        if any(need.needs_classes for need in part.needs):
            raise ConfigError(
                part.path,
                f'{part.cfg["type"]} asks for the one true class of a sample, which images of {relabeled[0]!r} do not '
                'have; take another',
            )


def _relabels(view: Any) -> bool:
    known = isinstance(view, Mapping) and 'type' in view
    return known and getattr(class_of(VIEWS, view), 'relabels', False)


def sources_of(view: Mapping[str, Any]) -> list[Any]:
    """What a view is made of, as its config has it: one view of the data pipeline or, if it relabels images, several.

    Example:
        >>> import ktg_mm.models
        >>> sources_of(dict(type='RotatedView', node='net1')), sources_of(dict(type='MixedView', of=['weak', 'strong']))
        ([None], ['weak', 'strong'])
    """
    of = view.get('of')
    return list(of) if isinstance(of, (list, tuple)) and _relabels(view) else [of]


def views_of(edges: Iterable[EdgeConfig]) -> set[str]:
    """The views with a name that some edges and their parts look at.

    Example:
        >>> import ktg_mm.models
        >>> edge = dict(loss=dict(type='KLDivergence'), views=dict(source='weak', target='adversarial'))
        >>> sorted(views_of([EdgeConfig('net1->net1', edge)]))
        ['adversarial', 'weak']
    """
    return {view for edge in edges for _, view in edge.views if view is not None}


def with_views_in_use(model: Mapping[str, Any]) -> dict[str, Any]:
    """A ``model`` of a config without the views of its making that no edge looks at.

    Example:
        >>> with_views_in_use(dict(edges={}, views=dict(adversarial=dict(node='net1'))))
        {'edges': {}}
    """
    changed = {key: value for key, value in model.items() if key != 'views'}
    if model.get('views'):
        used = views_of(EdgeConfig(key, cfg) for key, cfg in (model.get('edges') or {}).items())
        if views := {name: dict(view) for name, view in model['views'].items() if name in used}:
            changed['views'] = views
    return changed


def without_views_by(model: dict[str, Any], node: str) -> None:
    """Takes the views that a node makes out of ``model``, in place, with the edges that look at them.

    Example:
        >>> model = dict(edges={}, views=dict(adversarial=dict(node='net1')))
        >>> without_views_by(model, 'net1')
        >>> model
        {'edges': {}, 'views': {}}
    """
    gone = {name for name, view in (model.get('views') or {}).items() if view.get('node') == node}
    if gone:
        model['views'] = {name: view for name, view in model['views'].items() if name not in gone}
        for key in [key for key, cfg in model['edges'].items() if gone & views_of([EdgeConfig(key, cfg)])]:
            del model['edges'][key]
