"""Checks that the data pipeline makes the views of the images that the edges look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mmpretrain.registry import TRANSFORMS

from ktg_mm.errors import ConfigError

from .graph_config import GraphConfig
from .made_views import sources_of, views_of
from .type_check import class_of

# Whose steps of a pipeline make no views with names, but for Views.
_OWN_PACKAGES = ('ktg_mm', 'mmcv', 'mmpretrain')


def check_views(graph: GraphConfig, loader: Mapping[str, Any] | None) -> None:
    """Refuses an edge that looks at a view which nobody makes, and a view of the graph's making that none looks at.

    Args:
        graph: A checked graph.
        loader: ``train_dataloader``, of which each step of the pipeline exists; None if there is none.

    Raises:
        ConfigError: If there is one, or PackInputs comes after Views.
    """
    _check_pipeline(graph, loader)
    for name in graph.made_views:
        if name not in views_of(graph.edges.values()):
            raise ConfigError(
                f'model.views.{name}', f"no edge looks at it; name it in an edge's views, views=dict(target={name!r})"
            )


def _check_pipeline(graph: GraphConfig, loader: Mapping[str, Any] | None) -> None:
    dataset = (loader or {}).get('dataset')
    while isinstance(dataset, Mapping) and 'pipeline' not in dataset:  # wrappers
        dataset = dataset.get('dataset')
    steps = dataset['pipeline'] if isinstance(dataset, Mapping) else None
    if not isinstance(steps, (list, tuple)):
        return
    known: Collection[str] | None = None
    for step in steps:
        if not isinstance(step, Mapping) or 'type' not in step:
            return  # refused where it is built
        found = class_of(TRANSFORMS, step)
        if 'transforms' in step or found.__module__.split('.')[0] not in _OWN_PACKAGES:
            return  # may make views, too
        if found.__name__ == 'Views':
            known = step.keys() - {'type', '_scope_'}
            if not known:
                return  # it says so itself when it is built
        if found.__name__ == 'PackInputs' and known is not None:
            raise ConfigError('train_dataloader.dataset.pipeline', 'after Views comes PackViews, not PackInputs')
    check_made({name: sources_of(view) for name, view in graph.made_views.items()}, known)
    for key in graph.learning_edges:
        for path, view in graph.edges[key].views:
            check_view(path, view, known, graph.made_views)


def check_made(made: Mapping[str, Sequence[str | None]], known: Collection[str] | None) -> None:
    """Checks that the data pipeline makes what the graph makes views of, and none of these themselves.

    Args:
        made: What each view is made of, by its name.
        known: The names of the views that the pipeline makes, None if there is one without a name.

    Raises:
        ConfigError: If it does not.
    """
    for name, sources in made.items():
        if name in (known or ()):
            raise ConfigError(f'model.views.{name}', 'the data pipeline makes a view of this name; take another name')
        for of in sources:
            check_view(f'model.views.{name}.of', of, known)


def check_view(key: str, view: str | None, known: Collection[str] | None, made: Collection[str] = ()) -> None:
    """Checks that the data pipeline or the graph makes a view.

    Args:
        key: The config key that asks for it.
        view: Its name, None for the only view of the pipeline.
        known: The names of the views that the pipeline makes, None if there is one without a name.
        made: The names of the views that the graph makes. Defaults to none.

    Raises:
        ConfigError: If neither does.
    """
    if view in made:
        return
    and_graph = f', and the graph makes {", ".join(sorted(made))}' if made else ''
    if known is None:
        if view is not None:
            raise ConfigError(
                key,
                f'asks for the view {view!r}, but the data pipeline makes one view without a name{and_graph}; '
                f"dict(type='Views', {view}=[...]) in train_dataloader.dataset.pipeline makes views with names",
            )
    elif view not in known:
        asks = 'names no view' if view is None else f'asks for the view {view!r}'
        pipeline = f'the data pipeline makes {", ".join(sorted(known))}{and_graph}'
        raise ConfigError(key, f'{asks}, but {pipeline}; name one of these')
