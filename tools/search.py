"""Searches for the best graph: ``python tools/search.py configs/search/ktg_3node_digits.py``."""

import argparse
import signal
import sys
from typing import Any

from ktg_mm.apis import add_runner_arguments, config_parser, one_line_errors
from ktg_mm.apis.arguments import Parser, whole_number
from ktg_mm.errors import hide_passwords
from ktg_mm.lazy import without_collecting
from ktg_mm.search.study.arguments import add_study_arguments


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser('Searches for the best graph; all workers that run it share one study.')
    add_runner_arguments(parser)
    add_study_arguments(parser, work_dir=False)
    parser.add_argument('--trials', type=whole_number(1), help="number of graphs to try; default: the config's")
    parser.add_argument(
        '--take-over',
        action='store_true',
        help='take trials that still count as running for lost; only where no worker is running',
    )
    return parser.parse_args()


def interrupt(signum: int, frame: Any) -> None:
    """Makes the signal that ends jobs on clusters end the search as Ctrl-C does: the trial is continued later."""
    raise KeyboardInterrupt


@one_line_errors
def main() -> None:
    """Searches."""
    args = parse_args()
    with without_collecting():
        from mmengine.dist import is_main_process

        from ktg_mm.apis import config_files, load_config
        from ktg_mm.apis.checks.names import check_names
        from ktg_mm.apis.next_command import next_command
        from ktg_mm.apis.stages import check_stages, run_folder
        from ktg_mm.config.stages import is_staged
        from ktg_mm.search import StudyAddress, run_search
        from ktg_mm.search.found.result_text import result_text
        from ktg_mm.search.space.retrain_base import retrain_base

    signal.signal(signal.SIGTERM, interrupt)
    cfg = load_config(args.config, args.cfg_options, args.overlays)
    check_names(cfg)
    if is_staged(cfg):
        check_stages(cfg, run_folder(cfg, args.work_dir), last=False)  # the last one is the search's to check
    address = StudyAddress.of(cfg, args.work_dir, args.storage, args.study)
    retrain_base(cfg, config_files(args.config, args.overlays))  # refused now, not when the search is over
    worker = run_search(cfg, address, args.trials, args.launcher, args.take_over)
    if is_main_process() and (text := result_text(worker.study, worker.candidates)):
        print(text)
        print(f'next: {next_command("export_graph", *_study_words(sys.argv[1:]), "--out", "found.py")}')


def _study_words(words: list[str]) -> list[str]:
    """The command line without what only a search takes."""
    parser = Parser(add_help=False)
    parser.add_argument('--trials')
    parser.add_argument('--launcher')
    parser.add_argument('--local_rank', '--local-rank')
    parser.add_argument('--take-over', action='store_true')
    return [hide_passwords(word) for word in parser.parse_known_args(words)[1]]


if __name__ == '__main__':
    main()
