"""Graphs of alike networks that are trained as one."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from typing import Any, cast

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from ktg_mm.config import LABEL
from ktg_mm.errors import UserError
from ktg_mm.models.graph import KnowledgeTransferGraph
from ktg_mm.models.likeness import likeness, mode
from ktg_mm.models.nodes import NetworkNode
from ktg_mm.models.samples import Samples
from ktg_mm.structures import LabelOutput, NodeOutput

from .check_stackable import check_alike, check_stackable
from .edge_stack import EdgeStack, PlacedEdge
from .network_stack import NetworkStack
from .stacked_sgd import Row, StackedSGD

Place = tuple[int, str]  # a graph's number and the name of a node


class StackedGraphs:
    """Several graphs whose networks are alike, trained as one on the same batches, each as it would be alone.

    Networks of one architecture, of all graphs and nodes, run as one; so do edges of one kind, whatever their weights,
    temperatures and gates. One backward pass of the sum of all graphs gives each its own gradient, as no two share a
    parameter, and a graph that diverges touches no other. Learning rates and momenta are those of the graphs' own
    optimisers, and :attr:`progress <KnowledgeTransferGraph.progress>` is each graph's own: what sets them works on.

    The graphs keep the weights with which they came until :meth:`unstack` brings them the present ones.

    Args:
        graphs: Their nodes have the same names and architectures; edges may be any of logits and labels.
        optim_wrappers: The graphs', with SGD. Momenta are taken over.

    Raises:
        ConfigError: If a graph does not fit in; the message names the key at fault.

    Example:
        >>> import ktg_mm.models
        >>> network = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10),
        ...                head=dict(type='ClsHead'))
        >>> nodes = {name: dict(type='NetworkNode', network=network) for name in ('net1', 'net2')}
        >>> edges = {f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in nodes}
        >>> more = edges | {'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='LinearGate'))}
        >>> graphs = [KnowledgeTransferGraph(nodes, some, target='net1') for some in (edges, more)]
        >>> wrappers = [OptimWrapper(torch.optim.SGD(graph.parameters(), lr=0.1)) for graph in graphs]
        >>> stack = StackedGraphs(graphs, wrappers)
        >>> stack.outputs(torch.rand(4, 1, 32, 32))[1]['net2'].logits.shape
        torch.Size([4, 10])
    """

    def __init__(self, graphs: Sequence[KnowledgeTransferGraph], optim_wrappers: Sequence[OptimWrapper]) -> None:
        for graph, optim_wrapper in zip(graphs, optim_wrappers, strict=True):
            check_stackable(graph, optim_wrapper)
            check_alike(graph, graphs[0])
        self._graphs = dict(enumerate(graphs))
        self._optimizers = {i: cast(torch.optim.SGD, wrapper.optimizer) for i, wrapper in enumerate(optim_wrappers)}
        self._stack()

    @property
    def indices(self) -> list[int]:
        """The numbers of the graphs that are in the stack, by their places in the list with which it began."""
        return list(self._graphs)

    def step(self, data: dict[str, Any]) -> dict[int, Tensor]:
        """Trains all graphs on one batch.

        Args:
            data: Batch of the data loader: ``inputs`` and ``data_samples``.

        Returns:
            Each graph's loss, a scalar without gradient, by its number.

        Raises:
            UserError: If the batch has several views, or samples without a label.
        """
        return self.step_on(*self.prepare(data))

    def prepare(self, data: dict[str, Any]) -> tuple[Tensor, Samples]:
        """Takes a batch to the device; from here on nothing looks at the host's samples.

        Args:
            data: As for :meth:`step`.

        Returns:
            The images, and what is known of them.

        Raises:
            UserError: If the batch has several views, or samples without a label.
        """
        first = next(iter(self._graphs.values()))
        batch = first.data_preprocessor(data, training=True)
        images, samples = batch['inputs'], first.samples_of(batch['data_samples'], batch.get('rows'))
        if not isinstance(images, Tensor):
            raise UserError(f'a stack trains on one view of the images, not on {", ".join(images)}')
        if samples.rows.num_labeled < samples.rows.size:
            raise UserError('a stack trains on labelled images, but some of the batch have no label')
        if samples.scores is not None:
            for placed in (placed for edges in self._edges for placed in edges.edges):
                placed.edge.refuse_soft_labels("the samples' gt_score")
        return images, samples

    def step_on(self, images: Tensor, samples: Samples) -> dict[int, Tensor]:
        """The step itself, on what :meth:`prepare` has made; a GPU can capture it once the first step is done.

        Args:
            images: Of shape (B, channels, height, width).
            samples: What is known of them.
        """
        logits = torch.cat([stack(images, mode='tensor') for stack in self._running])
        label = LabelOutput(samples.labels, logits.shape[-1], samples.scores)
        labels = samples.labels if samples.scores is None else None
        progress = torch.stack([graph.progress for graph in self._graphs.values()])
        values = [edges(logits, label, labels, progress) for edges in self._edges]
        losses, self._gates = (torch.cat(found) for found in zip(*values, strict=True))
        self._sgd.step(torch.autograd.grad(losses.sum(), self._learning, allow_unused=True))
        self._losses = losses.detach()
        sums = self._losses.new_zeros(len(self._graphs)).index_add_(0, self._graph_of_edge, self._losses)
        return dict(zip(self._graphs, sums.unbind(), strict=True))

    def log(self, index: int) -> dict[str, Tensor]:
        """What the last step of a graph was, as its own ``train_step`` returns it.

        Args:
            index: The graph's number.
        """
        found = {key: self._places[index, key] for key in self._graphs[index].edges}
        losses, gates = ({key: values[i] for key, i in found.items()} for values in (self._losses, self._gates))
        log = {'loss': torch.stack(list(losses.values())).sum()}
        log |= {f'edge/{key}': value for key, value in losses.items()}
        return log | {f'gate/{key}': value for key, value in gates.items()}

    @torch.no_grad()
    def outputs(self, images: Tensor) -> dict[int, dict[str, NodeOutput]]:
        """What all nodes of all graphs say of images, as ``node_outputs`` of each graph in eval mode.

        Args:
            images: Prepared images of shape (B, channels, height, width).

        Returns:
            The nodes' outputs by their names, by the graph's number.
        """
        logits = torch.cat([stack.evaluate(images, mode='tensor') for stack in self._stacks])
        found: dict[int, dict[str, NodeOutput]] = {}
        for i, graph in self._graphs.items():
            outputs = found[i] = {}
            for name, node in graph.nodes.items():
                read = [outputs[member] for member in node.inputs]
                outputs[name] = node(read) if read else NodeOutput(logits[self._rows[i, name]])
        return found

    def unstack(self, index: int) -> KnowledgeTransferGraph:
        """Gives a graph and its optimiser what they have learnt in the stack, where it stays.

        Args:
            index: The graph's number.

        Returns:
            The graph, ready to be saved or tested.
        """
        self._check_there(index)
        for stack, members in zip(self._stacks, self._members, strict=True):
            for row, (graph, _) in enumerate(members):
                if graph == index:
                    stack.copy_back(row)
        for i, members in enumerate(self._members_of_learning):
            for row, (graph, _) in enumerate(members):
                if graph == index:
                    self._sgd.copy_back(i, row)
        return self._graphs[index]

    def remove(self, index: int) -> KnowledgeTransferGraph:
        """Takes a graph out of the stack, whose others go on as before.

        Args:
            index: The graph's number, which no other gets.

        Returns:
            The graph, with what it has learnt.
        """
        self._check_there(index)
        if len(self._graphs) == 1:
            raise ValueError('index: the last graph cannot leave; unstack it')
        for one in self._graphs:
            self.unstack(one)
        del self._optimizers[index]
        graph = self._graphs.pop(index)
        self._stack()
        return graph

    def _check_there(self, index: int) -> None:
        if index not in self._graphs:
            raise ValueError(f'index: the stack has the graphs {self.indices}, got {index!r}')

    def _stack(self) -> None:
        """Makes the stacks out of what the graphs and their optimisers have."""
        members: dict[tuple[bool, Hashable, Hashable], list[Place]] = {}
        for name, node in next(iter(self._graphs.values())).nodes.items():
            if node.inputs:
                continue
            for i, graph in self._graphs.items():
                network = _network(graph, name)
                asked = any(name in (edge.source_name, edge.target_name) for edge in graph._transfers.values())
                members.setdefault((not asked, likeness(network), mode(network)), []).append((i, name))
        kinds = sorted(members, key=lambda kind: kind[0])  # those that nobody asks run in evaluation alone
        self._members = [members[kind] for kind in kinds]
        self._stacks = [
            NetworkStack([_network(self._graphs[i], name) for i, name in places]) for places in self._members
        ]
        self._running = self._stacks[: sum(not kind[0] for kind in kinds)]
        self._rows = {place: row for row, place in enumerate(itertools.chain(*self._members))}
        self._stack_optimizers()
        self._stack_edges()

    def _stack_optimizers(self) -> None:
        self._learning: list[Tensor] = []
        self._members_of_learning: list[list[Place]] = []
        rows: list[list[Row]] = []
        for stack, members in zip(self._running, self._members, strict=False):
            own = [dict(network.named_parameters()) for network in stack.networks]
            for name, value in stack.parameters.items():
                if value.requires_grad:
                    self._learning.append(value)
                    self._members_of_learning.append(members)
                    rows.append([Row(one[name], self._optimizers[i]) for one, (i, _) in zip(own, members, strict=True)])
        self._sgd = StackedSGD(self._learning, rows)

    def _stack_edges(self) -> None:
        kinds: dict[Hashable, list[PlacedEdge]] = {}
        for place, (i, graph) in enumerate(self._graphs.items()):
            for edge in graph._transfers.values():
                source = None if edge.source_name == LABEL else self._rows[i, edge.source_name]
                placed = PlacedEdge(edge, place, self._rows[i, edge.target_name], source)
                kinds.setdefault(placed.kind, []).append(placed)
        device = self._learning[0].device
        self._edges = [EdgeStack(edges, device) for edges in kinds.values()]
        in_order = [one for edges in self._edges for one in edges.edges]
        self._graph_of_edge = torch.tensor([one.graph for one in in_order], device=device)
        indices = self.indices
        self._places = {(indices[one.graph], one.edge.key): place for place, one in enumerate(in_order)}


def _network(graph: KnowledgeTransferGraph, name: str) -> nn.Module:
    return cast(NetworkNode, graph.nodes[name]).network
