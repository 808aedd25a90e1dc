"""Measures how many graphs a search tries in an hour, by its workers: ``python tools/benchmarks/search.py``.

The search of a config, with its pruning, but fewer and shorter trials. Each worker is a process with one thread; it
imports first, and waits for the others before its clock starts. Printed are the trials an hour and the steps
(iterations of training) a second of all workers together, until the last of them has ended.
"""

import argparse
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report import Report, add_json, add_process_time, clock

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser, whole_number

REPOSITORY = Path(__file__).parents[2]


@one_line_errors
def main() -> None:
    """Measures and prints a table."""
    from mmengine.config import DictAction

    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default=str(REPOSITORY / 'configs/search/ktg_3node_digits.py'))
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, default={}, metavar='KEY=VALUE', help='such as switches'
    )
    parser.add_argument('--trials', type=whole_number(1), default=8, help='graphs to try; default: 8')
    parser.add_argument('--epochs', type=whole_number(1), default=4, help='epochs of each at most; default: 4')
    parser.add_argument('--workers', type=whole_number(1), nargs='+', default=[1, 2], help='numbers; default: 1 2')
    add_process_time(parser)
    add_json(parser)
    args = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')
    with Report(args, 'workers') as report:
        for workers in args.workers:
            seconds, steps = measure(workers, args)
            report.add(
                f'{workers}',
                seconds=round(seconds, 1),
                trials_an_hour=round(3600 * args.trials / seconds),
                steps_a_second=round(steps / seconds, 1),
            )


def measure(workers: int, args: argparse.Namespace) -> tuple[float, int]:
    """Seconds of the worker that took longest, and the steps of all."""
    context = multiprocessing.get_context('spawn')
    barrier, ends = context.Barrier(workers), context.Queue()
    with tempfile.TemporaryDirectory() as folder:
        processes = [
            context.Process(target=work, args=(args, folder, clock(args), barrier, ends)) for _ in range(workers)
        ]
        for process in processes:
            process.start()
        found = [ends.get() for _ in processes]
        for process in processes:
            process.join()
    return max(seconds for seconds, _ in found), sum(steps for _, steps in found)


def work(args: argparse.Namespace, folder: str, clock: Callable[[], float], barrier: Any, ends: Any) -> None:
    """One worker."""
    import torch
    from mmengine.hooks import Hook
    from mmpretrain.registry import HOOKS

    from ktg_mm.apis import load_config
    from ktg_mm.search import StudyAddress, run_search

    torch.set_num_threads(1)
    steps = []

    @HOOKS.register_module()
    class StepCount(Hook):
        def after_train_iter(self, runner: Any, batch_idx: int, *arguments: Any, **kwargs: Any) -> None:
            steps.append(batch_idx)

    cfg = load_config(args.config, {'train_cfg.max_epochs': args.epochs, **args.cfg_options})
    cfg.custom_hooks = [*cfg.custom_hooks, dict(type='StepCount')]
    barrier.wait()
    start = clock()
    run_search(cfg, StudyAddress.of(cfg, folder), trials=args.trials)
    ends.put((clock() - start, len(steps)))


if __name__ == '__main__':
    main()
