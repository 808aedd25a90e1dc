"""Measures how many graphs a search tries in an hour, by its workers: ``python tools/benchmarks/search.py``.

The search of a config, with its pruning, but fewer and shorter trials. Each worker is a process with one thread; it
imports first, and waits for the others before its clock starts. Printed are the trials an hour and the steps
(iterations of training) a second of all workers together, until the last of them has ended.

``--trials-per-worker 1 4`` measures each number of workers with one and with four trials under way in each, and
``--stack`` also with these stacked. On a GPU ``--cfg-options env_cfg.capture=auto`` records the steps of those that are
not. ``--no-pruning`` makes all as long, so that the numbers do not depend on who is stopped.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from processes import together
from report import Report, add_json, add_process_time, clock

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser, add_config_changes, whole_number

REPOSITORY = Path(__file__).parents[2]


@one_line_errors
def main() -> None:
    """Measures and prints a table."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default=str(REPOSITORY / 'configs/search/ktg_3node_digits.py'))
    add_config_changes(parser)
    parser.add_argument('--trials', type=whole_number(1), default=8, help='graphs to try; default: 8')
    parser.add_argument('--epochs', type=whole_number(1), default=4, help='epochs of each at most; default: 4')
    parser.add_argument('--workers', type=whole_number(1), nargs='+', default=[1, 2], help='numbers; default: 1 2')
    parser.add_argument(
        '--trials-per-worker',
        type=whole_number(1),
        nargs='+',
        default=[1],
        help='trials under way in each; default: 1',
    )
    parser.add_argument('--stack', action='store_true', help='measure several trials in a worker stacked, too')
    parser.add_argument('--no-pruning', action='store_true', help='train all graphs to the end')
    parser.add_argument('--repeats', type=whole_number(1), default=1, help='rounds, of which medians are; default: 1')
    add_process_time(parser)
    add_json(parser)
    args = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')
    ways = [(number, stack) for number in args.trials_per_worker for stack in (False, True)[: 1 + args.stack]]
    ways = [(number, stack) for number, stack in ways if number > 1 or not stack]
    found: dict[tuple[int, int, bool], list[tuple[float, int]]] = {}
    with Report(args, 'workers x trials in each') as report:
        for i in range(args.repeats):
            for workers, number, stack in ((workers, *way) for workers in args.workers for way in ways):
                measured = found.setdefault((workers, number, stack), [])
                measured.append(measure(workers, number, stack, args))
                if i == args.repeats - 1:
                    report.add(
                        f'{workers} x {number}' + ' stacked' * stack,
                        seconds=round(median(seconds for seconds, _ in measured), 1),
                        trials_an_hour=round(median(3600 * args.trials / seconds for seconds, _ in measured)),
                        steps_a_second=round(median(steps / seconds for seconds, steps in measured), 1),
                    )


def measure(workers: int, trials: int, stack: bool, args: argparse.Namespace) -> tuple[float, int]:
    """Seconds of the worker that took longest, and the steps of all."""
    with tempfile.TemporaryDirectory() as folder:
        found = together(workers, work, args, trials, stack, folder, clock(args))
    return max(seconds for seconds, _ in found), sum(steps for _, steps in found)


def work(
    number: int,
    wait: Callable[[], Any],
    args: argparse.Namespace,
    trials: int,
    stack: bool,
    folder: str,
    clock: Callable[[], float],
) -> tuple[float, int]:
    """One worker: its seconds and steps."""
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

    options = {'train_cfg.max_epochs': args.epochs, 'search.trials_per_worker': trials, 'search.stack': stack}
    cfg = load_config(args.config, {**options, **(args.cfg_options or {})}, args.overlays)
    if args.no_pruning:
        cfg.search.hook = None
    cfg.custom_hooks = [*cfg.custom_hooks, dict(type='StepCount')]
    wait()
    start = clock()
    run_search(cfg, StudyAddress.of(cfg, folder), trials=args.trials)
    return clock() - start, len(steps)


if __name__ == '__main__':
    main()
