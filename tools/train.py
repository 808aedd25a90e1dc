"""Trains a graph: ``python tools/train.py configs/ktg/ens_3node_digits.py``."""

import argparse
import os

from mmengine.config import DictAction

from ktg_mm.apis import LAUNCHERS, build_runner, load_config, one_line_errors, train


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description='Trains the networks of a graph together.')
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help="folder of logs and checkpoints; default: work_dirs/ and the config's name")
    parser.add_argument(
        '--resume',
        nargs='?',
        const=True,
        default=False,
        metavar='CHECKPOINT',
        help='go on from a checkpoint; without a name, from the newest in the work folder, if there is one',
    )
    parser.add_argument('--load-from', metavar='CHECKPOINT', help='weights to begin with')
    parser.add_argument('--seed', type=int, help="seed of everything random; default: the config's")
    parser.add_argument('--amp', action='store_true', help='mixed precision (bfloat16)')
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='how several processes were started')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help="settings that replace those of the config, such as train_cfg.max_epochs=2; quote keys with '->'",
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


@one_line_errors
def main() -> None:
    """Trains."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    if args.seed is not None:
        cfg.randomness = dict(cfg.get('randomness', {}), seed=args.seed)
    train(build_runner(cfg, args.work_dir, args.launcher, args.load_from, args.resume, args.amp))


if __name__ == '__main__':
    main()
