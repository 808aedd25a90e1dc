import copy

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from ktg_mm.engine.optimizers import AutocastOptimWrapper, PhaseOptimWrapper


def make(network, wrapper=OptimWrapper, **arguments):
    return PhaseOptimWrapper(
        logits=wrapper(torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9), **arguments),
        features=wrapper(torch.optim.Adam(network.parameters(), lr=0.01), **arguments),
    )


@pytest.mark.parametrize(
    ('counts', 'batches', 'expected'),
    [(1, 3, [1, 1, 1]), (2, 5, [0, 1, 0, 1, 1]), (3, 4, [0, 0, 1, 1])],  # the last step has what is left
)
def test_all_phases_step_after_the_same_batches(counts, batches, expected):
    network = nn.Linear(2, 2)
    wrapper = make(network, accumulative_counts=counts)
    wrapper.initialize_count_status(network, 0, batches)
    found = []
    for _ in range(batches):
        for phase in wrapper.values():
            phase.backward(phase.scale_loss(network(torch.ones(1, 2)).sum()))
        found.append(wrapper.should_update())
        assert {phase.should_update() for phase in wrapper.values()} == {found[-1]}
    assert found == [bool(value) for value in expected]


def test_a_resumed_run_counts_on():
    network = nn.Linear(2, 2)
    wrapper = make(network, accumulative_counts=2)
    wrapper.initialize_count_status(network, 4, 5)
    for phase in wrapper.values():
        assert phase.scale_loss(torch.tensor(1.0)) == 1.0  # the remainder is one batch
        phase.backward(network(torch.ones(1, 2)).sum())
    assert wrapper.should_update()


def test_the_context_is_that_of_the_phases():
    network = nn.Linear(2, 2)
    for kind, dtype in ((OptimWrapper, torch.float32), (AutocastOptimWrapper, torch.bfloat16)):
        with make(network, kind).optim_context(network):
            assert network(torch.ones(1, 2)).dtype == dtype
    assert network(torch.ones(1, 2)).dtype == torch.float32


def test_rates_and_state_of_each():
    torch.manual_seed(0)
    network, other = nn.Linear(2, 2), nn.Linear(2, 2)
    wrapper, fresh = make(network), make(other)
    assert wrapper.get_lr() == {'logits.lr': [0.1], 'features.lr': [0.01]}
    for phase in wrapper.values():
        network(torch.ones(1, 2)).sum().backward()
        phase.step()
    fresh.load_state_dict(copy.deepcopy(wrapper.state_dict()))
    assert list(wrapper.state_dict()) == ['logits', 'features']
    torch.testing.assert_close(fresh.state_dict(), wrapper.state_dict(), rtol=0, atol=0)
    assert fresh['features'].optimizer.state[other.weight]['step'] == 1
