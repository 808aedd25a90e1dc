"""The step of a graph and its floor, run in turn; ``step.py`` is the command."""

import copy
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from graphs import CHANNELS, CLASSES, CONFIGS, GRAPHS, MODES, OPTIMIZERS, SIZE, VIEWS, WRITTEN
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import DATA_SAMPLERS, DATASETS, LOOPS
from mmpretrain.structures import DataSample
from report import seconds_of
from scipy.stats import bootstrap
from torch import Tensor, nn
from written_steps import Networks

from ktg_mm.apis import build_runner, load_config
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.models.compiled import CompiledNetworks
from ktg_mm.structures import UNLABELED

WARM_UP = 4  # a step is captured in the fourth


@DATASETS.register_module()
class RandomImages(torch.utils.data.Dataset):
    """Random images in memory, so that loading costs nothing; there are 512, over and over.

    Args:
        size: Number of images.
        pixels: Height and width.
        channels: Their number. Defaults to 3.
        classes: Likewise. Defaults to 100.
    """

    def __init__(self, size: int, pixels: int, channels: int = 3, classes: int = 100) -> None:
        generator = torch.Generator().manual_seed(0)
        self.metainfo = dict(classes=tuple(map(str, range(classes))))
        self.images = torch.randint(0, 256, (512, channels, pixels, pixels), generator=generator, dtype=torch.uint8)
        self.labels = torch.randint(0, classes, (size,), generator=generator)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Any]:
        sample = DataSample(metainfo=dict(sample_idx=index)).set_gt_label(self.labels[index])
        return dict(inputs=self.images[index % len(self.images)], data_samples=sample)


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


@DATA_SAMPLERS.register_module()
class FirstSampler(torch.utils.data.Sampler):
    """The first images of a data set.

    Args:
        dataset: The data set.
        number: How many.
        seed: Not looked at.
    """

    def __init__(self, dataset: torch.utils.data.Dataset, number: int, seed: int | None = None) -> None:
        self.number = number

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.number))

    def __len__(self) -> int:
        return self.number


@LOOPS.register_module()
class InterleavedLoop(EpochBasedTrainLoop):
    """The Runner's loop, with a step of the floor before or after each of its iterations."""

    clock: Callable[[], float] = staticmethod(time.perf_counter)

    def __init__(self, runner: Runner, dataloader: Any, max_epochs: int, written: str | None) -> None:
        super().__init__(runner, dataloader, max_epochs)
        self.written = written
        self.first = 0.0

    def run(self) -> nn.Module:
        """Trains and keeps the times in :attr:`seconds`, a (graph, floor) pair per iteration."""
        self.graph = unwrapped(self.runner.model)
        self.floor = WRITTEN[self.written](self.graph, self.dataloader.dataset.labels) if self.written else None
        if self.written is None:
            captured, self.graph.captured = self.graph.captured, None
            self.eager = copy.deepcopy(self.graph)
            self.graph.captured = captured
            self.eager.compiled, self.eager.memory_format = CompiledNetworks([]), None
            self.eager.edge_batches = None
            self.eager.to(memory_format=torch.contiguous_format)
            cfg = copy.deepcopy(self.runner.cfg.optim_wrapper)
            cfg.type = 'OptimWrapper'
            cfg.optimizer.pop('fused', None)
            cfg.pop('type', None)  # in mixed precision
            self.eager_optimizer = build_optim_wrapper(self.eager, cfg)
        self.seconds: list[tuple[float, float]] = []
        return super().run()

    def run_iter(self, idx: int, data_batch: dict) -> None:
        """Times both steps on one batch, in turn the one and the other first."""
        start = time.perf_counter()
        steps = self._steps(idx, data_batch)
        order = (0, 1) if idx % 2 else (1, 0)
        times = {which: seconds_of(steps[which], self.clock) for which in order}
        self.first = self.first or time.perf_counter() - start
        self.seconds.append((times[0], times[1]))

    def _steps(self, idx: int, data_batch: dict) -> list[Callable[[], Any]]:
        """The Runner's iteration, and what it is measured against."""
        iteration = lambda: super(InterleavedLoop, self).run_iter(idx, data_batch)  # noqa: E731
        if self.floor is None:
            other = copy.deepcopy(data_batch)
            return [iteration, lambda: self.eager.train_step(other, self.eager_optimizer)]
        floor = self.floor
        batch = self.graph.data_preprocessor(copy.deepcopy(data_batch), training=True)
        labels = torch.cat([sample.gt_label for sample in batch['data_samples']]).clamp(min=0)
        ids = torch.tensor([sample.sample_idx for sample in batch['data_samples']], device=labels.device)
        learnt, taught = self._images(batch)
        labels, progress = labels.repeat(2)[: len(learnt)], (idx + 1) / self.max_iters
        return [iteration, lambda: floor.step(learnt, labels, ids, progress, taught)]

    def _images(self, batch: dict) -> tuple[Tensor, Tensor | None]:
        """The images that students learn from, and those that a teacher sees."""
        inputs = batch['inputs']
        has_teachers = isinstance(self.floor, Networks) and self.floor.teachers
        if isinstance(inputs, Tensor):
            return inputs, inputs if has_teachers else None
        first, second = inputs.values()
        unlabeled = second[batch['rows'].rows('unlabeled')]
        return (first, unlabeled) if has_teachers else (torch.cat([first, unlabeled]), None)


