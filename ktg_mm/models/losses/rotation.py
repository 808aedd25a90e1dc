"""Rotation as a task."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ktg_mm.config.check_argument import check_flag
from ktg_mm.models.needs import Turns
from ktg_mm.models.views.rotated_view import TURNS
from ktg_mm.registry import LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

from .feature_loss import FeatureLoss


@LOSSES.register_module()
class Rotation(FeatureLoss):
    """Cross-entropy of a classifier of four rotations on the target's feature (Gidaris et al., ICLR 2018).

    The edge is a self edge of one view, a ``RotatedView``. The classifier is the edge's: a linear layer, a ReLU and a
    linear layer (CRMatch: Fan et al., GCPR 2021), or one linear layer (ReMixMatch: Berthelot et al., ICLR 2020; both as
    in USB).

    Args:
        layers: One, see FeatureLoss; a feature map is averaged over its cells. Defaults to ``'embedding'``.
        hidden: Whether the classifier has a hidden layer. Defaults to True.

    Raises:
        ValueError: If an argument is wrong.

    Example:
        >>> loss = Rotation()
        >>> loss.set_shapes([torch.Size([3])], [torch.Size([3])])
        >>> said = NodeOutput(None, features=dict(embedding=torch.rand(2, 3)))
        >>> loss(said, said, TransferContext(None, turns=torch.tensor([0, 3]))).shape
        torch.Size([2])
    """

    learns = True
    of_target = True
    of_vectors = True
    of_made_view = 'RotatedView'
    teaches_source = False
    needs = (*FeatureLoss.needs, Turns())

    classifier: nn.Sequential

    def __init__(self, layers: str | Sequence[str] | Mapping[str, Any] = 'embedding', hidden: bool = True) -> None:
        super().__init__(layers)
        if len(self.layers['target']) > 1 or self.layers['target'] != self.layers['source']:
            raise ValueError(f'layers must be one, the same at both ends, got {layers!r}')
        self.hidden = check_flag('hidden', hidden)

    def set_shapes(self, target: list[torch.Size], source: list[torch.Size]) -> None:
        """Makes the classifier."""
        super().set_shapes(target, source)
        dims = target[0][0]
        hidden = [nn.Linear(dims, dims), nn.ReLU()] if self.hidden else []
        self.classifier = nn.Sequential(*hidden, nn.Linear(dims, TURNS))

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Returns the cross-entropy per sample, shape (B,)."""
        assert context.turns is not None
        ((vectors, _),) = self.pairs(target, target)
        return F.cross_entropy(self.classifier(vectors), context.turns, reduction='none')
