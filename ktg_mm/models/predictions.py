"""What nodes say, as data samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from ktg_mm.errors import ConfigError
from ktg_mm.structures import NodeOutput, full_precision


def predictions(
    outputs: Mapping[str, NodeOutput], data_samples: list[DataSample] | None, target: str, networks: Sequence[str]
) -> list[DataSample]:
    """Writes the predictions of all nodes into data samples.

    Args:
        outputs: What each node says of the B images.
        data_samples: One per image, to be filled in; None for new ones.
        target: The node whose prediction is the sample's.
        networks: The nodes that are no ensembles.

    Returns:
        The data samples, with the target's probabilities ``pred_score`` (C,) and ``pred_label``, and all nodes'
        probabilities ``node_scores`` (K, C) on the CPU, K in the order of the metainfo ``node_names``; the metainfo
        ``network_names`` has the networks.

    Example:
        >>> sample = predictions({'a': NodeOutput(torch.zeros(1, 2))}, None, 'a', ['a'])[0]
        >>> sample.node_scores
        tensor([[0.5000, 0.5000]])
    """
    # One copy to the host for all nodes and samples.
    scores = torch.stack([output.probabilities() for output in outputs.values()], dim=1).float().cpu()
    if data_samples is None:
        data_samples = [DataSample() for _ in scores]
    names, networks = tuple(outputs), tuple(networks)
    place = names.index(target)
    labels = scores[:, place].argmax(dim=1)
    for sample, score, label in zip(data_samples, scores, labels, strict=True):
        if 'gt_score' in sample and 'gt_label' not in sample:  # metrics ask for a class
            sample.set_gt_label(sample.gt_score.argmax())
        sample.set_pred_score(score[place]).set_pred_label(label)
        sample.set_field(score, 'node_scores', dtype=torch.Tensor)
        # Not by set_metainfo, which would copy the names for every sample.
        sample.set_field(names, 'node_names', field_type='metainfo')
        sample.set_field(networks, 'network_names', field_type='metainfo')
    return data_samples


def token_predictions(
    outputs: Mapping[str, NodeOutput], data_samples: list[DataSample], target: str, networks: Sequence[str]
) -> list[DataSample]:
    """Writes the predictions of all nodes for B chunks of L tokens into data samples.

    Of all V probabilities of a token only that of the true one is kept: a vocabulary is large.

    Args:
        outputs: What each node says of the B * L tokens.
        data_samples: One per chunk, to be filled in.
        target: The node whose prediction is the sample's.
        networks: The nodes that are no ensembles.

    Returns:
        The data samples, with the target's ``pred_label`` (L,) and, where they have a ``gt_label`` (L,), all nodes'
        ``node_log_probabilities`` (K, L) of it on the CPU, which mean nothing where it is -1; metainfo as above.

    Raises:
        ConfigError: If the networks predict another number of tokens than have labels.

    Example:
        >>> sample = DataSample().set_gt_label([1, 0])
        >>> token_predictions({'a': NodeOutput(torch.zeros(2, 2))}, [sample], 'a', ['a'])[0].node_log_probabilities
        tensor([[-0.6931, -0.6931]])
    """
    number = len(data_samples)
    predicted = outputs[target].predicted.view(number, -1).cpu()
    metainfo = dict(node_names=tuple(outputs), network_names=tuple(networks))
    for sample, labels in zip(data_samples, predicted, strict=True):
        sample.set_pred_label(labels).set_metainfo(metainfo)
    if all('gt_label' in sample for sample in data_samples):
        labels = torch.cat([sample.gt_label for sample in data_samples]).clamp(min=0)
        check_length(outputs[target].logits, len(labels))
        found = [-F.cross_entropy(full_precision(one.logits), labels, reduction='none') for one in outputs.values()]
        values = torch.stack(found).float().cpu().unflatten(1, (number, -1))
        for i, sample in enumerate(data_samples):
            sample.set_field(values[:, i].clone(), 'node_log_probabilities', dtype=torch.Tensor)
    return data_samples


def check_length(logits: torch.Tensor, labels: int) -> None:
    """Refuses networks that predict other tokens than those that have labels.

    Args:
        logits: A node's, (B * L, V).
        labels: How many there are.

    Raises:
        ConfigError: If the numbers differ.
    """
    if len(logits) != labels:
        raise ConfigError(
            'train_dataloader.dataset.length',
            f'the batch has labels of {labels} tokens, but a network of model.nodes predicts {len(logits)}; length '
            'must be the same in all networks and data sets',
        )
