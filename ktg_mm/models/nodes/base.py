"""What all nodes share."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor

from ktg_mm.structures import NodeOutput


class Node(BaseModule):
    """A node of the graph: something that predicts classes.

    Attributes:
        inputs: Names of the nodes whose outputs this node reads; empty if it reads the batch.
        has_attention_branch: True if the outputs hold attention logits.
        has_parameters: True if the node can learn (or must be given a checkpoint).
    """

    has_parameters = True
    has_attention_branch = False

    def __init__(self, inputs: Sequence[str] = (), init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.inputs = list(inputs)

    def numbers_of_classes(self) -> dict[str, int]:
        """The numbers of classes that the node's config gives, by their keys in it; they must be the same."""
        return {}

    def ask_for_attention(self) -> None:
        """Makes the following outputs hold attention maps.

        Raises:
            ValueError: If the node has none.
        """
        raise ValueError(f'has no attention map, as it is of type {type(self).__name__}')

    def ask_for_features(self, layers: Sequence[str]) -> Mapping[str, torch.Size]:
        """Makes the following outputs hold features.

        Args:
            layers: Their names: a module, such as ``'backbone.layer2'``; ``'map'``, the last feature map; or
                ``'embedding'``, the classifier's input.

        Returns:
            The shape of each, without the samples: (C, H, W) or (D,), as :func:`~ktg_mm.models.nodes.probe.probe` does.

        Raises:
            ValueError: If the node has no such feature.
        """
        raise ValueError(f'has no features, as it is of type {type(self).__name__}')

    def forward(self, inputs: Tensor | list[NodeOutput]) -> NodeOutput:
        """Predicts.

        Args:
            inputs: Images of shape (B, channels, height, width), or the outputs of the nodes in :attr:`inputs`.

        Returns:
            The output, logits of shape (B, C).
        """
        raise NotImplementedError
