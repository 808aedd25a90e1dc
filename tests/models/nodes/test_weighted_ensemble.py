"""What ensembles that learn have in common."""

import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.models.nodes.weighted_ensemble import WeightedEnsembleNode, weighted_mean
from ktg_mm.structures import NodeOutput

LEARNED = ('GatedEnsembleNode', 'AttentionEnsembleNode', 'FusionEnsembleNode', 'FusionClassifierNode')


def graph_of(toys, kind, edges=None, **arguments):
    e = dict(type=kind, members=['net1', 'net2']) | arguments
    nodes = dict(net1=toys.node(), net2=toys.node(), e=e)
    edges = {'label->e': toys.label()} if edges is None else edges
    return toys.build(nodes, {'label->net1': toys.label(), 'label->net2': toys.label(), **edges})


def test_the_weighted_mean(random):
    logits, weights = random.normal(size=(3, 4, 5)), random.random(size=(4, 3))
    found = weighted_mean(torch.tensor(weights), [NodeOutput(torch.tensor(values)) for values in logits])
    expected = [[sum(weights[i, m] * logits[m, i, c] for m in range(3)) for c in range(5)] for i in range(4)]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_the_mean_of_half_precision_is_not_rounded_again(dtype, random):
    logits = torch.tensor(15 * random.normal(size=(2, 200, 20))).to(dtype)
    weights = torch.tensor(random.random((200, 2)), dtype=torch.float32)
    with torch.autocast('cpu', torch.bfloat16):
        found = weighted_mean(weights, [NodeOutput(values) for values in logits])
    expected = sum(weights[:, m, None].double() * logits[m].double() for m in range(2))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=2e-5)


def test_a_kind_says_how_much_each_counts():
    class Half(WeightedEnsembleNode):
        def weights(self, inputs):
            return torch.full((2, 2), 0.5)

    outputs = [NodeOutput(torch.zeros(2, 3)), NodeOutput(torch.ones(2, 3))]
    assert (Half(['a', 'b'], 'map')(outputs).logits == 0.5).all()
    with pytest.raises(NotImplementedError):
        WeightedEnsembleNode(['a', 'b'], 'map')(outputs)


@pytest.mark.parametrize('kind', LEARNED)
def test_detached_it_learns_alone(toys, kind):
    for detach, alone in ((True, True), (False, False)):
        graph = graph_of(toys, kind, detach=detach)
        graph(**toys.batch(), mode='loss')['label->e'].loss.backward()
        names = {name.split('.')[1] for name in toys.gradients(graph)}
        assert names == set(graph.teaches['label->e']) == ({'e'} if alone else {'net1', 'net2', 'e'})
        assert all(parameter.grad is not None for parameter in graph.nodes['e'].parameters())


@pytest.mark.parametrize('kind', LEARNED)
def test_frozen_it_stays(toys, kind):
    graph = graph_of(toys, kind)
    node = graph.nodes['e']
    node.freeze()
    before = toys.state(node)
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert not node.training and all(torch.equal(value, before[key]) for key, value in node.state_dict().items())


@pytest.mark.parametrize('kind', LEARNED)
def test_one_image_and_half_precision(toys, kind):
    graph = graph_of(toys, kind).eval()
    images = toys.batch()['inputs']
    whole = graph.node_outputs(images)['e'].logits
    torch.testing.assert_close(graph.node_outputs(images[:1])['e'].logits, whole[:1])
    graph.float()
    with torch.autocast('cpu', torch.bfloat16):
        half = graph.node_outputs(images.float())['e']
    assert half.probabilities().dtype == torch.float32
    torch.testing.assert_close(half.logits.double(), whole, rtol=0.1, atol=0.1 * float(whole.abs().max()))


@pytest.mark.parametrize('kind', LEARNED)
def test_networks_begin_with_the_same_weights_beside_it(toys, kind):
    plain = toys.build(dict(net1=toys.node(), net2=toys.node()), {f'label->net{i}': toys.label() for i in (1, 2)})
    learned = graph_of(toys, kind).state_dict()
    assert all(torch.equal(value, learned[key]) for key, value in plain.state_dict().items())


@pytest.mark.parametrize('kind', ['GatedEnsembleNode', 'FusionEnsembleNode', 'FusionClassifierNode'])
def test_other_norm_layers(toys, kind):
    graph = graph_of(toys, kind, norm_cfg=dict(type='GN', num_groups=4))  # of 2 and of 16 channels
    norms = [module for module in graph.nodes['e'].modules() if isinstance(module, torch.nn.GroupNorm)]
    assert norms and not any('running' in key for key in graph.nodes['e'].state_dict())
    graph.train_step(toys.batch(), toys.sgd(graph))


