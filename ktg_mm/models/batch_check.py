"""Checks that a batch holds what an edge asks for; what the config alone does not show."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor

from ktg_mm.config import LABEL
from ktg_mm.config.check_views import check_made, check_view
from ktg_mm.errors import ConfigError
from ktg_mm.structures import SampleRows

from .edges import TransferEdge
from .views import View


def check_batch(
    edge: TransferEdge,
    inputs: Tensor | dict[str, Tensor],
    rows: SampleRows,
    made: Mapping[str, View] = MappingProxyType({}),
) -> None:
    """Checks that the data pipeline makes the views and the samples that an edge looks at.

    Args:
        edge: The edge.
        inputs: Images of shape (B, channels, height, width), or several views of them by name.
        rows: Which of the samples have a label.
        made: The views that the graph makes itself. Defaults to none.

    Raises:
        ConfigError: If it does not; the message names the edge's key.
    """
    path = f'model.edges[{edge.key!r}]'
    known = None if isinstance(inputs, Tensor) else inputs
    views = [edge.target_view] if edge.source_name == LABEL else [edge.source_view, edge.target_view]
    for view in views:
        check_view(f'{path}.views', view, known, made)
    check_made({name: view.sources for name, view in made.items()}, known)
    needs = list(edge.needs)
    for part_path, part, need in needs:
        for view in need.views(part):
            check_view(f'{part_path}.{need.argument}', view, known, made)
    looked_at = {edge.samples, *(need.samples or edge.samples for *_, need in needs)}
    if any(made[view].relabels for view in edge.views.intersection(made)):  # which is made of both
        looked_at = {'labeled', 'unlabeled'}
    for samples in sorted(looked_at):
        if rows.count(samples) == 0:
            kind = dict(labeled='labelled', unlabeled='unlabelled').get(samples, '')
            raise ConfigError(
                f'{path}.samples',
                f'the batch has no {kind} samples, which the edge looks at; give train_dataloader.sampler some with '
                f'{samples}=...',
            )
