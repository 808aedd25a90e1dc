"""SGD on stacked parameters is that of the optimisers alone."""

import copy

import pytest
import torch
from torch import nn
from torch.optim import SGD

from ktg_mm.models.stack.stacked_sgd import Row, StackedSGD

SAME = [dict(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)] * 3
DIFFERENT = [
    dict(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
    dict(lr=0.2, momentum=0.5, weight_decay=0.0, nesterov=False),
    dict(lr=0.1, momentum=0.0, weight_decay=0.1, nesterov=False),
]


def optimizers(options):
    generator = torch.Generator().manual_seed(0)
    made = []
    for one in options:
        parameters = [nn.Parameter(torch.rand(shape, generator=generator)) for shape in ((2, 3), (4,), (5,))]
        groups = [dict(params=parameters[:1]), dict(params=parameters[1:], lr=2 * one['lr'])]
        made.append(SGD(groups, **one))
    return made


def parameters_of(optimizer):
    return [parameter for group in optimizer.param_groups for parameter in group['params']]


def stacked(own):
    rows = [
        [Row(one, optimizer) for one, optimizer in zip(some, own, strict=True)]
        for some in zip(*map(parameters_of, own), strict=True)
    ]
    values = [torch.stack([row.parameter.detach() for row in some]) for some in rows]
    return values, StackedSGD(values, rows)


def gradients(step):
    generator = torch.Generator().manual_seed(step + 1)
    made = [torch.rand(3, *shape, generator=generator) - 0.5 for shape in ((2, 3), (4,), (5,))]
    return [*made[:2], None]  # the last is not in use


@pytest.mark.parametrize('options', [SAME, DIFFERENT, [dict(lr=0.1)] * 3])
@pytest.mark.parametrize('resumed', [False, True])
def test_is_as_each_alone_bit_by_bit(options, resumed) -> None:
    own, alone = optimizers(options), optimizers(options)

    def step_alone(optimizers, step):
        for i, optimizer in enumerate(optimizers):
            for parameter, gradient in zip(parameters_of(optimizer), gradients(step), strict=True):
                parameter.grad = None if gradient is None else gradient[i].clone()
            optimizer.step()

    if resumed:
        step_alone(own, 9)
        step_alone(alone, 9)
    values, sgd = stacked(own)
    for step in range(4):
        for optimizer in (*own, *alone):  # a schedule; a group's rates differ from those of the other
            optimizer.param_groups[0]['lr'] = 0.1 / (step + 1)
        sgd.step(gradients(step))
        step_alone(alone, step)
        for i, optimizer in enumerate(alone):
            for value, parameter in zip(values, parameters_of(optimizer), strict=True):
                assert torch.equal(value[i], parameter)
    for i in range(3):
        for row in range(3):
            sgd.copy_back(i, row)
    for optimizer, other in zip(own, alone, strict=True):
        torch.testing.assert_close(optimizer.state_dict(), other.state_dict(), rtol=0, atol=0)


def test_nothing_comes_back_before_a_step() -> None:
    own = optimizers(SAME)
    _, sgd = stacked(own)
    sgd.copy_back(0, 0)
    assert not own[0].state


def test_a_loaded_state_has_other_groups() -> None:
    own = optimizers(SAME)
    values, sgd = stacked(own)
    for optimizer in own:
        optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        for group in optimizer.param_groups:
            group['lr'] = 0.0
    before = values[0].clone()
    sgd.step(gradients(0))
    assert torch.equal(values[0], before)


def test_a_parameter_of_no_group_is_refused() -> None:
    parameter = nn.Parameter(torch.zeros(1))
    with pytest.raises(ValueError, match='rows: the optimizer has no such parameter'):
        StackedSGD([torch.zeros(1, 1)], [[Row(parameter, SGD([nn.Parameter(torch.zeros(1))], lr=1.0))]])
