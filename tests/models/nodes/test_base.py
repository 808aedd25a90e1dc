import pytest
import torch

from ktg_mm.models.nodes import Node
from ktg_mm.registry import NODES


def test_registered_nodes_are_nodes():
    assert set(NODES.module_dict) >= {'NetworkNode', 'EnsembleNode'}
    assert all(issubclass(node, Node) for node in NODES.module_dict.values())


def test_defaults():
    node = Node(inputs=('a', 'b'))
    assert node.inputs == ['a', 'b'] and node.has_parameters and node.numbers_of_classes() == {}
    with pytest.raises(NotImplementedError):
        node(torch.zeros(1))
    with pytest.raises(ValueError, match='has no attention map, as it is of type Node'):
        node.ask_for_attention()
