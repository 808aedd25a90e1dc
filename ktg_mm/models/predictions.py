"""What nodes say, as data samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmpretrain.structures import DataSample

from ktg_mm.structures import NodeOutput


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
    names = tuple(outputs)
    labels = scores[:, names.index(target)].argmax(dim=1)
    for sample, score, label in zip(data_samples, scores, labels, strict=True):
        if 'gt_score' in sample and 'gt_label' not in sample:  # metrics ask for a class
            sample.set_gt_label(sample.gt_score.argmax())
        sample.set_pred_score(score[names.index(target)]).set_pred_label(label)
        sample.set_field(score, 'node_scores', dtype=torch.Tensor)
        sample.set_metainfo(dict(node_names=names, network_names=tuple(networks)))
    return data_samples
