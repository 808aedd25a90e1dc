"""Checks that a batch holds what an edge asks for; what the config alone does not show."""

from __future__ import annotations

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
    views = [edge.target_view] if edge.source_name == LABEL else [edge.source_view, edge.target_view]
    for view in views:
        _check_view(f'{path}.views', view, inputs)
    if edge.gate.other_view is not None:
        _check_view(f'{path}.gate.other_view', edge.gate.other_view, inputs)
    for samples in {edge.samples, 'labeled' if edge.needs_labeled_source else edge.samples}:
        if rows.count(samples) == 0:
            kind = dict(labeled='labelled', unlabeled='unlabelled').get(samples, '')
            raise ConfigError(
                f'{path}.samples',
                f'the batch has no {kind} samples, which the edge looks at; give train_dataloader.sampler some with '
                f'{samples}=...',
            )


def _check_view(key: str, view: str | None, inputs: Tensor | dict[str, Tensor]) -> None:
    if isinstance(inputs, Tensor):
        if view is not None:
            raise ConfigError(key, f'asks for the view {view!r}, but the data pipeline makes one view without a name')
    elif view not in inputs:
        asks = 'names no view' if view is None else f'asks for the view {view!r}'
        raise ConfigError(key, f'{asks}, but the data pipeline makes {", ".join(sorted(inputs))}; name one of these')