def measure(
    name: str,
    batch_size: int,
    pixels: int,
    iterations: int,
    work_dir: str,
    mode: str | None = None,
    capture: bool | str = False,
) -> dict[str, Any]:
    """Runs both steps ``iterations`` times and compares them.

    Args:
        name: The graph's. An eighth of the batch has labels where there are several views.
        batch_size: Images in a batch.
        pixels: Height and width of an image.
        iterations: Pairs of steps to measure, after four more that warm up.
        work_dir: Folder for the run's log.
        mode: One of :data:`graphs.MODES`: its step against the same graph's eager one in place of the floor. Defaults
            to None.
        capture: Whether the graph's step is one CUDA graph, as ``env_cfg.capture``. Defaults to False.

    Returns:
        Median seconds of both steps, the ratio's median and its 95 % interval; of a mode also the seconds that the
        first pair of steps took by the clock on the wall, in which networks are compiled.
    """
    cfg = load_config(CONFIGS / '_base_/default_runtime.py')
    views, channels, classes = VIEWS.get(name), CHANNELS.get(name, 3), CLASSES.get(name, 100)
    cfg.merge_from_dict(
        dict(
            model=GRAPHS[name](),
            data_preprocessor=dict(num_classes=classes, mean=[127.5] * channels, std=[64.0] * channels),
            train_dataloader=dict(
                batch_size=batch_size,
                num_workers=0,
                dataset=dict(type='RandomViews', size=SIZE, pixels=pixels, batch_size=batch_size, views=views)
                if views
                else dict(type='RandomImages', size=SIZE, pixels=pixels, channels=channels, classes=classes),
                sampler=dict(type='FirstSampler', number=batch_size * (iterations + WARM_UP)),
                collate_fn=dict(type='default_collate'),
            ),
            optim_wrapper=dict(OPTIMIZERS[name], constructor='NodeOptimWrapperConstructor'),
            train_cfg=dict(type='InterleavedLoop', max_epochs=1, written=None if mode else name),
            default_hooks=dict(checkpoint=dict(interval=2, save_last=False)),
            env_cfg=dict(capture=capture),
            log_level='WARNING',
        )
    )
    if mode is not None:
        cfg.merge_from_dict(MODES[mode])
    runner = build_runner(Config(cfg.to_dict()), work_dir)
    runner.train()
    seconds = np.array(runner.train_loop.seconds[WARM_UP:])
    ratio = seconds[:, 0] / seconds[:, 1]
    interval = bootstrap((ratio,), np.median, n_resamples=10_000, rng=0, method='percentile').confidence_interval
    own, other = (round(float(median), 5) for median in np.median(seconds, 0))
    return dict(
        seconds=own,
        **{'floor_seconds' if mode is None else 'plain_seconds': other},
        **(dict(first_pair_seconds=round(runner.train_loop.first, 1)) if mode else {}),
        ratio=round(float(np.median(ratio)), 4),
        ratio_interval_95=[round(float(interval.low), 4), round(float(interval.high), 4)],
        ratio_quartiles=[round(float(quartile), 4) for quartile in np.quantile(ratio, (0.25, 0.75))],
        pairs=len(ratio),
    )
