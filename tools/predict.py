"""Says what is on images: ``python tools/predict.py CONFIG CHECKPOINT IMAGES...``."""

import argparse
from pathlib import Path

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.apis.arguments import add_stage_argument, whole_number


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser('Predicts image files with a node of a trained graph.')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('images', nargs='+', help='image files, or folders of them, searched with all that is inside')
    parser.add_argument('--node', metavar='NAME', help="network or ensemble that predicts; default: the graph's target")
    parser.add_argument('--top', type=whole_number(1), default=5, metavar='N', help='classes to name; default: 5')
    parser.add_argument('--out', type=Path, metavar='FILE', help='CSV file to write, a row for each image')
    add_stage_argument(parser)
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Predicts."""
    args = parse_args()
    from ktg_mm.apis import load_config, predict
    from ktg_mm.apis.prediction import prediction_rows
    from ktg_mm.apis.stages import named_stage_errors, one_stage
    from ktg_mm.files import save_table
    from ktg_mm.text_table import text_table

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    with named_stage_errors(cfg, args.stage):
        run = one_stage(cfg, args.stage)
        predictions = predict(run, args.checkpoint, args.images, args.node, args.top)
    print(text_table(prediction_rows(predictions)))
    if args.out:
        print(save_table(prediction_rows(predictions), args.out))


if __name__ == '__main__':
    main()
