"""Tests a trained graph: ``python tools/test.py CONFIG CHECKPOINT``."""

import argparse

from ktg_mm.apis import add_runner_arguments, build_runner, config_parser, load_config, one_line_errors
from ktg_mm.apis.checks.whole import check_is_there


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser("Measures every node of a trained graph on the config's test data.")
    parser.add_argument('checkpoint', help='checkpoint file')
    add_runner_arguments(parser)
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Tests."""
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options, args.overlays)
    check_is_there(cfg, 'test')
    build_runner(cfg, args.work_dir, args.launcher, load_from=args.checkpoint, trains=False).test()


if __name__ == '__main__':
    main()
