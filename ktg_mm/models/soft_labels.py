"""Labels that are probabilities: mixed by batch augmentations, or so in the data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ktg_mm.errors import ConfigError

if TYPE_CHECKING:
    from .edges import TransferEdge

_DATASET = 'train_dataloader.dataset'


def labels_of(
    data_samples: Sequence[DataSample], num_classes: int | None = None, size: int | None = None
) -> tuple[Tensor, Tensor | None]:
    """The labels of a batch.

    Args:
        data_samples: One per image, with a ``gt_label`` of one class, a ``gt_score`` of shape (C,), or both; or one
            per chunk of a text, with a ``gt_label`` of all its tokens.
        num_classes: What C must be. Defaults to None: anything.
        size: How many samples there are. Defaults to None: one per data sample.

    Returns:
        Classes, integers of shape (B,), and soft labels of shape (B, C); None if the samples have none.

    Raises:
        ConfigError: If a sample has none of the two, some alone have a ``gt_score``, one has several classes, or C is
            wrong.

    Example:
        >>> labels_of([DataSample().set_gt_score([0.2, 0.8])])
        (tensor([1]), tensor([[0.2000, 0.8000]]))
    """
    scores = _scores(data_samples)
    if scores is not None and num_classes not in (None, scores.shape[1]):
        raise ConfigError(
            _DATASET, f'a gt_score has {scores.shape[1]} classes, but the networks have {num_classes}; must be the same'
        )
    if all('gt_label' in sample for sample in data_samples):
        labels = torch.cat([sample.gt_label for sample in data_samples])
    elif scores is not None:
        labels = scores.argmax(dim=1)
    else:
        raise ConfigError(_DATASET, 'its samples have no gt_label; a graph learns labelled images, or -1 for no label')
    if len(labels) != (size or len(data_samples)):
        raise ConfigError(
            _DATASET, 'its samples have several classes each; must have one: a graph learns no multi-label'
        )
    return labels, scores


def _scores(data_samples: Sequence[DataSample]) -> Tensor | None:
    """The soft labels of a batch, (B, C), None if there are none."""
    sizes = {len(sample.gt_score) if 'gt_score' in sample else None for sample in data_samples}
    if len(sizes) > 1:
        raise ConfigError(_DATASET, 'samples must have a gt_score of the same number of classes, all or none of them')
    return None if None in sizes else torch.stack([sample.gt_score for sample in data_samples])


def check_scores(data_samples: Sequence[DataSample]) -> None:
    """Refuses soft labels of a data set that are no probabilities; those on a device are not looked at.

    Args:
        data_samples: Those of the loader, at least one.

    Raises:
        ConfigError: If there is one, or some samples alone have one.
    """
    scores = _scores(data_samples)
    if scores is not None and scores.device.type == 'cpu':
        totals = scores.sum(dim=1)
        wrong = ((totals - 1).abs() < 1e-3).logical_not() | (scores < 0).any(dim=1)
        if wrong.any():
            raise ConfigError(
                _DATASET,
                f'a gt_score adds up to {float(totals[wrong][0]):g} or has a negative entry; must be probabilities '
                'that add up to 1: a graph learns one class of an image, not several',
            )


def prepare_soft_labels(preprocessor: nn.Module, edges: Mapping[str, TransferEdge], num_classes: int | None) -> None:
    """Refuses edges that cannot work with the soft labels that the preprocessor will make, and tells it of the classes.

    Args:
        preprocessor: The graph's.
        edges: The graph's edges that are computed, by key.
        num_classes: Number of classes, None if it is not known.

    Raises:
        ConfigError: If an edge asks for a sample's one class, or for images or samples that cannot be mixed.
    """
    mixes = getattr(preprocessor, 'batch_augments', None) is not None
    if not (mixes or getattr(preprocessor, 'to_onehot', False)):
        return
    key = 'data_preprocessor.batch_augments' if mixes else 'data_preprocessor.to_onehot'
    if preprocessor.num_classes is None:
        if num_classes is None:
            raise ConfigError('data_preprocessor.num_classes', f'is missing; {key} needs it')
        preprocessor.num_classes = num_classes
    for edge in edges.values():
        edge.refuse_soft_labels(key)
        what = 'samples without a label' if edge.samples == 'unlabeled' else None
        if mixes and edge.views:
            what = 'several views of an image'
        if what is not None:
            raise ConfigError(key, f'cannot mix {what}, which model.edges[{edge.key!r}] looks at; leave it out')
