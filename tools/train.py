"""Trains a graph: ``python tools/train.py configs/ktg/ens_3node_digits.py``."""

import argparse

from mmengine.dist import is_main_process

from ktg_mm.apis import add_runner_arguments, build_runner, config_parser, load_config, one_line_errors, train
from ktg_mm.apis.arguments import seed
from ktg_mm.apis.checks.whole import check_is_there
from ktg_mm.apis.resume import last_checkpoint_if_finished
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.visualization import graph_summary


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
    parser.add_argument('--load-from', metavar='CHECKPOINT', help='weights to begin with')
    parser.add_argument(
        '--seed',
        type=seed,
        help="seed of everything random, from 0 to 4294967295; default: the config's; a resumed run keeps its own",
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision (bfloat16)')
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Trains."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options, args.overlays)
    check_is_there(cfg, 'train')
    if args.seed is not None:
        cfg.randomness = dict(cfg.get('randomness', {}), seed=args.seed)
    resume = args.resume or args.resume_changed
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
    if last := last_checkpoint_if_finished(runner):
        if is_main_process():
            print(f'{runner.work_dir}: the run is finished; its last checkpoint is {last}')
        return
    runner.logger.info(graph_summary(unwrapped(runner.model), runner.cfg.model))
    train(runner)


if __name__ == '__main__':
    main()
