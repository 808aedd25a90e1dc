"""Ensemble of a student and assistants that add to its feature map what it lacks."""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput, full_precision

from .learned_ensemble import LearnedEnsembleNode


@NODES.register_module()
class ResidualNode(LearnedEnsembleNode):
    """Residual knowledge distillation: the sum of the members' feature maps, with a classifier of its own.

    Gao et al., arXiv 2002.09168, 2020: a student learns its teacher's feature map, an assistant what is left,
    ``F_assistant = F_teacher - F_student``; both say something together. The first member is the student, whose map is
    detached: what ends here teaches the others alone, so that an edge of features from the teacher teaches them the
    residual. The node offers the sum to such an edge as ``'map'``, and its mean over the cells as ``'embedding'``. How
    the sum becomes classes the paper's abstract does not say: by a linear layer on that mean, here. The student and the
    assistant of the paper are one network cut in two by its channels: two networks of fewer channels, here.

    Args:
        members: Names of the student and of its assistants; at least two, each once.
        layer: Their layer, a feature map of one shape. Defaults to ``'map'``, the last one.
        detach: Whether gradients end here, and do not reach the assistants. Defaults to False.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> node = ResidualNode(members=['student', 'assistant'])
        >>> node.set_num_classes(5)
        >>> node.set_shapes({name: dict(map=torch.Size([8, 4, 4])) for name in ('student', 'assistant')})
        >>> outputs = [NodeOutput(torch.rand(3, 5), features=dict(map=torch.ones(3, 8, 4, 4))) for _ in range(2)]
        >>> said = node(outputs)
        >>> said.logits.shape, float(said.features['map'].mean())
        (torch.Size([3, 5]), 2.0)
    """

    detached_members = 1
    ordered = True

    def __init__(self, members: Sequence[str], layer: str = 'map', detach: bool = False) -> None:
        super().__init__(members, layer, detach)
        self.num_classes: int | None = None
        self.shape = torch.Size()

    def set_num_classes(self, num_classes: int) -> None:
        """Keeps the number of classes."""
        self.num_classes = num_classes

    def set_shapes(self, shapes: Mapping[str, Mapping[str, torch.Size]]) -> None:
        """Makes the classifier."""
        if self.num_classes is None:
            raise ValueError('needs the number of classes; give data_preprocessor.num_classes')
        found = {name: tuple(shapes[name][self.layer]) for name in self.inputs}
        self.shape = torch.Size(found[self.inputs[0]])
        if len(self.shape) != 3 or len(set(found.values())) > 1:
            text = ', '.join(f'{name} {" x ".join(map(str, shape))}' for name, shape in found.items())
            raise ValueError(f'layer: members must have feature maps of one shape to be added up; {text}')
        self.head = nn.Linear(self.shape[0], self.num_classes)

    def ask_for_features(self, layers: Sequence[str]) -> Mapping[str, torch.Size]:
        """The shapes of the sum, ``'map'``, and of its mean, ``'embedding'``, which are always there."""
        known = dict(map=self.shape, embedding=self.shape[:1])
        for layer in layers:
            if layer not in known:
                raise ValueError(f"layers: has no {layer!r}, but 'map' and 'embedding'")
        return {layer: known[layer] for layer in layers}

    def classifier(self) -> Tensor:
        """The matrix of the linear classifier, shape (C, D)."""
        return cast(nn.Linear, self.head).weight

    def forward(self, inputs: list[NodeOutput]) -> NodeOutput:  # type: ignore[override]
        """Returns the sum, its mean, and the classifier's logits of shape (B, C)."""
        student, *assistants = (full_precision(output.features[self.layer]) for output in inputs)
        total = student.detach() + torch.stack(assistants).sum(dim=0)
        embedding = total.mean(dim=(2, 3))
        return NodeOutput(self.head(embedding), features=dict(map=total, embedding=embedding))
