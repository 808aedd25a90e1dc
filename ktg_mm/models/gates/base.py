"""What all gates share."""

from torch import Tensor, nn

from ktg_mm.structures import NodeOutput, TransferContext


class Gate(nn.Module):
    """Weighs an edge's loss, sample by sample: ``gated loss = weight * loss``.

    A gate implements :meth:`weight`. It may be adaptive (look at both outputs) and have a state (buffers).

    Attributes:
        cut: True if the gate never passes anything, so that its edge need not be computed at all.
        open: True if the gate passes everything unchanged.
        open_to_label: True if the gate passes everything unchanged where the source is the label.
        adaptive: True if what passes of one sample depends on other samples, of this batch or of earlier ones.
        needs_labels: True if the edge's samples must have labels.
        needs_labeled_source: True if the gate looks at what the source says of the batch's labelled samples.
        needs_sample_ids: True if the gate keeps something for each unlabelled image.
        num_samples: For how many images, None if for none.
        other_view: A view in which the gate looks at both ends besides the edge's own, None if there is none.
    """

    cut = False
    open = False
    open_to_label = False
    adaptive = False
    needs_labels = False
    needs_labeled_source = False
    needs_sample_ids = False
    num_samples: int | None = None
    other_view: str | None = None

    def set_num_classes(self, num_classes: int) -> None:
        """Tells the gate the number of classes, once, before anything else; for those that keep something a class."""

    def weight(self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext) -> Tensor | float:
        """The factor of each sample's loss.

        Args:
            loss: Loss per sample, shape (B,).
            target: Output of the node that learns.
            source: Output of the node that teaches, detached.
            context: Labels and progress.

        Returns:
            One number for the whole batch, or a tensor of shape (B,).
        """
        raise NotImplementedError

    def forward(
        self, loss: Tensor, target: NodeOutput, source: NodeOutput, context: TransferContext
    ) -> tuple[Tensor, Tensor | float]:
        """Returns the gated loss per sample, shape (B,), and the weight that made it."""
        weight = self.weight(loss, target, source, context)
        return loss * weight, weight
