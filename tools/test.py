"""Tests a trained graph: ``python tools/test.py CONFIG CHECKPOINT``."""

import argparse
import os

from mmengine.config import DictAction

from ktg_mm.apis import LAUNCHERS, build_runner, load_config, one_line_errors


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Measures every node of a trained graph on the config's test data.")
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--work-dir', help="folder of the logs; default: work_dirs/ and the config's name")
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='how several processes were started')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings that replace those of the config',
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


@one_line_errors
def main() -> None:
    """Tests."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    build_runner(cfg, args.work_dir, args.launcher, load_from=args.checkpoint).test()


if __name__ == '__main__':
    main()
