"""Measures what the graph's training step costs beyond its networks': ``python tools/benchmarks/step.py``.

The graph's step is what the Runner does in an iteration: the default hooks, the data preprocessor, all nodes, edges and
gates, the backward pass and the optimiser. Its floor is plain torch on the same networks, images and memory layout:
forward, cross-entropies, backward and the same optimiser; what only teaches runs without gradients. Both run in turn in
one process, so that a slower machine slows both. Printed as JSON is the ratio of each pair: its median and the median's
95 % interval (bootstrap).
"""

import argparse
import copy
import json
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.runner import EpochBasedTrainLoop
from mmpretrain.registry import DATASETS, LOOPS
from mmpretrain.structures import DataSample
from scipy.stats import bootstrap
from torch import Tensor, nn

from ktg_mm.apis import build_runner, load_config, one_line_errors
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.structures import UNLABELED

CONFIGS = Path(__file__).parents[2] / 'configs'
OPTIMIZER: dict[str, Any] = dict(lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True)
WARM_UP = 3


@DATASETS.register_module()
class RandomImages(torch.utils.data.Dataset):
    """Random images in memory, so that loading costs nothing.

    Args:
        size: Number of images.
        pixels: Height and width.
    """

    metainfo = dict(classes=tuple(map(str, range(100))))

    def __init__(self, size: int, pixels: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self.images = torch.randint(0, 256, (size, 3, pixels, pixels), generator=generator, dtype=torch.uint8)
        self.labels = torch.randint(0, 100, (size,), generator=generator)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return dict(inputs=self.images[index], data_samples=DataSample().set_gt_label(self.labels[index]))


@DATASETS.register_module()
class RandomViews(RandomImages):
    """Two views of random images, of which every eighth in a batch has a label.

    Args:
        size: Number of images.
        pixels: Height and width.
        batch_size: Images in a batch; the labelled ones come first.
        views: The views' names.
    """

    def __init__(self, size: int, pixels: int, batch_size: int, views: list[str]) -> None:
        super().__init__(size, pixels)
        self.views = views
        self.labels[torch.arange(size) % batch_size >= batch_size // 8] = UNLABELED

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = super().__getitem__(index)
        second = self.images[(index + 1) % len(self.images)]
        return item | dict(inputs=dict(zip(self.views, (item['inputs'], second), strict=True)))


class Floor:
    """The same networks in plain torch: students learn labels, teachers only predict.

    Args:
        students: The networks that learn.
        teachers: The moving averages that somebody listens to.
    """

    def __init__(self, students: list[nn.Module], teachers: list[nn.Module]) -> None:
        self.students = [copy.deepcopy(network) for network in students]
        self.teachers = [copy.deepcopy(network) for network in teachers]
        parameters = [parameter for network in self.students for parameter in network.parameters()]
        self.optimizer = torch.optim.SGD(parameters, **OPTIMIZER)
        self.branches: list[Tensor] = []
        for network in self.students:
            if branch := getattr(network.backbone, 'attention_branch', None):
                branch.register_forward_hook(lambda module, args, output: self.branches.append(output[1]))

    def step(self, learnt: Tensor, taught: Tensor | None, labels: Tensor) -> None:
        """Trains on one batch that is already normalised and on the device.

        Args:
            learnt: What the students see.
            taught: What the teachers see, if there are any.
            labels: One for each image that the students see.
        """
        self.branches.clear()
        with torch.no_grad():
            for teacher in self.teachers:
                teacher(taught, mode='tensor')
        logits = [network(learnt, mode='tensor') for network in self.students]
        loss = torch.stack([F.cross_entropy(scores, labels) for scores in logits + self.branches]).sum()
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


@LOOPS.register_module()
class InterleavedLoop(EpochBasedTrainLoop):
    """The Runner's loop, with a step of the floor before or after each of its iterations."""

    def run(self) -> nn.Module:
        """Trains and keeps the times in :attr:`seconds`, a (graph, floor) pair per iteration."""
        self.graph = unwrapped(self.runner.model)
        nodes, roles = self.graph.nodes, self.graph.roles
        heard = {edge.source_name for edge in self.graph.edges.values()}
        self.floor = Floor(
            [nodes[name].network for name, role in roles.items() if role == 'trained'],
            [nodes[name].network for name, role in roles.items() if role == 'ema' and name in heard],
        )
        self.seconds: list[tuple[float, float]] = []
        return super().run()

    def run_iter(self, idx: int, data_batch: dict) -> None:
        """Times both steps on one batch, in turn the one and the other first."""
        batch = self.graph.data_preprocessor(copy.deepcopy(data_batch), training=True)
        labels = torch.cat([sample.gt_label for sample in batch['data_samples']]).clamp(min=0)
        learnt, taught = self._images(batch)
        labels = labels.repeat(2)[: len(learnt)]
        steps: list[Callable[[], None]] = [
            lambda: super(InterleavedLoop, self).run_iter(idx, data_batch),
            lambda: self.floor.step(learnt, taught, labels),
        ]
        order = (0, 1) if idx % 2 else (1, 0)
        times = {which: _seconds(steps[which]) for which in order}
        self.seconds.append((times[0], times[1]))

    def _images(self, batch: dict) -> tuple[Tensor, Tensor | None]:
        """The images that students learn from, and those that a teacher sees."""
        inputs = batch['inputs']
        if isinstance(inputs, Tensor):
            return inputs, None
        first, second = inputs.values()
        unlabeled = second[batch['rows'].rows('unlabeled')]
        return (first, unlabeled) if self.floor.teachers else (torch.cat([first, unlabeled]), None)


def _seconds(step: Callable[[], None]) -> float:
    """Duration of a step, the device's work included."""
    _wait()
    start = time.perf_counter()
    step()
    _wait()
    return time.perf_counter() - start


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def mixed_graph() -> dict:
    """Three networks with the four gates of Minami et al. on their nine edges."""
    networks = load_config(CONFIGS / '_base_/models/networks_cifar.py')
    nodes = dict(net1=networks.resnet32, net2=networks.resnet110, net3=networks.wrn28_2)
    gates = {
        'label->net1': 'LinearGate',
        'label->net2': 'ThroughGate',
        'label->net3': 'ThroughGate',
        'net2->net1': 'CorrectGate',
        'net3->net1': 'ThroughGate',
        'net1->net2': 'CorrectGate',
        'net3->net2': 'LinearGate',
        'net1->net3': 'CutoffGate',
        'net2->net3': 'CorrectGate',
    }
    edges = {
        key: dict(loss=dict(type='CrossEntropy' if key.startswith('label') else 'KLDivergence'), gate=dict(type=gate))
        for key, gate in gates.items()
    }
    return _model(nodes, edges)


def attention_graph() -> dict:
    """Five attention branch networks with a probability and an attention loss on each of their 20 edges."""
    networks = load_config(CONFIGS / '_base_/models/networks_cifar.py')
    nodes = {f'net{i}': networks.abn_resnet20 for i in range(1, 6)}
    edges = {f'label->{name}': dict(loss=[dict(type='CrossEntropy')]) for name in nodes}
    for i, source in enumerate(nodes):
        for j, target in enumerate(nodes):
            attract = [dict(type='KLDivergence'), dict(type='AttentionMSE')]
            repel = [dict(type='ProbabilityCosine'), dict(type='AttentionCosine')]
            if i != j:
                edges[f'{source}->{target}'] = dict(loss=attract if (i + j) % 2 else repel)
    return _model(nodes, edges)


def _model(nodes: dict[str, dict], edges: dict[str, dict]) -> dict:
    return dict(
        type='KnowledgeTransferGraph',
        target='net1',
        nodes={name: dict(type='NetworkNode', network=network) for name, network in nodes.items()},
        edges=edges,
    )


def semi_supervised_graph(name: str) -> dict:
    """A WRN-28-2 and its moving average, taught as one of the semi-supervised graphs."""
    model = load_config(CONFIGS / f'_base_/graphs/{name}.py').model.to_dict()
    network = load_config(CONFIGS / '_base_/models/networks_cifar.py').wrn28_2
    return model | dict(nodes={node: dict(type='NetworkNode', network=network) for node in model['nodes']})


GRAPHS: dict[str, Callable[[], dict]] = dict(
    mixed=mixed_graph,
    attention=attention_graph,
    fixmatch=lambda: semi_supervised_graph('fixmatch'),
    mean_teacher=lambda: semi_supervised_graph('mean_teacher'),
)
VIEWS = dict(fixmatch=['weak', 'strong'], mean_teacher=['weak', 'weak2'])


def measure(
    model: dict, batch_size: int, pixels: int, iterations: int, work_dir: str, views: list[str] | None = None
) -> dict[str, Any]:
    """Runs both steps ``iterations`` times and compares them.

    Args:
        model: Config of the graph.
        batch_size: Images in a batch.
        pixels: Height and width of an image.
        iterations: Pairs of steps to measure, after three more that warm up.
        work_dir: Folder for the run's log.
        views: The views of the images, if a graph asks for some: an eighth of the batch has labels then.

    Returns:
        Median seconds of both steps, the ratio's median and its 95 % interval.
    """
    cfg = load_config(CONFIGS / '_base_/default_runtime.py')
    size = batch_size * (iterations + WARM_UP)
    cfg.merge_from_dict(
        dict(
            model=model,
            data_preprocessor=dict(num_classes=100, mean=[127.5] * 3, std=[64.0] * 3),
            train_dataloader=dict(
                batch_size=batch_size,
                num_workers=0,
                dataset=dict(type='RandomViews', size=size, pixels=pixels, batch_size=batch_size, views=views)
                if views
                else dict(type='RandomImages', size=size, pixels=pixels),
                sampler=dict(type='DefaultSampler', shuffle=False),
                collate_fn=dict(type='default_collate'),
            ),
            optim_wrapper=dict(constructor='NodeOptimWrapperConstructor', optimizer=dict(type='SGD', **OPTIMIZER)),
            train_cfg=dict(type='InterleavedLoop', max_epochs=1),
            default_hooks=dict(checkpoint=dict(interval=-1, save_last=False)),
            log_level='WARNING',
        )
    )
    runner = build_runner(Config(cfg.to_dict()), work_dir)
    runner.train()
    seconds = np.array(runner.train_loop.seconds[WARM_UP:])
    ratio = seconds[:, 0] / seconds[:, 1]
    interval = bootstrap((ratio,), np.median, n_resamples=10_000, rng=0, method='percentile').confidence_interval
    return dict(
        graph_seconds=round(float(np.median(seconds[:, 0])), 5),
        floor_seconds=round(float(np.median(seconds[:, 1])), 5),
        ratio=round(float(np.median(ratio)), 4),
        ratio_interval_95=[round(float(interval.low), 4), round(float(interval.high), 4)],
        ratio_quartiles=[round(float(quartile), 4) for quartile in np.quantile(ratio, (0.25, 0.75))],
        pairs=len(ratio),
    )


@one_line_errors
def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description='Measures the cost of a training step against its floor.')
    parser.add_argument('--graphs', nargs='+', choices=list(GRAPHS), default=list(GRAPHS))
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--pixels', type=int, default=32, help='height and width of an image')
    parser.add_argument('--iterations', type=int, default=40, help='pairs of steps to measure')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work_dir:
        results = {
            name: measure(
                GRAPHS[name](), args.batch_size, args.pixels, args.iterations, f'{work_dir}/{name}', VIEWS.get(name)
            )
            for name in args.graphs
        }
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    setting = dict(
        batch_size=args.batch_size,
        pixels=args.pixels,
        device=device,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        python=platform.python_version(),
    )
    print(json.dumps(dict(setting=setting, **results), indent=2))


if __name__ == '__main__':
    main()
