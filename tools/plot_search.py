"""Draws how a search went: ``python tools/plot_search.py configs/search/ktg_3node_digits.py``."""

import argparse
import sys

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.search.study.arguments import add_study_arguments


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser(
        'Draws the rungs reached, learning curves, scores over trials and time (or the Pareto front), choices and '
        'importance of parameters of a search, each with a CSV file of its numbers; the search may still be running.'
    )
    add_study_arguments(parser)
    parser.add_argument('--out', metavar='FOLDER', help='where the pictures come; default: plots in the work folder')
    parser.add_argument('--format', choices=('svg', 'png'), default='svg', help='of the pictures; default: svg')
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Draws the pictures and says where they are."""
    args = parse_args()
    from ktg_mm.apis import load_config
    from ktg_mm.search.plots import plot_search
    from ktg_mm.search.study.address import StudyAddress
    from ktg_mm.search.study.storage import named_failures

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    address = StudyAddress.of(cfg, args.work_dir, args.storage, args.study)
    with named_failures(address.storage):
        pictures, notes = plot_search(cfg, address, args.out, args.format)
    for note in notes:
        print(f'note: {note}', file=sys.stderr)
    print(*pictures, sep='\n')


if __name__ == '__main__':
    main()
