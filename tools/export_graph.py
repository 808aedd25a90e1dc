"""Writes a found graph as a config: ``tools/export_graph.py configs/search/ktg_3node_digits.py --out found.py``."""

import argparse

from ktg_mm.apis import config_parser, load_config, one_line_errors
from ktg_mm.search.found.export import export_graph
from ktg_mm.search.study.address import StudyAddress, add_study_arguments


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser("Writes a search's best graph, or another complete trial's, as a short config.")
    parser.add_argument('--out', required=True, metavar='FILE', help='the config to write')
    add_study_arguments(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        '--rank', type=int, metavar='N', help='the n-th best trial, on the Pareto front if there are several metrics'
    )
    which.add_argument('--trial', type=int, metavar='NUMBER', help='the trial of this number')
    parser.add_argument(
        '--base',
        metavar='CONFIG',
        help="config to inherit; default: the search's search.retrain, else the search's config",
    )
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Exports."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    address = StudyAddress.of(cfg, args.work_dir, args.storage, args.study)
    print(export_graph(cfg, args.out, address, args.rank, args.trial, args.base))


if __name__ == '__main__':
    main()
