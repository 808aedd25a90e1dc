"""What all nodes share."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from ktg_mm.config.check_argument import check_flag
from ktg_mm.structures import NodeOutput


class Node(BaseModule):
    """A node of the graph: something that predicts classes.

    Attributes:
        inputs: Names of the nodes whose outputs this node reads; empty if it reads the batch.
        has_attention_branch: True if the outputs hold attention logits.
        detach: Whether gradients end at the node, and do not reach what it reads.
        has_parameters: True if the node can learn (or must be given a checkpoint).
        detached_members: How many of the first nodes that it reads gradients do not reach through it, in any case.
        ordered: True if it matters in which order the node reads others.
        shared: Modules of the node that belong to another one.
    """

    has_parameters = True
    has_attention_branch = False
    detached_members = 0
    ordered = False

    def __init__(self, inputs: Sequence[str] = (), init_cfg: dict | None = None, detach: bool = True) -> None:
        super().__init__(init_cfg)
        self.inputs = list(inputs)
        self.detach = check_flag('detach', detach)
        self.frozen = False
        self.shared: list[nn.Module] = []

    def reads(self) -> dict[str, tuple[str, ...]]:
        """The layers whose features it reads, by the names of the nodes that have them; logits it reads anyway."""
        return {name: () for name in self.inputs}

    def set_shapes(self, shapes: Mapping[str, Mapping[str, torch.Size]]) -> None:
        """Tells the node the shapes of the features that it reads, once, before anything else.

        Args:
            shapes: By node and layer, as :meth:`ask_for_features` returns them.

        Raises:
            ValueError: If it cannot work with them.
        """

    def set_num_classes(self, num_classes: int) -> None:
        """Tells the node the number of classes, once, before its shapes."""

    def own_parameters(self) -> Iterator[nn.Parameter]:
        """Yields the parameters that belong to no other node."""
        others = {parameter for module in self.shared for parameter in module.parameters()}
        return (parameter for parameter in self.parameters() if parameter not in others)

    def freeze(self) -> None:
        """Makes the node a frozen teacher: no gradients, eval mode for good."""
        for parameter in self.own_parameters():
            parameter.requires_grad_(False)
        self.frozen = True
        self.train(False)

    def train(self, mode: bool = True) -> 'Node':
        """Sets training mode, which a frozen node ignores; modules of another node keep theirs, and go on learning."""
        modes = [(module, module.training) for shared in self.shared for module in shared.modules()]
        learn = [(one, one.requires_grad) for shared in self.shared for one in shared.parameters()]
        super().train(mode and not self.frozen)
        for module, kept in modes:
            module.training = kept
        for one, kept in learn:  # mmpretrain's frozen_stages stop parameters here
            one.requires_grad_(kept)
        return self

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

    def classifier(self) -> Tensor:
        """The matrix of the linear layer that gives the logits, shape (C, D).

        Raises:
            ValueError: If there is none.
        """
        raise ValueError(f'has no linear classifier, as it is of type {type(self).__name__}')

    def forward(self, inputs: Tensor | list[NodeOutput]) -> NodeOutput:
        """Predicts.

        Args:
            inputs: Images of shape (B, channels, height, width), or the outputs of the nodes in :attr:`inputs`.

        Returns:
            The output, logits of shape (B, C).
        """
        raise NotImplementedError
