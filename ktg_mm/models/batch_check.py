"""Checks that a batch holds what an edge asks for; what the config alone does not show."""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor

from ktg_mm.errors import ConfigError
from ktg_mm.structures import SampleRows

from .edge_spec import LABEL
from .edges import TransferEdge


def check_batch(edge: TransferEdge, inputs: Tensor | dict[str, Tensor], rows: SampleRows) -> None:
    """Checks that the data pipeline makes the views and the samples that an edge looks at.

    Args:
        edge: The edge.
        inputs: Images of shape (B, channels, height, width), or several views of them by name.
        rows: Which of the samples have a label.

    Raises:
        ConfigError: If it does not; the message names the edge's key.
    """
    path = f'model.edges[{edge.key!r}]'
    known = None if isinstance(inputs, Tensor) else inputs
    views = [edge.target_view] if edge.source_name == LABEL else [edge.source_view, edge.target_view]
    for view in views:
        check_view(f'{path}.views', view, known)
    if edge.gate.other_view is not None:
        check_view(f'{path}.gate.other_view', edge.gate.other_view, known)
    for samples in {edge.samples, 'labeled' if edge.needs_labeled_source else edge.samples}:
        if rows.count(samples) == 0:
            kind = dict(labeled='labelled', unlabeled='unlabelled').get(samples, '')
            raise ConfigError(
                f'{path}.samples',
                f'the batch has no {kind} samples, which the edge looks at; give train_dataloader.sampler some with '
                f'{samples}=...',
            )


def check_view(key: str, view: str | None, known: Collection[str] | None) -> None:
    """Checks that the data pipeline makes a view.

    Args:
        key: The config key that asks for it.
        view: Its name, None for the only view.
        known: The names of the views that are made, None if there is one without a name.

    Raises:
        ConfigError: If it does not.
    """
    if known is None:
        if view is not None:
            raise ConfigError(
                key,
                f'asks for the view {view!r}, but the data pipeline makes one view without a name; '
                f"dict(type='Views', {view}=[...]) in train_dataloader.dataset.pipeline makes views with names",
            )
    elif view not in known:
        asks = 'names no view' if view is None else f'asks for the view {view!r}'
        raise ConfigError(key, f'{asks}, but the data pipeline makes {", ".join(sorted(known))}; name one of these')
