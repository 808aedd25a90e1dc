"""Writes a found graph as a config: ``tools/export_graph.py configs/search/ktg_3node_digits.py --out found.py``."""

import argparse
from pathlib import Path

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.errors import UserError
from ktg_mm.search.study.arguments import add_study_arguments


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


def base_below(path: Path, overlays: list[Path]) -> Path | None:
    """The config to inherit where overlays are not to be: the search's own, or None for what it names.

    Args:
        path: Config of the search.
        overlays: What was laid over it.

    Raises:
        UserError: If the overlays change more than the graph and the search, so that the base must be chosen.
    """
    from ktg_mm.apis import load_config

    cfg, below = load_config(path, overlays=overlays), load_config(path)
    graph = ('model', 'search')  # names with an underscore are helpers of the file that they stand in
    changed = [key for key in cfg if not (key in graph or key.startswith('_') or cfg[key] == below.get(key))]
    if changed:
        raise UserError(f'--with: changes {", ".join(changed)}, which a graph inherits; give --base, what to inherit')
    return None if (cfg.get('search') or {}).get('retrain') else path


@one_line_errors
def main() -> None:
    """Exports."""
    args = parse_args()
    from ktg_mm.apis import config_files, load_config
    from ktg_mm.search.found.export import export_graph
    from ktg_mm.search.study.address import StudyAddress
    from ktg_mm.search.study.storage import named_failures

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    address = StudyAddress.of(cfg, args.work_dir, args.storage, args.study)
    config, *overlays = config_files(args.config, args.overlays)
    base = args.base or (base_below(config, overlays) if overlays else None)
    with named_failures(address.storage):
        print(export_graph(cfg, args.out, address, args.rank, args.trial, base, [config, *overlays]))


if __name__ == '__main__':
    main()
