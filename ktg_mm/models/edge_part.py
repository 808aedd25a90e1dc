"""What gates, losses and alignment share."""

from torch import nn

from .needs import Need


class EdgePart(nn.Module):
    """A part of an edge.

    Attributes:
        needs: What the part must be given besides the two outputs, see :mod:`ktg_mm.models.needs`.
        adaptive: True if it has a state that moves with the batches, or is a gate that looks at other samples of the
            batch; batch norm does not count. A loss that looks at them is ``relational``, see EdgeLoss.
        learns: True if it has parameters of its own, which learn with the edge's target.
        numbers: Arguments that it only computes with, so that a tensor of shape () does in the place of one; a stack
            and ``env_cfg.batch_edges`` compute edges of several of their values as one.
    """

    needs: tuple[Need, ...] = ()
    adaptive = False
    learns = False
    numbers: tuple[str, ...] = ()

    def set_num_classes(self, num_classes: int) -> None:
        """Tells the part the number of classes, once, before anything else; for those that keep something a class."""
