"""Says what is on images: ``python tools/predict.py CONFIG CHECKPOINT IMAGES...``."""

import argparse
import sys
from pathlib import Path

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.apis.arguments import add_layer_argument, add_stage_argument, whole_number
from ktg_mm.errors import UserError


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser('Predicts image files with a node of a trained graph.')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('images', nargs='+', help='image files, or folders of them, searched with all that is inside')
    parser.add_argument('--node', metavar='NAME', help="network or ensemble that predicts; default: the graph's target")
    parser.add_argument('--top', type=whole_number(1), default=5, metavar='N', help='classes to name; default: 5')
    parser.add_argument('--out', type=Path, metavar='FILE', help='CSV file to write, a row for each image')
    parser.add_argument(
        '--picture',
        type=Path,
        metavar='PATH',
        help='a .png or .svg file to draw: each image, where the networks look, its top classes as bars; '
        'or a folder, for a picture of each image',
    )
    add_layer_argument(parser)
    add_stage_argument(parser)
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Predicts."""
    args = parse_args()
    if args.layer and not args.picture:
        raise UserError('--layer: is for --picture alone')
    from ktg_mm.apis import joined_name, load_config, predict
    from ktg_mm.apis.attention_layers import named_layer_errors, small_maps_warning, with_layers
    from ktg_mm.apis.prediction import find_images, prediction_rows
    from ktg_mm.apis.stages import named_stage_errors, one_stage
    from ktg_mm.files import save_table
    from ktg_mm.text_table import text_table

    if args.picture:  # which alone needs matplotlib
        from ktg_mm.analysis.prediction_figure import picture_files, save_predictions
        from ktg_mm.analysis.seen_images import SeenImages

        picture_files(args.picture, [name for name, _ in find_images(args.images)])
    cfg = load_config(args.config, args.cfg_options, args.overlays)
    with named_stage_errors(cfg, args.stage):
        (run,) = with_layers([one_stage(cfg, args.stage)], args.layer)
        seen = SeenImages() if args.picture else None
        with named_layer_errors(args.layer):
            predictions = predict(run, args.checkpoint, args.images, args.node, args.top, seen)
    print(text_table(prediction_rows(predictions)))
    if args.out:
        print(save_table(prediction_rows(predictions), args.out))
    if seen:
        name = f'{args.node or run.model.target} of {joined_name(args.config, args.overlays)}'
        print(*save_predictions(predictions, seen.pixels, seen.attention, name, args.picture), sep='\n')
        if warning := small_maps_warning(seen.sizes, seen.larger):
            print(f'warning: {warning}', file=sys.stderr)


if __name__ == '__main__':
    main()
