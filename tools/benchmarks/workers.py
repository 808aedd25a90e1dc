"""Measures what a second worker adds to a search: ``python tools/benchmarks/workers.py``.

The floor are plain trainings of graphs that cost the same: one process that trains all, against two that train half
each, side by side. A search by one worker and by two is timed likewise. Every process has one thread, imports first,
and waits for the others before its clock starts. No gate cuts an edge off, and no graph is stopped.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from processes import together
from report import setting

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser, whole_number

REPOSITORY = Path(__file__).parents[2]


@one_line_errors
def main() -> None:
    """Measures and prints JSON."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default=str(REPOSITORY / 'configs/search/ktg_3node_digits.py'))
    parser.add_argument(
        '--graphs', type=whole_number(2), default=12, help='graphs to train, an even number; default: 12'
    )
    parser.add_argument('--epochs', type=whole_number(1), default=8, help='epochs of each; default: 8')
    parser.add_argument(
        '--repeats', type=whole_number(1), default=5, help='times that all four are measured; default: 5'
    )
    args = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')
    seconds: dict[str, list[float]] = {}
    gains: dict[str, list[float]] = dict(plain=[], search=[])
    for _ in range(args.repeats):
        taken = {}
        for kind in gains:
            for workers in (1, 2):
                taken[kind, workers] = measure(kind, workers, args)
                seconds.setdefault(f'{kind}, {workers}', []).append(taken[kind, workers])
            gains[kind].append(taken[kind, 1] / taken[kind, 2])
    ratios = [search / plain for search, plain in zip(gains['search'], gains['plain'], strict=True)]
    print(
        json.dumps(
            dict(
                graphs=args.graphs,
                epochs=args.epochs,
                seconds=seconds,
                gain_of_two_trainings=median(gains['plain']),
                gain_of_two_workers=median(gains['search']),
                ratio=median(ratios),
                ratios=ratios,
                cost_of_searching=median(a / b for a, b in zip(seconds['search, 1'], seconds['plain, 1'], strict=True)),
                setting=setting(),
            ),
            indent=2,
        )
    )


def measure(kind: str, workers: int, args: argparse.Namespace) -> float:
    """Seconds from the common start to the last worker's end."""
    with tempfile.TemporaryDirectory() as folder:
        spans = together(workers, work, kind, workers, args, folder)
    return max(end for _, end in spans) - min(start for start, _ in spans)


def work(
    number: int, wait: Callable[[], Any], kind: str, workers: int, args: argparse.Namespace, folder: str
) -> tuple[float, float]:
    """One process, its share of the plain trainings or a worker of the search: when it began and ended."""
    import torch

    from ktg_mm.apis import load_config
    from ktg_mm.search import Candidates, StudyAddress, run_search
    from ktg_mm.search.worker.run_trial import run_trial
    from ktg_mm.search.worker.trial_config import trial_config

    torch.set_num_threads(1)
    cfg = load_config(args.config, {'train_cfg.max_epochs': args.epochs})
    gates = cfg.search.space['model.edges.*.gate']
    gates.pop('cutoff')
    cfg.search.space = {'model.edges.*.gate': gates}
    cfg.search.hook = dict(type='ASHAHook', pruner=dict(type='NopPruner'))
    if kind == 'search':
        wait()
        start = time.time()
        run_search(cfg, StudyAddress.of(cfg, folder), trials=args.graphs)
    else:
        candidates = Candidates(cfg)
        names = [parameter.name for parameter in candidates.space.parameters]
        wait()
        start = time.time()
        for index in range(number, args.graphs, workers):
            config = candidates.space.apply(dict.fromkeys(names, list(gates)[index % 3]))
            run_trial(trial_config(config, cfg.search.hook, Path(folder) / f'{index}'), lambda hook: None)
    return start, time.time()


if __name__ == '__main__':
    main()
