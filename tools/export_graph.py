"""Writes a found graph as a config: ``tools/export_graph.py configs/search/ktg_3node_digits.py --out found.py``."""

import argparse

from ktg_mm.apis import config_parser, load_config, one_line_errors
from ktg_mm.search.found.export import export_graph


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser("Writes a search's best graph, or another complete trial's, as a short config.")
    parser.add_argument('--out', required=True, metavar='FILE', help='the config to write')
    parser.add_argument('--work-dir', help="folder of the search; default: work_dirs/ and the config's name")
    parser.add_argument(
        '--storage', metavar='URL', help="where the study is kept; default: the config's, else search.db"
    )
    parser.add_argument('--study', metavar='NAME', help="name of the study; default: the config's name")
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
    print(export_graph(cfg, args.out, args.work_dir, args.storage, args.study, args.rank, args.trial, args.base))


if __name__ == '__main__':
    main()
