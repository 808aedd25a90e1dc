"""Measures graphs that are trained as one stack: ``python tools/benchmarks/stack.py``.

The graphs are three ResNet-8 with the four gates of Minami et al. drawn at random, as in a search. Each is trained by
its own step, one after the other, and in stacks of several; the two run in turn in one process, on the same images.
Printed are milliseconds a network a step of both, and the ratio of each pair, stacked to alone: its median and
quartiles. On a GPU also those of the stack's step captured as one CUDA graph.
"""

import copy
import random
from collections.abc import Callable
from typing import Any

from report import Report, add_json, add_process_time, clock, seconds_of

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser, whole_number

NODES = ('net1', 'net2', 'net3')
WARM_UP = 3


@one_line_errors
def main() -> None:
    """Measures and prints."""
    parser = Parser(description='Measures graphs that are trained as one stack against the same graphs alone.')
    parser.add_argument(
        '--graphs', nargs='+', type=whole_number(1), default=[1, 4, 12], help='sizes of stacks; default: 1 4 12'
    )
    parser.add_argument('--batch-size', type=whole_number(2), default=64, help='default: 64')
    parser.add_argument('--pixels', type=whole_number(4), default=14, help='height and width of an image; default: 14')
    parser.add_argument(
        '--channels', type=whole_number(1), default=16, help="of the networks' first stage; default: 16"
    )
    parser.add_argument('--iterations', type=whole_number(1), default=20, help='pairs of steps; default: 20')
    add_process_time(parser)
    add_json(parser)
    args = parser.parse_args()
    import torch

    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    with Report(args, 'graphs') as report:
        for number in args.graphs:
            report.add(f'stacked by {number}', **measure(number, args, device, clock(args)))


def random_edges(draw: random.Random) -> dict[str, dict]:
    """Edges of three nodes, each with one of the four gates; the label always teaches, so that nobody idles."""
    gates = ('ThroughGate', 'LinearGate', 'CorrectGate', 'CutoffGate')
    edges = {}
    for target in NODES:
        edges[f'label->{target}'] = dict(loss=dict(type='CrossEntropy'), gate=dict(type=draw.choice(gates[:3])))
        for source in NODES:
            if source != target:
                gate = dict(type=draw.choice(gates))
                edges[f'{source}->{target}'] = dict(loss=dict(type='KLDivergence'), gate=gate)
    return edges


def build(number: int, channels: int, device: str) -> tuple[list, list]:
    """So many graphs, and their optimisers."""
    import torch
    from mmengine.optim import OptimWrapper

    from ktg_mm.models import KnowledgeTransferGraph

    network = dict(
        type='ImageClassifier',
        backbone=dict(type='CIFARResNet', depth=8, in_channels=1, base_channels=channels),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=10, in_channels=4 * channels),
    )
    nodes = {name: dict(type='NetworkNode', network=network) for name in NODES}
    draw, graphs, wrappers = random.Random(0), [], []
    for seed in range(number):
        torch.manual_seed(seed)
        graph = KnowledgeTransferGraph(nodes, random_edges(draw), 'net1').to(device).train()
        groups = [dict(params=parameters) for _, parameters in graph.parameter_groups()]
        graphs.append(graph)
        wrappers.append(OptimWrapper(torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)))
    return graphs, wrappers


def measure(number: int, args: Any, device: str, clock: Callable[[], float]) -> dict[str, Any]:
    """Milliseconds a network a step of graphs alone and in a stack.

    Args:
        number: How many graphs.
        args: Of the command.
        device: ``'cuda'`` or ``'cpu'``.
        clock: What tells the seconds.
    """
    import numpy as np
    import torch
    from mmpretrain.structures import DataSample

    from ktg_mm.models.stack import StackedGraphs

    alone, wrappers = build(number, args.channels, device)
    stack = StackedGraphs(*build(number, args.channels, device))
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(args.batch_size, 1, args.pixels, args.pixels, generator=generator)
    labels = torch.randint(10, (args.batch_size,), generator=generator)
    data = dict(inputs=images, data_samples=[DataSample().set_gt_label(int(label)) for label in labels])

    def step_alone() -> None:
        for graph, wrapper in zip(alone, wrappers, strict=True):
            graph.train_step(copy.copy(data), wrapper)

    steps: list[Callable[[], Any]] = [step_alone, lambda: stack.step(copy.copy(data))]
    times = [[seconds_of(step, clock) for step in steps] for _ in range(WARM_UP + args.iterations)][WARM_UP:]
    seconds = np.array(times)
    each = 1e3 / (number * len(NODES))
    ratio = seconds[:, 1] / seconds[:, 0]
    found = dict(
        networks=number * len(NODES),
        alone_ms=round(float(np.median(seconds[:, 0]) * each), 3),
        stacked_ms=round(float(np.median(seconds[:, 1]) * each), 3),
        ratio=round(float(np.median(ratio)), 3),
        ratio_quartiles=[round(float(quartile), 3) for quartile in np.quantile(ratio, (0.25, 0.75))],
    )
    if device == 'cuda':
        # One of its own: what has stepped on another stream cannot be captured on this one.
        replay = _captured(StackedGraphs(*build(number, args.channels, device)), data)
        captured = [seconds_of(replay, clock) for _ in range(WARM_UP + args.iterations)][WARM_UP:]
        found |= dict(captured_ms=round(float(np.median(captured) * each), 4))
    return found


def _captured(stack: Any, data: dict[str, Any]) -> Callable[[], Any]:
    """What replays a stack's step on one batch."""
    import torch

    images, samples = stack.prepare(copy.copy(data))
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UP):
            stack.step_on(images, samples)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        stack.step_on(images, samples)
    return graph.replay


if __name__ == '__main__':
    main()