NORM = 'GatedEnsembleNode', 'FusionEnsembleNode', 'FusionClassifierNode'
MISTAKES = [
    (LEARNED, dict(layer='backbone.layer9'), "layer: node 'net1': the network has no module 'backbone.layer9'; did yo"),
    (LEARNED, dict(layer=''), "layer: must be a module such as 'backbone.layer2', 'map' or 'embedding', got ''"),
    (LEARNED, dict(members=['net1', 'net9']), "members: no node is named 'net9'; did you mean "),
    (LEARNED, dict(members=['net1']), "members: must be a list of at least two different nodes, got ['net1']"),
    (LEARNED, dict(detach=1), 'detach: must be True or False, got 1'),
    (NORM, dict(norm_cfg=dict(type='NoNorm')), "norm_cfg: unknown norm layer 'NoNorm'; take 'BN', 'GN' or the like"),
    (NORM, dict(norm_cfg=dict(type='GN', num_groups=0)), 'norm_cfg: num_groups must be a whole number, at least 1, go'),
    (NORM, dict(norm_cfg='BN'), "norm_cfg: must be a dict with a 'type', got 'BN'"),
    (NORM[:1], dict(norm_cfg=dict(type='BN')), 'norm_cfg: expected 4D input (got 2D input)'),
    (NORM[1:], dict(norm_cfg=dict(type='BN1d')), 'norm_cfg: expected 2D or 3D input (got 4D input)'),
    (NORM[1:], dict(layer='embedding'), 'layer: members must have feature maps of one height and width to be fused; n'),
    (LEARNED[1:2], dict(layer='map'), 'layer: members must have embeddings of one length, such as those of one networ'),
    (LEARNED[1:2], dict(reduction=0), 'reduction: must be a whole number, at least 1, got 0'),
]  # fmt: skip


@pytest.mark.parametrize(
    ('kind', 'arguments', 'message'),
    [pytest.param(kind, *rest, id=f'{kind} {rest[0]}') for kinds, *rest in MISTAKES for kind in kinds],
)
def test_mistakes(toys, kind, arguments, message):
    with pytest.raises(ConfigError) as caught:
        graph_of(toys, kind, **arguments)
    assert str(caught.value).startswith(f'model.nodes.e.{message}') and '\n' not in str(caught.value)


@pytest.mark.parametrize('kind', LEARNED[1:])
def test_members_that_do_not_join(toys, kind):
    wide = toys.network(base_channels=8)
    wide['head'] = dict(wide['head'], in_channels=32)
    nodes = dict(
        net1=toys.node(), net2=dict(type='NetworkNode', network=wide), e=dict(type=kind, members=['net1', 'net2'])
    )
    edges = {f'label->{name}': toys.label() for name in nodes}
    if kind == 'AttentionEnsembleNode':
        with pytest.raises(
            ConfigError, match=r'^model.nodes.e.layer: members must have embeddings .*; net1 16, net2 32$'
        ):
            toys.build(nodes, edges)
        return
    graph = toys.build(nodes, edges)
    assert graph.nodes['e'].fusion[-1].in_features == 32  # the fused map is as wide as the widest


@pytest.mark.parametrize('kind', LEARNED)
@pytest.mark.parametrize('edges', [{}, {'e->net1': dict(loss=dict(type='KLDivergence'))}], ids=['none', 'detached'])
def test_nobody_teaches_it(toys, kind, edges):
    with pytest.raises(ConfigError) as caught:
        graph_of(toys, kind, edges)
    line = (
        "model.nodes.e: nobody teaches what this node learns; give it an edge such as 'label->e', or detach=False to an"
    )
    assert str(caught.value) == f'{line} edge from it'


def test_a_member_without_features(toys):
    nodes = dict(
        net1=toys.node(),
        net2=toys.node(),
        mean=dict(type='EnsembleNode', members=['net1', 'net2']),
        e=dict(type='FusionEnsembleNode', members=['net1', 'mean']),
    )
    with pytest.raises(ConfigError) as caught:
        toys.build(nodes, {f'label->{name}': toys.label() for name in ('net1', 'net2', 'e')})
    assert str(caught.value) == "model.nodes.e.layer: node 'mean': has no features, as it is of type EnsembleNode"
