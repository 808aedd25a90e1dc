import copy

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper

from ktg_mm.engine.capture import StepRates
from ktg_mm.engine.capture.step_rates import can_record
from ktg_mm.engine.optimizers import PhaseOptimWrapper


def weights(number=2):
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(3, 2, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(number)]


def step(wrapper, parameters, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in parameters:
        parameter.grad = torch.rand(3, 2, generator=generator, dtype=torch.float64)
    wrapper.step()


KINDS = [
    (torch.optim.SGD, dict(momentum=0.9, weight_decay=0.01, nesterov=True)),
    (torch.optim.SGD, dict()),
    (torch.optim.SGD, dict(momentum=0.9, foreach=True)),
    (torch.optim.Adam, dict(weight_decay=0.01)),
    (torch.optim.AdamW, dict(amsgrad=True)),
]


@pytest.mark.parametrize(('kind', 'options'), KINDS)
def test_a_step_at_a_tensors_rate(kind, options):
    """As torch's own step, but for the last bits of another kernel; schedules move plain numbers."""
    first, second = weights(), weights()
    plain = OptimWrapper(kind(first, lr=0.1, **options))
    wrapper = OptimWrapper(kind(second, lr=0.1, **options))
    rates = StepRates(wrapper)
    groups = copy.deepcopy([{k: v for k, v in group.items() if k != 'params'} for group in wrapper.param_groups])
    for seed in range(4):
        step(plain, first, seed)
        rates.update()
        with rates.as_tensors():
            group = wrapper.optimizer.param_groups[0]
            assert isinstance(group['lr'], torch.Tensor) and group['fused']
            step(wrapper, second, seed)
        assert [{k: v for k, v in group.items() if k != 'params'} for group in wrapper.param_groups] == groups
        for each in (plain, wrapper):
            each.optimizer.param_groups[0]['lr'] = 0.1 / (seed + 2)
        groups[0]['lr'] = 0.1 / (seed + 2)
    torch.testing.assert_close(second, first, rtol=1e-12, atol=1e-12)
    states = [wrapper.optimizer.state_dict() for wrapper in (plain, wrapper)]
    torch.testing.assert_close(states[1], states[0], rtol=1e-12, atol=1e-12)


def test_weights_that_get_their_first_gradient_later():
    """Torch's fused SGD would fail at momenta of which some are missing."""
    first, second = weights(), weights()
    plain = OptimWrapper(torch.optim.SGD(first, lr=0.1, momentum=0.9))
    wrapper = OptimWrapper(torch.optim.SGD(second, lr=0.1, momentum=0.9))
    rates = StepRates(wrapper)
    for number in (1, 2):
        step(plain, first[:number], 0)
        with rates.as_tensors():
            step(wrapper, second[:number], 0)
    torch.testing.assert_close(second, first, rtol=1e-12, atol=1e-12)


def test_numbers_that_a_recorded_step_would_not_see_change():
    optimizer = torch.optim.SGD(weights(), lr=0.1, momentum=0.9)
    rates = StepRates(OptimWrapper(optimizer))
    others = rates.others
    optimizer.param_groups[0]['lr'] = 0.2
    assert rates.others == others
    optimizer.param_groups[0]['momentum'] = 0.8
    assert rates.others != others


def test_the_groups_are_as_before_though_the_step_fails():
    optimizer = torch.optim.SGD(weights(), lr=0.1)
    wrapper = OptimWrapper(optimizer, clip_grad=dict(max_norm=1.0))
    rates, clip = StepRates(wrapper), wrapper.clip_func
    with pytest.raises(ZeroDivisionError), rates.as_tensors():
        assert wrapper.clip_func is not clip
        raise ZeroDivisionError
    assert optimizer.param_groups[0]['lr'] == 0.1 and not optimizer.param_groups[0]['fused']
    assert wrapper.clip_func is clip


def test_clipped_gradients_are_logged():
    parameters = weights()
    wrapper = OptimWrapper(torch.optim.SGD(parameters, lr=0.1), clip_grad=dict(max_norm=0.5))
    wrapper.message_hub = MessageHub('clipped')
    rates = StepRates(wrapper)
    with rates.as_tensors():
        step(wrapper, parameters, 0)
        assert not wrapper.message_hub.log_scalars
    length = torch.cat([parameter.grad.flatten() for parameter in parameters]).norm()
    torch.testing.assert_close(length, torch.tensor(0.5, dtype=torch.float64), rtol=1e-4, atol=0)
    rates.log_norms()
    assert wrapper.message_hub.get_scalar('train/grad_norm').current() > 0.5


def test_each_phase_has_its_own():
    first, second = weights(1), weights(1)
    wrapper = PhaseOptimWrapper(
        a=OptimWrapper(torch.optim.SGD(first, lr=0.1)), b=OptimWrapper(torch.optim.Adam(second, lr=0.2))
    )
    rates = StepRates(wrapper)
    with rates.as_tensors():
        assert [float(group['lr']) for group in (first_group(wrapper['a']), first_group(wrapper['b']))] == [0.1, 0.2]
    assert [first_group(wrapper[name])['lr'] for name in 'ab'] == [0.1, 0.2]


def first_group(wrapper):
    return wrapper.optimizer.param_groups[0]


@pytest.mark.parametrize(
    ('kind', 'options', 'expected'),
    [
        *[(kind, options, True) for kind, options in KINDS],
        (torch.optim.RMSprop, dict(), True),  # by its argument capturable
        (torch.optim.Adagrad, dict(), False),
        (torch.optim.SGD, dict(momentum=0.9, dampening=0.1), False),
        (torch.optim.Adam, dict(differentiable=True), False),
        (torch.optim.SparseAdam, dict(), False),
    ],
)
def test_which_optimisers(kind, options, expected):
    assert can_record(kind(weights(), lr=0.1, **options)) is expected


def test_an_optimiser_of_somebody_else():
    class Own(torch.optim.SGD):
        pass

    assert not can_record(Own(weights(), lr=0.1))


@pytest.mark.parametrize(('kind', 'options'), [(torch.optim.SGD, dict(momentum=0.9)), (torch.optim.Adam, dict())])
def test_a_state_in_another_layout_than_the_weights(kind, options):
    """As when a run is resumed with channels_last; torch's fused kernels would take one number for another."""
    generator = torch.Generator().manual_seed(0)
    start, gradient = torch.rand(2, 4, 3, 5, 5, generator=generator)
    found = []
    for layout in (torch.contiguous_format, torch.channels_last):
        weight = start.clone().requires_grad_()
        wrapper = OptimWrapper(kind([weight], lr=0.1, **options))
        weight.grad = gradient.clone()
        wrapper.step()
        saved = copy.deepcopy(wrapper.state_dict())
        weight = weight.detach().clone().to(memory_format=layout).requires_grad_()
        wrapper = OptimWrapper(kind([weight], lr=0.1, **options))
        wrapper.load_state_dict(saved)
        rates = StepRates(wrapper)
        weight.grad = gradient.clone().to(memory_format=layout)
        with rates.as_tensors():
            wrapper.step()
        found.append(weight.detach())
    torch.testing.assert_close(found[1], found[0], rtol=1e-6, atol=1e-6)
