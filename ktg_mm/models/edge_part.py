"""What gates, losses and alignment share."""

from torch import nn

from .needs import Need


class EdgePart(nn.Module):
    """A part of an edge.

    Attributes:
        needs: What the part must be given besides the two outputs, see :mod:`ktg_mm.models.needs`.
        adaptive: True if what it makes of a sample depends on other samples, of this batch or of earlier ones.
    """

    needs: tuple[Need, ...] = ()
    adaptive = False

    def set_num_classes(self, num_classes: int) -> None:
        """Tells the part the number of classes, once, before anything else; for those that keep something a class."""
