"""What all edge losses share."""

from torch import Tensor

from ktg_mm.models.edge_part import EdgePart
from ktg_mm.structures import NodeOutput, TransferContext


class EdgeLoss(EdgePart):
    """Compares what a target node says with what its source says, sample by sample.

    Attributes:
        trains_head: True if the gradient reaches the target's logits.
        trains_attention_branch: True if it reaches the logits of the target's attention branch, too.
        relational: True if it is a formula of a whole batch, whose samples it compares with one another. Its values are
            the shares of the batch's rows: their mean is the formula, a sample's own depends on the others.
        of_target: True if it looks at the target alone: it stands on self edges, which need no second view then.
        draws: True if it draws random numbers for each row of the batch, on which a sample's value then depends.
        of_made_view: The type of the view, of the graph's making, that it is about; None if any will do.
        teaches_source: True if the gradient reaches the source's output, too, where an edge does not detach it; or the
            name of the argument with which it does, and without which it does not.
        sources: What may teach through this loss: ``'label'``, ``'node'`` or both.
        inner_argument: The argument that is the config of another loss, if this one is a function of it.
    """

    trains_head = True
    trains_attention_branch = False
    relational = False
    of_target = False
    draws = False
    of_made_view: str | None = None
    teaches_source: bool | str = True
    sources: tuple[str, ...] = ('node',)
    inner_argument: str | None = None

    @property
    def inner(self) -> 'EdgeLoss':
        """The loss that looks at the outputs: this one, unless it is a function of another."""
        return self

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Computes the loss.

        Args:
            target: Output of the node that learns; gradients flow into it.
            source: Output of the node that teaches, detached.
            context: Labels, progress, and what the loss needs.

        Returns:
            Loss per sample, shape (B,).
        """
        raise NotImplementedError
