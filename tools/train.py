"""Trains a graph: ``python tools/train.py configs/ktg/ens_3node_digits.py``."""

import argparse
import gc

from ktg_mm.apis import add_runner_arguments, config_parser, one_line_errors
from ktg_mm.apis.arguments import add_baseline_argument, seed
from ktg_mm.lazy import without_collecting


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser('Trains the networks of a graph together.')
    add_runner_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        default=False,
        metavar='CHECKPOINT',
        help='go on from a checkpoint; without a name, from the newest in the work folder, if there is one',
    )
    parser.add_argument(
        '--resume-changed',
        action='store_true',
        help='go on though the graph, data, optimiser, schedule or length is not what the run began with',
    )
    parser.add_argument('--load-from', metavar='CHECKPOINT', help='weights to begin with; of stages the first one')
    parser.add_argument(
        '--seed',
        type=seed,
        help="seed of everything random, from 0 to 4294967295; default: the config's; a resumed run keeps its own",
    )
    add_baseline_argument(parser)
    parser.add_argument('--amp', action='store_true', help='mixed precision (bfloat16)')
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Trains."""
    args = parse_args()
    with without_collecting():
        from ktg_mm.apis import build_runner, load_config
        from ktg_mm.apis.baseline import find_baseline
        from ktg_mm.apis.checks.whole import check_is_there
        from ktg_mm.apis.stages import StagedRun, run_folder
        from ktg_mm.apis.train_graph import graph_of_run
        from ktg_mm.apis.training import has_test_of_its_own, train_unless_finished
        from ktg_mm.config.stages import is_staged
        from ktg_mm.errors import UserError
        from ktg_mm.shipped import tool_command
    gc.freeze()  # mmengine collects with every data set, and would go through all that is imported each time

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    if args.seed is not None:
        cfg.randomness = dict(cfg.get('randomness', {}), seed=args.seed)
    resume = args.resume or args.resume_changed
    if is_staged(cfg):
        if args.baseline is not None:
            raise UserError(f'--baseline: the config is one of stages; give it to {tool_command("test")}, with --stage')
        resume = resume or cfg.get('resume', False)
        folder = run_folder(cfg, args.work_dir)
        run = StagedRun(cfg, folder, args.launcher, args.load_from, resume, args.amp, args.resume_changed)
        run.train(graph_of_run)
        return
    check_is_there(cfg, 'train')
    kind = 'test' if has_test_of_its_own(cfg) else 'last validation'
    baseline = find_baseline(args.baseline, cfg, kind) if args.baseline is not None else None
    runner = build_runner(
        cfg,
        args.work_dir,
        args.launcher,
        args.load_from,
        resume,
        args.amp,
        resume_changed=args.resume_changed,
        lock=True,
    )
    train_unless_finished(runner, summary=graph_of_run, baseline=baseline)


if __name__ == '__main__':
    main()
