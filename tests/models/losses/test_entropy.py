import math

import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.models.losses import Entropy
from ktg_mm.structures import NodeOutput


def test_formula(random, formulas):
    logits = random.normal(size=(6, 5)) * 2
    expected = [-sum(p * math.log(p) for p in formulas.softmax(row)) for row in logits]
    assert Entropy()(NodeOutput(torch.tensor(logits)), None, None).tolist() == pytest.approx(expected, rel=1e-10)


def test_its_gradient_makes_the_target_surer(random):
    logits = torch.tensor(random.normal(size=(6, 5)), requires_grad=True)
    Entropy()(NodeOutput(logits), None, None).sum().backward()
    surer = (logits - 0.1 * logits.grad).softmax(1).amax(1)
    assert (surer > logits.softmax(1).amax(1)).all()


def test_it_stands_on_a_self_edge_of_one_view(toys):
    """The source is not read: another node there would be nobody's."""
    nodes = dict(net1=toys.node(), net2=toys.node())
    entropy = dict(loss=dict(type='Entropy'))
    edges = {f'label->{name}': toys.label() for name in nodes}
    graph = toys.build(nodes, edges | {'net1->net1:entropy': entropy})
    log = graph.train_step(toys.batch(), toys.sgd(graph))
    assert 0 < float(log['edge/net1->net1:entropy']) < math.log(5)
    with pytest.raises(ConfigError, match=r"\['net2->net1'\].loss: Entropy looks at the target alone; let the edge be"):
        toys.build(nodes, edges | {'net2->net1': entropy})
    both = dict(loss=[dict(type='Entropy'), dict(type='KLDivergence')])
    with pytest.raises(ConfigError, match='a self edge needs two different views'):
        toys.build(nodes, edges | {'net1->net1:entropy': both})
