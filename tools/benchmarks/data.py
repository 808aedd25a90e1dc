"""Measures how many images a second one core prepares: ``python tools/benchmarks/data.py``.

The training loaders of the shipped small data sets, on noise of their images' shape, without workers: as they are, and
with their images in memory (configs/_base_/data_in_memory.py). Both make passes in turn in one process with one thread,
timed by the process's own time, of which other processes take none; the table has the medians. ``first`` is what
putting the images into memory takes once. On a GPU that is seen the images in memory are there, timed by the clock.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from report import Report, add_json

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser, whole_number
from ktg_mm.errors import UserError, did_you_mean

SHAPES = {
    'cifar10': (32, 32, 3),
    'fashion_mnist': (28, 28),
    'fashion_mnist_3000': (28, 28),
    'digits': (8, 8),
    'cifar100_diverse': (32, 32, 3),  # two weak views
    'fashion_mnist_semi_weak': (28, 28),  # likewise
    'cifar10_semi': (32, 32, 3),  # a weak and a strong view
    'fashion_mnist_semi': (28, 28),  # likewise
}


@one_line_errors
def main() -> None:
    """Measures and prints."""
    parser = Parser(description='Measures the images a second of the loaders of small data sets.')
    parser.add_argument(
        '--data', nargs='+', metavar='NAME', help='which of configs/_base_/datasets; default: all small'
    )
    parser.add_argument('--images', type=whole_number(1000), default=5000, help='of a data set; default: 5000')
    parser.add_argument('--repeats', type=whole_number(1), default=5, help='passes over them; default: 5')
    add_json(parser)
    args = parser.parse_args()
    for name in args.data or ():
        if name not in SHAPES:
            raise UserError(f'argument --data: {did_you_mean(name, SHAPES)}, got {name!r}')
    import statistics

    import numpy as np
    import torch
    from mmengine.config import Config
    from mmengine.device import get_device
    from mmengine.registry import DefaultScope
    from mmengine.runner import Runner
    from mmpretrain.datasets import BaseDataset

    from ktg_mm.datasets.in_memory import ImagesInMemory, MemoryLoader
    from ktg_mm.shipped import found

    class Noise(BaseDataset):
        METAINFO = dict(classes=tuple('0123456789'))

        def __init__(self, shape: tuple[int, ...], **kwargs: object) -> None:
            self.shape = shape
            super().__init__(ann_file='', **kwargs)

        def load_data_list(self) -> list[dict]:
            images = np.random.default_rng(0).integers(0, 256, (args.images, *self.shape), dtype=np.uint8)
            return [dict(img=image, gt_label=number % 10) for number, image in enumerate(images)]

    def loaders(name: str) -> tuple:
        cfg = Config.fromfile(found(Path('configs/_base_/datasets') / f'{name}.py'), lazy_import=False).train_dataloader
        dataset = dict(type=Noise, shape=SHAPES[name])
        if cfg.dataset.type == 'SemiSupervised':
            dataset = dict(type='SemiSupervised', dataset=dataset, num_labels=250)
            cfg.sampler.infinite = False
        dataset['pipeline'] = cfg.dataset.pipeline
        loader = dict(dataset=dataset, sampler=cfg.sampler, batch_size=cfg.batch_size, collate_fn=cfg.collate_fn)
        loader = Runner.build_dataloader(loader, seed=0)
        begin = clock()
        images = ImagesInMemory(loader.dataset, device, 'train_dataloader.dataset')
        return loader, MemoryLoader(loader, images), clock() - begin

    def rate(loader: Iterable[Any], clock: Callable[[], float]) -> float:
        begin, number = clock(), 0
        for batch in loader:
            number += len(batch['data_samples'])
        if device.type == 'cuda':
            torch.cuda.synchronize()
        return number / (clock() - begin)

    torch.set_num_threads(1)
    device = torch.device(get_device())
    clock = time.process_time if device.type == 'cpu' else time.perf_counter
    with DefaultScope.overwrite_default_scope('mmpretrain'), Report(args, 'data') as report:
        for name in args.data or SHAPES:
            loader, memory, first = loaders(name)
            pairs = [(rate(loader, clock), rate(memory, clock)) for _ in range(args.repeats + 1)][1:]
            present, new = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(mine / its for its, mine in pairs)
            report.add(
                name,
                images_a_second=round(present),
                **{f'in_memory_({device})': round(new)},
                ratio=round(ratio, 1),
                first_us_an_image=round(first / args.images * 1e6),
            )


if __name__ == '__main__':
    main()
