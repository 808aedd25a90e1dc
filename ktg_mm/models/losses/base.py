"""What all edge losses share."""

from torch import Tensor, nn

from ktg_mm.structures import NodeOutput, TransferContext


class EdgeLoss(nn.Module):
    """Compares what a target node says with what its source says, sample by sample.

    Attributes:
        needs_attention: True if both ends must have an attention map.
        trains_head: True if the gradient reaches the target's logits.
        trains_attention_branch: True if it reaches the logits of the target's attention branch, too.
        sources: What may teach through this loss: ``'label'``, ``'node'`` or both.
        adaptive: True if a sample's loss depends on other samples, of this batch or of earlier ones.
    """

    needs_attention = False
    trains_head = True
    trains_attention_branch = False
    sources: tuple[str, ...] = ('node',)
    adaptive = False

    def set_num_classes(self, num_classes: int) -> None:
        """Tells the loss the number of classes, once, before anything else; for those that keep something a class."""

    def forward(self, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor:
        """Computes the loss.

        Args:
            target: Output of the node that learns; gradients flow into it.
            source: Output of the node that teaches, detached.
            context: Labels and progress.

        Returns:
            Loss per sample, shape (B,).
        """
        raise NotImplementedError
