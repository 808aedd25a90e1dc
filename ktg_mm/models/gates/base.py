"""What all gates share."""

from torch import Tensor

from ktg_mm.models.edge_part import EdgePart
from ktg_mm.scaled import multiplied
from ktg_mm.structures import NodeOutput, TransferContext


class Gate(EdgePart):
    """Weighs an edge's loss, sample by sample: ``gated loss = weight * loss``.

    A gate implements :meth:`weight`. It may be adaptive (look at other samples) and have a state (buffers).

    Attributes:
        cut: True if the gate never passes anything, so that its edge need not be computed at all.
        open: True if the gate passes everything unchanged.
        by_progress: True if the weight depends on the run's progress alone, and is the same for all samples.
        open_to_label: True if the gate passes everything unchanged where the source is the label.
    """

    cut = False
    open = False
    open_to_label = False
    by_progress = False

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor | float:
        """The factor of each sample's loss.

        Args:
            loss: Loss per sample, shape (B,).
            target: Output of the node that learns.
            source: Output of the node that teaches, detached.
            context: Labels, progress, and what the gate needs.

        Returns:
            One number for the whole batch, a tensor of shape () where it changes from step to step, or a tensor of
            shape (B,).
        """
        raise NotImplementedError

    def forward(
        self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext
    ) -> tuple[Tensor, Tensor | float]:
        """Returns the gated loss per sample, shape (B,), and the weight that made it."""
        weight = self.weight(loss, target, source, context)
        return multiplied(loss, weight), weight
