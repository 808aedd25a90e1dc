"""What nodes share that read a layer of several others and learn what to make of it."""

from collections.abc import Sequence

from .base import Node
from .ensemble import check_members


class LearnedEnsembleNode(Node):
    """Reads the same layer of several nodes; what it learns it makes in :meth:`set_shapes`.

    It learns by the edges that end in it, and by those from it that do not detach it.

    Args:
        members: Names of the nodes; at least two, each once.
        layer: The members' layer that it reads.
        detach: Whether gradients end here, and do not reach the members. Defaults to False.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> LearnedEnsembleNode(['a', 'b'], 'map').reads()
        {'a': ('map',), 'b': ('map',)}
    """

    def __init__(self, members: Sequence[str], layer: str, detach: bool = False) -> None:
        super().__init__(inputs=check_members(members), detach=detach)
        if not isinstance(layer, str) or not layer:
            raise ValueError(f"layer must be a module such as 'backbone.layer2', 'map' or 'embedding', got {layer!r}")
        self.layer = layer

    def reads(self) -> dict[str, tuple[str, ...]]:
        """The layer of each member."""
        return {name: (self.layer,) for name in self.inputs}
