"""Compares all methods at equal budgets: ``python tools/benchmark.py --data fashion_mnist_3000 --seeds 5``."""

import argparse
from pathlib import Path

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Options, Parser, seed, whole_number
from ktg_mm.errors import UserError


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = Parser(
        description='Trains every method of configs/_base_/benchmarks/families.py on one data set with one recipe, '
        'each with the same seeds and the same number of forward passes of the target, and prints a table. Started '
        'again it goes on where it was; started twice, the two share the runs.'
    )
    parser.add_argument('--data', required=True, help='a recipe of configs/_base_/benchmarks, such as digits')
    parser.add_argument('--rows', nargs='+', metavar='ROW', help='which methods; default: all that the data have')
    parser.add_argument('--groups', nargs='+', metavar='GROUP', help='supervised, few_labels; default: all')
    parser.add_argument(
        '--epochs',
        type=whole_number(1),
        metavar='N',
        help="the budget of a run: N forward passes of the target for each training image; default: the recipe's",
    )
    parser.add_argument('--seeds', type=whole_number(1), default=5, metavar='N', help='number of seeds; default: 5')
    parser.add_argument('--seeds-from', type=seed, default=0, metavar='SEED', help='the first seed; default: 0')
    parser.add_argument(
        '--choose',
        action='store_true',
        help='try the other weights and temperatures of families.py with the first seed, and train with what is best '
        'on the validation images; default: what the papers say',
    )
    parser.add_argument('--work-dir', help="folder of the runs; default: work_dirs/benchmark_ and the data's name")
    parser.add_argument(
        '--list', '--dry-run', action='store_true', help='train nothing: show the rows, their cost and the hours'
    )
    parser.add_argument('--cfg-options', nargs='+', action=Options, metavar='KEY=VALUE', help='of all configs')
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Trains, or lists what there is to train."""
    args = parse_args()
    if (last := args.seeds_from + args.seeds - 1) >= 2**32:
        raise UserError(f'argument --seeds: the last seed must be at most {2**32 - 1}, got {last}')
    from ktg_mm.benchmark import make_plans, read_rows
    from ktg_mm.benchmark.listing import listed
    from ktg_mm.benchmark.report import read_results, results_table, save_results
    from ktg_mm.benchmark.run import check_choices, check_folder, run_benchmark
    from ktg_mm.search.found.methods import say_it

    rows, references = read_rows(args.data, args.rows, args.groups, args.epochs, args.cfg_options)
    if args.choose:
        check_choices(rows)
    if args.list:
        print(listed(make_plans(rows), args.seeds, args.choose))
        return
    folder = Path(args.work_dir or Path('work_dirs') / f'benchmark_{args.data}')
    check_folder(folder, args.data)
    plans = make_plans(rows, folder, say_it)
    try:
        run_benchmark(plans, folder, range(args.seeds_from, args.seeds_from + args.seeds), args.choose)
    finally:
        if results := read_results(folder, references):
            save_results(folder, results)
    print(results_table(results))


if __name__ == '__main__':
    main()
