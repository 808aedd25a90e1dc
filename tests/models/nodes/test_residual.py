"""Residual knowledge distillation's sum of a student and its assistants."""

import numpy as np
import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.models.nodes import ResidualNode
from ktg_mm.structures import NodeOutput

HINT = dict(type='FitNets', layers='map', norm_cfg=dict(type='GN', num_groups=4))


def made(names='ab', shape=(4, 3, 2), classes=6):
    node = ResidualNode(list(names))
    node.set_num_classes(classes)
    node.set_shapes({name: dict(map=torch.Size(shape)) for name in names})
    return node.double()


def outputs(maps):
    leaves = [torch.tensor(map_, requires_grad=True) for map_ in maps]
    return leaves, [NodeOutput(torch.zeros(len(leaf), 6), features=dict(map=leaf)) for leaf in leaves]


def graph_of(toys, **arguments):
    nodes = dict(student=toys.node(), assistant=toys.node(), teacher=toys.node(allow_random=True))
    nodes['sum'] = dict(type='ResidualNode', members=['student', 'assistant']) | arguments.pop('node', {})
    edges = {
        'label->student': toys.label(),
        'teacher->student': dict(loss=HINT),
        'label->sum': toys.label(),
        'teacher->sum': dict(loss=HINT | arguments.pop('loss', {})),
    }
    return toys.build(nodes, edges, target='sum', **arguments)


@pytest.mark.parametrize('names', ['ab', 'abc'])
def test_formula(names, random):
    node = made(names)
    maps = random.normal(size=(len(names), 5, 4, 3, 2))
    said = node(outputs(maps)[1])
    total = sum(maps)
    np.testing.assert_allclose(said.features['map'].detach().numpy(), total, rtol=1e-12)
    np.testing.assert_allclose(said.features['embedding'].detach().numpy(), total.mean(axis=(2, 3)), rtol=1e-12)
    weight, bias = (value.detach().numpy() for value in (node.head.weight, node.head.bias))
    np.testing.assert_allclose(said.logits.detach().numpy(), total.mean(axis=(2, 3)) @ weight.T + bias, rtol=1e-9)
    assert node.classifier() is node.head.weight and node.ask_for_features(['map']) == dict(map=(4, 3, 2))


def test_the_assistant_learns_the_residual(random):
    """The gradient of (F_S + F_A - F_t)^2 for A is that of (F_A - (F_t - F_S))^2; S gets none."""
    student, assistant, teacher = random.normal(size=(3, 5, 4, 3, 2))
    leaves, said = outputs([student, assistant])
    ((made()(said).features['map'] - torch.tensor(teacher)) ** 2).mean().backward()
    expected = 2 * (assistant - (teacher - student)) / assistant.size
    np.testing.assert_allclose(leaves[1].grad.numpy(), expected, rtol=1e-9)
    assert leaves[0].grad is None


def test_edges_into_it_teach_assistant_and_classifier_alone(toys):
    graph = graph_of(toys)
    values = graph(**toys.batch(), mode='loss')
    (values['label->sum'].loss + values['teacher->sum'].loss).backward()
    assert {name.split('.')[1] for name in toys.gradients(graph)} - {'teacher->sum'} == {'assistant', 'sum'}
    assert set(graph.teaches['label->sum']) == set(graph.teaches['teacher->sum']) == {'assistant', 'sum'}
    assert graph.teaches['label->student'] == ('student',)
    graph = graph_of(toys)
    before = toys.state(graph)
    graph.train_step(toys.batch(), toys.sgd(graph))
    moved = {key.split('.')[1] for key, value in graph.state_dict().items() if not torch.equal(value, before[key])}
    assert {'student', 'assistant', 'sum'} <= moved and 'teacher' not in moved


def test_a_student_that_nobody_else_teaches_is_untaught(toys):
    nodes = dict(student=toys.node(), assistant=toys.node())
    nodes['sum'] = dict(type='ResidualNode', members=['student', 'assistant'])
    with pytest.raises(ConfigError, match=r'^model.nodes.student: nobody teaches this network'):
        toys.build(nodes, {'label->sum': toys.label()}, target='sum')


def test_half_precision_is_added_up_in_float32():
    node = made().float()
    maps = [torch.ones(2, 4, 3, 2, dtype=torch.bfloat16) * value for value in (256.0, 1.0)]
    said = node([NodeOutput(torch.zeros(2, 6), features=dict(map=map_)) for map_ in maps])
    assert said.features['map'].dtype == torch.float32 and bool((said.features['map'] == 257).all())


def test_mistakes(toys):
    with pytest.raises(ValueError, match=r'^needs the number of classes; give data_preprocessor\.num_classes$'):
        ResidualNode(['a', 'b']).set_shapes({name: dict(map=torch.Size([4, 3, 2])) for name in 'ab'})
    for node, loss, message in (
        (dict(layer='embedding'), {}, 'model.nodes.sum.layer: members must have feature maps of one shape'),
        (dict(layer='backbone.layer9'), {}, "model.nodes.sum.layer: node 'student': the network has no module"),
        (
            {},
            dict(layers=dict(target='backbone.layer3', source='map')),
            "model.edges['teacher->sum'].loss.layers: node 'sum': has no 'backbone.layer3', but 'map' and 'embedding'",
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            graph_of(toys, node=node, loss=loss)
        assert str(caught.value).startswith(message) and '\n' not in str(caught.value)
