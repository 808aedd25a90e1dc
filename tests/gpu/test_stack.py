"""A stack on a GPU does what it does on a CPU, and can be captured there."""

import pytest
import torch

from ktg_mm.models.stack import StackedGraphs

NODES = ('net1', 'net2', 'net3')


def built(toys, place):
    """Three graphs with other gates and temperatures, in a stack."""
    gates = ('LinearGate', 'CorrectGate', 'ThroughGate')
    graphs = []
    for i in range(3):
        edges = {f'label->{name}': toys.label() for name in NODES}
        edges['net2->net1'] = toys.kl(dict(type=gates[i]), temperature=1.0 + i)
        edges['net3->net2'] = toys.kl(dict(type=gates[i - 1]))
        graph = toys.build({name: toys.node() for name in NODES}, edges, seed=i).to(place)
        graph.progress = 0.3
        graphs.append(graph)
    return StackedGraphs(graphs, [toys.sgd(graph) for graph in graphs])


def weights(stack):
    return [{name: value.cpu() for name, value in stack.unstack(i).state_dict().items()} for i in stack.indices]


def test_steps_as_on_the_cpu(toys, device):
    states, losses = [], []
    for place in ('cpu', device):
        stack = built(toys, place)
        found = [stack.step(toys.batch(seed=seed)) for seed in range(3)]
        stack.remove(1)
        found.append(stack.step(toys.batch(seed=4)))
        losses.append([[float(loss) for loss in step.values()] for step in found])
        states.append(weights(stack))
    assert losses[1] == [pytest.approx(step, rel=1e-6) for step in losses[0]]
    torch.testing.assert_close(states[1], states[0], rtol=1e-6, atol=1e-8)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='hidden here; test_gpu.py runs it')
def test_a_captured_step_is_a_step(toys):
    stack, twin = built(toys, 'cuda'), built(toys, 'cuda')
    batches = [stack.prepare(toys.batch(seed=seed)) for seed in range(5)]
    images, samples = stack.prepare(toys.batch(seed=9))
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(2):  # momenta begin with the first step
            stack.step_on(images, samples)
    torch.cuda.current_stream().wait_stream(aside)
    for _ in range(2):
        twin.step_on(images, samples)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        stack.step_on(images, samples)
    for k, (other, known) in enumerate(batches):
        for one in (*stack._graphs.values(), *twin._graphs.values()):
            one.progress = 0.2 * (k + 1)
        images.copy_(other)
        samples.labels.copy_(known.labels)
        graph.replay()
        twin.step_on(other, known)
    torch.testing.assert_close(weights(stack), weights(twin), rtol=1e-6, atol=1e-9)
