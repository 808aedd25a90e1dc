"""Tests a trained graph: ``python tools/test.py CONFIG CHECKPOINT``."""

import argparse

from ktg_mm.apis import add_runner_arguments, config_parser, one_line_errors
from ktg_mm.apis.arguments import add_baseline_argument, add_stage_argument


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser("Measures every node of a trained graph on the config's test data.")
    parser.add_argument('checkpoint', help='checkpoint file')
    add_runner_arguments(parser)
    add_stage_argument(parser)
    add_baseline_argument(parser)
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Tests."""
    args = parse_args()
    from ktg_mm.apis import build_runner, load_config
    from ktg_mm.apis.baseline import find_baseline
    from ktg_mm.apis.checks.whole import check_is_there
    from ktg_mm.apis.result_table import result_table
    from ktg_mm.apis.stages import keep_config, named_stage_errors, one_stage, run_folder
    from ktg_mm.config.stages import is_staged

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    run = one_stage(cfg, args.stage, args.work_dir)
    folder = None if is_staged(cfg) else args.work_dir
    with named_stage_errors(cfg, args.stage):
        check_is_there(run, 'test')
        baseline = find_baseline(args.baseline, run, 'test') if args.baseline is not None else None
        runner = build_runner(run, folder, args.launcher, load_from=args.checkpoint, trains=False)
    if is_staged(cfg):
        keep_config(cfg, run_folder(cfg, args.work_dir))
    metrics = runner.test()
    runner.logger.info(f'test:\n{result_table(metrics, baseline)}\nfolder: {runner.work_dir}')


if __name__ == '__main__':
    main()
