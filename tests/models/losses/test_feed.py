import copy

import numpy as np
import torch
from torch import nn

from ktg_mm.models.losses import FEED
from ktg_mm.structures import NodeOutput


def make(target, source, layers='layer0', **arguments):
    torch.manual_seed(0)
    loss = FEED(layers, **dict(norm_cfg=dict(type='GN', num_groups=1)) | arguments)
    loss.set_shapes([torch.Size(shape) for shape in target], [torch.Size(shape) for shape in source])
    return loss.double()


def output(*maps):
    return NodeOutput(torch.zeros(len(maps[0]), 2), features={f'layer{i}': map_ for i, map_ in enumerate(maps)})


def unit(values):
    return values.ravel() / np.sqrt((values**2).sum())


def test_formula(random):
    loss = make([(4, 4, 4)], [(6, 4, 4)])
    target, source = (torch.tensor(random.normal(size=(5, channels, 4, 4))) for channels in (4, 6))
    # The transformation itself is factor transfer's translator, which its own test computes cell by cell.
    transformed = loss.transformations[0](target).detach().numpy()
    expected = [np.abs(unit(a) - unit(b)).mean() for a, b in zip(transformed, source.numpy(), strict=True)]
    values = loss(output(target), output(source), None).detach()
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-9)


def test_the_larger_map_is_pooled(random):
    loss = make([(4, 8, 8)], [(6, 4, 4)])
    target, source = torch.tensor(random.normal(size=(5, 4, 8, 8))), torch.tensor(random.normal(size=(5, 6, 4, 4)))
    small = target.reshape(5, 4, 4, 2, 4, 2).mean((3, 5))
    values = [loss(output(own), output(source), None) for own in (target, small)]
    torch.testing.assert_close(*values, rtol=1e-12, atol=0)


def test_each_layer_has_its_own_transformation_and_they_are_added_up(random):
    shapes = [(4, 4, 4), (4, 2, 2)], [(6, 4, 4), (6, 2, 2)]
    loss = make(*shapes, layers=['layer0', 'layer1'])
    target, source = ([torch.tensor(random.normal(size=(5, *shape))) for shape in of] for of in shapes)
    both = loss(output(*target), output(*source), None)
    alone = []
    for i in range(2):
        one = make([shapes[0][i]], [shapes[1][i]])
        one.transformations = nn.ModuleList([copy.deepcopy(loss.transformations[i])])
        alone.append(one(output(target[i]), output(source[i]), None))
    torch.testing.assert_close(both, alone[0] + alone[1], rtol=1e-12, atol=0)
    first, second = (list(one.parameters()) for one in loss.transformations)
    assert not any(a is b for a, b in zip(first, second, strict=True))


def test_every_teacher_has_a_transformation_of_its_own(toys):
    nodes = {name: toys.node(allow_random=True) for name in ('net1', 'teacher1', 'teacher2')}
    edges = {f'{name}->net1': dict(loss=dict(type='FEED')) for name in ('teacher1', 'teacher2')}
    graph = toys.build(nodes, {'label->net1': toys.label()} | edges)
    own = [dict(graph.edges[key].named_parameters()) for key in edges]
    assert own[0].keys() == own[1].keys() and own[0]
    assert not any(own[0][name] is own[1][name] for name in own[0])
    learnt = {id(p) for name, group in graph.parameter_groups() for p in group if name == 'net1'}
    assert all(id(p) in learnt for parameters in own for p in parameters.values())
