"""Searches on a Ray cluster, a worker a task: ``python tools/ray_search.py configs/search/ktg_3node_digits.py``."""

import argparse
import re
import sys

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.apis.arguments import Parser, share, whole_number
from ktg_mm.lazy import without_collecting
from ktg_mm.search.study.arguments import add_study_arguments


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser('Searches for the best graph with workers on a Ray cluster, which may come and go.')
    add_study_arguments(parser)
    parser.add_argument('--trials', type=whole_number(1), help="number of graphs to try; default: the config's")
    add_ray_arguments(parser)
    return parser.parse_args()


def add_ray_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds what the workers are not told."""
    parser.add_argument(
        '--workers', type=whole_number(1, 10_000), default=8, help='those that find no place wait for one; default: 8'
    )
    parser.add_argument(
        '--gpus-per-worker', type=share(1), default=1, metavar='SHARE', help='0.25 puts four on a GPU; default: 1'
    )
    parser.add_argument('--cpus-per-worker', type=share(), default=1, metavar='SHARE', help='cores of each; default: 1')
    parser.add_argument(
        '--address',
        type=address,
        default='auto',
        metavar='auto|local|HOST:PORT',
        help='the cluster: that of this machine (auto), one of its own (local), or by its address; default: auto',
    )
    parser.add_argument(
        '--restarts',
        type=whole_number(0),
        default=100,
        help='how often a worker is started again that was killed, or whose machine has gone; default: 100',
    )


def address(text: str) -> str:
    """Reads ``--address``."""
    port = re.fullmatch(r'(?:[\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})', text, flags=re.ASCII)
    if text not in ('auto', 'local') and not (port and 0 < int(port[1]) < 65536):
        raise argparse.ArgumentTypeError(f'must be auto, local or HOST:PORT, got {text!r}')
    return text


@one_line_errors
def main() -> None:
    """Searches."""
    args = parse_args()
    with without_collecting():
        from ktg_mm.apis import load_config
        from ktg_mm.apis.checks.names import check_names
        from ktg_mm.search import StudyAddress
        from ktg_mm.search.worker.ray_workers import RayWorkers, connect

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    check_names(cfg)  # what a worker refuses later it says in its log
    folder = StudyAddress.of(cfg, args.work_dir, args.storage, args.study).folder
    connect(args.address, args.gpus_per_worker)
    add_ray_arguments(ours := Parser(add_help=False))
    words = ours.parse_known_args(sys.argv[1:])[1]
    shares = dict(cpus=args.cpus_per_worker, gpus=args.gpus_per_worker)
    sys.exit(RayWorkers(words, folder, args.workers, restarts=args.restarts, **shares).run())


if __name__ == '__main__':
    main()
