"""Trains a found graph beside what it must beat: ``python tools/retrain.py found.py --seeds 5``."""

import argparse
import signal
from pathlib import Path

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.apis.arguments import seed, whole_number
from ktg_mm.errors import UserError
from ktg_mm.search.found.method_names import METHODS


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser(
        'Trains a graph, deep mutual learning of its networks, and its target alone, each with the same seeds, and '
        'prints a table. Started again it goes on where it was; started twice, the two share the runs.'
    )
    parser.add_argument('--work-dir', help="folder of the runs; default: work_dirs/, the config's name and _retrain")
    parser.add_argument('--seeds', type=whole_number(1), default=5, metavar='N', help='number of seeds; default: 5')
    parser.add_argument('--seeds-from', type=seed, default=0, metavar='SEED', help='the first seed; default: 0')
    parser.add_argument(
        '--methods', nargs='*', choices=METHODS, default=METHODS, help='what to train beside --against; default: all'
    )
    parser.add_argument(
        '--against',
        nargs='+',
        default=[],
        metavar='CONFIG[+OVERLAY...]',
        help='other configs to train, with overlays after a +; --cfg-options hold for them too, --with does not',
    )
    parser.add_argument(
        '--metric',
        default='accuracy/top1',
        help="what to compare: the target's metric (default: accuracy/top1), a node's (net1/accuracy/top1), or the "
        'mean of the networks that learn (mean/accuracy/top1); finished runs are only read again',
    )
    parser.add_argument(
        '--seed-keys',
        nargs='+',
        default=[],
        metavar='KEY',
        help="entries of the configs that get each run's seed, too, such as train_dataloader.dataset.seed for other "
        'labels in each run',
    )
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Retrains."""
    args = parse_args()
    if (last := args.seeds_from + args.seeds - 1) >= 2**32:
        raise UserError(f'argument --seeds: the last seed must be at most {2**32 - 1}, got {last}')
    from ktg_mm.apis import joined_name, load_config
    from ktg_mm.apis.checks.names import check_names
    from ktg_mm.search.found.comparison import print_table
    from ktg_mm.search.found.retrain import retrain

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what ends jobs on clusters is as Ctrl-C
    cfg = load_config(args.config, args.cfg_options, args.overlays)
    against = {}
    for path in args.against:
        if (name := joined_name(path)) in against:
            raise UserError(f'--against {path}: another config has the same name; rename one')
        against[name] = load_config(path, args.cfg_options)
        check_names(against[name])
    work_dir = args.work_dir or Path('work_dirs') / f'{joined_name(args.config, args.overlays)}_retrain'
    seeds = range(args.seeds_from, args.seeds_from + args.seeds)
    print_table(retrain(cfg, work_dir, seeds, args.methods, against, args.metric, seed_keys=args.seed_keys))


if __name__ == '__main__':
    main()
