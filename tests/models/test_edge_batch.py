"""What edges of one kind know when they are computed as one; test_edge_stack.py has their values."""

import pytest
import torch

from ktg_mm.models.edge_batch import EdgeBatch, edge_kind
from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import Gate, ThroughGate
from ktg_mm.models.losses import AttentionMSE, KLDivergence
from ktg_mm.structures import NodeOutput, TransferContext

LABELS = torch.tensor([0, 1, 2, 0])


def test_attention_goes_along() -> None:
    generator = torch.Generator().manual_seed(0)
    said = dict(
        logits=torch.randn(3, 4, 3, generator=generator, dtype=torch.float64),
        attention=torch.rand(3, 4, 7, 7, generator=generator, dtype=torch.float64),
    )
    edges = [TransferEdge('a->b', [KLDivergence(), AttentionMSE()], ThroughGate(), weight) for weight in (1.0, 2.0)]
    ends = [{name: value[rows] for name, value in said.items()} for rows in ([0, 1], [1, 2])]
    context = TransferContext(LABELS)
    losses, _ = EdgeBatch(edges, torch.device('cpu'))(*ends, context, context.progress)
    for i, edge in enumerate(edges):
        target, source = (NodeOutput(**{name: value[i] for name, value in end.items()}) for end in ends)
        torch.testing.assert_close(losses[i], edge(target, source, context).loss)


class Named(Gate):
    def weight(self, loss, target, source, context):
        return 1.0 if context.source_name == 'a' else 0.0


def test_names_are_not_known() -> None:
    edges = [TransferEdge(key, [KLDivergence()], Named()) for key in ('a->b', 'c->b')]
    said = dict(logits=torch.zeros(2, 4, 3))
    with pytest.raises(RuntimeError, match='asks for the name of a node'):
        EdgeBatch(edges, torch.device('cpu'))(said, said, TransferContext(LABELS), torch.ones(()))


def test_kinds() -> None:
    def kind(*losses, **arguments):
        return edge_kind(TransferEdge('a->b', list(losses), ThroughGate(), **arguments))

    assert kind(KLDivergence(1.0)) == kind(KLDivergence(2.0), weight=3.0)
    others = [kind(KLDivergence(), detach=False), kind(KLDivergence(), samples='labeled'), kind(AttentionMSE())]
    assert len({kind(KLDivergence()), *others}) == 4
