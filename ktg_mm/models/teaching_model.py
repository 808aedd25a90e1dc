"""Who learns from which edge of a graph, with which parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import cast

from mmengine.model import ModuleDict
from torch import nn

from .edges import TransferEdge
from .progress_model import ProgressModel


class TeachingModel(ProgressModel):
    """A model of nodes and of edges that teach them.

    Attributes:
        nodes: The nodes by their names.
        edges: The edges that teach somebody by their keys.
        teaches: The nodes whose parameters each edge's loss reaches, by the edge's key.
        trained_nodes: The nodes that learn.
    """

    nodes: ModuleDict
    edges: nn.ModuleDict
    teaches: Mapping[str, tuple[str, ...]]
    trained_nodes: list[str]

    @property
    def _transfers(self) -> dict[str, TransferEdge]:
        return {key: cast(TransferEdge, edge) for key, edge in self.edges.items()}

    @property
    def taught_nodes(self) -> list[str]:
        """The nodes in which edges end that teach somebody, in the order of the nodes."""
        ends = {edge.target_name for edge in self._transfers.values()}
        return [name for name in self.nodes if name in ends]

    def edges_into(self, *names: str) -> list[str]:
        """Keys of the edges that end in some nodes."""
        return [key for key, edge in self._transfers.items() if edge.target_name in names]

    def edges_that_teach(self, name: str) -> list[str]:
        """Keys of the edges whose losses reach the parameters of a node."""
        return [key for key in self.edges if name in self.teaches[key]]

    @property
    def reaches_all_parameters(self) -> bool:
        """Whether the edges give each parameter of the trained nodes a gradient; torch's wrapper must know."""
        transfers = self._transfers
        for name in self.trained_nodes:
            node = self.nodes[name]
            losses = [loss for key in self.edges_into(name) for loss in transfers[key].losses]
            if node.inputs:  # an ensemble that learns does so with all its parameters
                if not losses and all(edge.source_name != name or edge.detach for edge in transfers.values()):
                    return False
                continue
            if not any(loss.trains_head for loss in losses):
                return False
            if node.has_attention_branch and not any(loss.trains_attention_branch for loss in losses):
                return False
        return True

    def parameter_groups(self, edges: Collection[str] | None = None) -> Iterator[tuple[str, list[nn.Parameter]]]:
        """Yields the name of each node that learns and its parameters that learn, with those of the edges into it.

        Args:
            edges: Keys of the edges of which it is asked. Defaults to None: all.
        """
        asked = [key for key in self.edges if edges is None or key in edges]
        taught = {name for key in asked for name in self.teaches[key]}
        for name in self.trained_nodes:
            if name in taught:
                edges_of = [self.edges[key] for key in asked if self._keeper(key) == name]
                learnt = [parameter for edge in edges_of for parameter in edge.parameters()]
                own = self.nodes[name].own_parameters()
                yield name, [parameter for parameter in (*own, *learnt) if parameter.requires_grad]

    def _keeper(self, key: str) -> str:
        """The node with which what an edge learns belongs: its target, or the first that it teaches."""
        target = self._transfers[key].target_name
        return target if target in self.trained_nodes else self.teaches[key][0]
