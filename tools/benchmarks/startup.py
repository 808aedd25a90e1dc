"""Measures what passes before the first iteration, and between two trials: ``python tools/benchmarks/startup.py``.

A training as tools/train.py begins it, in a process of its own, up to its first iteration: its imports, the config, its
checks, the graph with log and optimiser, the rehearsal with a made-up batch, the data, and the rest of it (choosing the
device's settings, the summary, hooks). Then a search: from the end of one trial, its last validation included, to the
first iteration of the next. Each process has one thread. Printed are medians.
"""

import argparse
import functools
import gc
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from processes import alone
from report import Report, add_json, add_process_time, clock

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser, whole_number
from ktg_mm.lazy import without_collecting

CONFIGS = Path(__file__).parents[2] / 'configs'


@one_line_errors
def main() -> None:
    """Measures and prints a table."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default=str(CONFIGS / 'dml/dml_3node_digits_100.py'), help='of the training')
    parser.add_argument('--search', default=str(CONFIGS / 'search/ktg_3node_digits.py'), help='config of the search')
    parser.add_argument('--trials', type=whole_number(2), default=4, help='of the search, of an epoch each; default: 4')
    parser.add_argument('--repeats', type=whole_number(1), default=3, help='trainings to begin; default: 3')
    add_process_time(parser)
    add_json(parser)
    args = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')
    begun = [alone(begin_training, args.config, clock(args)) for _ in range(args.repeats)]
    between = alone(search, args.search, args.trials, clock(args))
    parts = {part: median(times[part] for times in begun) for part in begun[0]}
    parts['between two trials'] = median(between)
    with Report(args, 'part') as report:
        for part, seconds in parts.items():
            report.add(part, seconds=round(seconds, 2))


class BegunError(Exception):
    """The first iteration is about to begin."""


def begin_training(config: str, clock: Callable[[], float]) -> dict[str, float]:
    """Seconds by part until the first iteration of a training."""
    start = clock()
    with without_collecting():
        from mmengine.hooks import Hook

        from ktg_mm.apis import build_runner, load_config, runner
        from ktg_mm.apis.train_graph import graph_of_run
        from ktg_mm.apis.training import train_unless_finished
    gc.freeze()
    taken = dict(imports=clock() - start)

    def timed(owner: Any, name: str, part: str) -> None:
        function = getattr(owner, name)

        @functools.wraps(function)
        def measured(*args: Any, **kwargs: Any) -> Any:
            begin = clock()
            try:
                return function(*args, **kwargs)
            finally:
                taken[part] = taken.get(part, 0) + clock() - begin

        setattr(owner, name, measured)

    class FirstIteration(Hook):
        priority = 'LOWEST'

        def before_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
            taken['first iteration'] = clock() - start
            raise BegunError

    begin = clock()
    cfg = load_config(config)
    taken['config'] = clock() - begin
    for owner, name, part in (
        (runner, 'check_run', 'checks'),
        (runner, 'rehearse', 'rehearsal'),
        (runner.QuietRunner, 'build_dataloader', 'data'),
    ):
        timed(owner, name, part)
    with tempfile.TemporaryDirectory() as folder:
        begin = clock()
        built = build_runner(cfg, folder)
        taken['build'] = clock() - begin - taken['checks'] - taken['rehearsal']
        built.register_hook(FirstIteration())
        try:
            train_unless_finished(built, summary=graph_of_run)
        except BegunError:
            pass
    named = ('imports', 'config', 'checks', 'build', 'rehearsal', 'data')
    rest = taken['first iteration'] - sum(taken[part] for part in named)
    return {part: taken[part] for part in named} | {'rest': rest, 'first iteration': taken['first iteration']}


def search(config: str, trials: int, clock: Callable[[], float]) -> Sequence[float]:
    """Seconds between each trial and the next."""
    from mmengine.hooks import Hook
    from mmpretrain.registry import HOOKS

    from ktg_mm.apis import load_config
    from ktg_mm.search import StudyAddress, run_search

    first, ends = [], []

    @HOOKS.register_module()
    class TrialClock(Hook):
        def before_train(self, runner: Any) -> None:
            self.begun = False

        def before_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
            if not self.begun:
                first.append(clock())
            self.begun = True

        def after_train(self, runner: Any) -> None:
            ends.append(clock())

    cfg = load_config(config, {'train_cfg.max_epochs': 1})
    cfg.custom_hooks = [*cfg.custom_hooks, dict(type='TrialClock')]
    with tempfile.TemporaryDirectory() as folder:
        run_search(cfg, StudyAddress.of(cfg, folder), trials=trials)
    return [begin - end for end, begin in zip(ends, first[1:], strict=False)]


if __name__ == '__main__':
    main()
