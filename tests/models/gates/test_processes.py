"""Two processes with half of each batch weigh as one with the whole, and keep the same state."""

import pytest
import torch
import torch.distributed as dist

import ktg_mm.models  # noqa: F401  registers
from ktg_mm.models.distribution_alignment import DistributionAlignment
from ktg_mm.models.losses import FeatureLoss
from ktg_mm.registry import GATES, LOSSES
from ktg_mm.structures import NodeOutput, TransferContext

WHOLE_BATCHES = ('CWTM',)  # their formula is about the samples of all processes


def weigh(rank, world_size):
    """The values of everything adaptive, or that draws, on this process's part of four batches, and its states."""

    def mine(values):
        size = len(values) // world_size
        return values[rank * size : (rank + 1) * size]

    arguments = dict(
        FlexMatchGate=dict(num_samples=6, threshold=0.5),
        StabilityGate=dict(threshold=0.5, other_view='b'),
        FreeMatchGate=dict(momentum=0.5),
        SoftMatchGate=dict(momentum=0.5),
        DashGate=dict(warm_up=0.5),
        SelfAdaptiveFairness=dict(momentum=0.5),
        CRD=dict(num_samples=6, num_negatives=3),
        SimMatch=dict(num_labels=6, threshold=0.5),
        CoMatch=dict(queue_size=30, other_view='b', threshold=0.5),
    )
    parts = {
        name: GATES.build(dict(type=name, **arguments.get(name, {})))
        for name, gate in GATES.module_dict.items()
        if gate.adaptive and gate.__module__.startswith('ktg_mm.')  # tests register others
    }
    parts |= {
        name: LOSSES.build(dict(type=name, **arguments.get(name, {})))
        for name, loss in LOSSES.module_dict.items()
        if (loss.adaptive or loss.draws or name in WHOLE_BATCHES) and loss.__module__.startswith('ktg_mm.')
    }
    parts['align'] = DistributionAlignment('labeled', momentum=0.5)
    values = {name: [] for name in parts}
    for name, part in parts.items():
        generator = torch.Generator().manual_seed(0)
        part.set_num_classes(4)
        if isinstance(part, FeatureLoss):
            torch.manual_seed(0)
            part.set_shapes([torch.Size([4])], [torch.Size([4])])
        part.double()
        weights = torch.randn(5, 4, generator=generator, dtype=torch.float64, requires_grad=True)
        for step in range(4):
            features = torch.randn(12, 5, generator=generator, dtype=torch.float64)
            source, labeled = 2 * torch.randn(2, 12, 4, generator=generator, dtype=torch.float64)
            labels, ids = torch.randint(4, (12,), generator=generator), torch.randint(6, (12,), generator=generator)
            context = TransferContext(
                mine(labels),
                (step + 1) / 4,
                sample_ids=mine(ids),
                labeled_source=NodeOutput(mine(labeled), features=dict(embedding=mine(labeled))),
                labeled_labels=mine(labels),
                labeled_ids=mine(ids),
                other_target=NodeOutput(None, features=dict(embedding=mine(features.flip(1)) @ weights)),
            )
            target, source = (
                NodeOutput(logits, features=dict(embedding=logits))
                for logits in (mine(features) @ weights, mine(source))
            )
            if name == 'align':
                values[name].append(part(source, context).logits)
            elif hasattr(part, 'weight'):
                values[name].append(part.weight(torch.ones(12 // world_size).double(), target, source, context))
            else:
                loss = part(target, source, context)
                (gradient,) = torch.autograd.grad(loss.mean(), weights)
                if world_size > 1:
                    dist.all_reduce(gradient)
                    gradient /= world_size
                values[name] += [loss.detach(), gradient.repeat(12 // world_size, 1)]
    states = {name: part.state_dict() for name, part in parts.items()}
    return values, states


@pytest.fixture(scope='module')
def results(two_processes):
    """Values and states of one process, and of the first and the second of two."""
    return [weigh(0, 1), *two_processes(weigh)]


NAMES = [
    'CRD',
    'CWTM',
    'DKPP',
    'DashGate',
    'FlexMatchGate',
    'FreeMatchGate',
    'RelativeThresholdGate',
    'SelfAdaptiveFairness',
    'SimMatch',
    'SoftMatchGate',
]
OF_ONE_PROCESS = 'CoMatch'  # its graph is of one process's samples, its memory of all


@pytest.mark.parametrize('name', [*NAMES, 'align', OF_ONE_PROCESS])
def test_two_processes_do_what_one_does(name, results):
    alone, first, second = results
    for whole, *halves in zip(*(values[name] for values, _ in results if name != OF_ONE_PROCESS), strict=True):
        torch.testing.assert_close(torch.cat(halves), whole, rtol=1e-9, atol=1e-12)
    for key, value in alone[1][name].items():
        torch.testing.assert_close(first[1][name][key], value, rtol=1e-9, atol=1e-12)
        assert torch.equal(first[1][name][key], second[1][name][key])


def test_nothing_that_is_adaptive_or_draws_is_left_out(results):
    assert set(results[0][0]) == {*NAMES, 'align', OF_ONE_PROCESS}
