"""Shows where networks look: ``python tools/analysis/attention_maps.py CONFIG CHECKPOINT``."""

import argparse

from ktg_mm.analysis.runs import config_of, read_runs, runs_parser, save_and_print
from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import seed
from ktg_mm.errors import UserError

MOST_IMAGES = 100  # beyond, viewers do not open the picture


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = runs_parser(
        'Draws the attention map of every network over a few images, and lists what it predicts.', attention=True
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        '--images', type=int, default=8, metavar='N', help='number of images, drawn evenly from the classes; default: 8'
    )
    which.add_argument(
        '--indices', type=int, nargs='+', metavar='I', help='places of the images in the data set, from 0'
    )
    parser.add_argument(
        '--wrong',
        nargs='?',
        const='',
        metavar='NODE',
        help='draw them from the images that this node gets wrong, of several runs in the first, or RUN/NODE; '
        "without a name: the graph's target",
    )
    parser.add_argument('--seed', type=seed, default=0, help='seed of the draw; default: 0')
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Draws."""
    args = parse_args()
    if not 1 <= (len(args.indices) if args.indices else args.images) <= MOST_IMAGES:
        raise UserError(f'--images and --indices take 1 to {MOST_IMAGES} images')
    if args.wrong is not None and args.indices:
        raise UserError('--wrong: chooses the images itself; leave out --indices, or --wrong')
    from ktg_mm.analysis.attention_maps import analyse_attention_maps
    from ktg_mm.analysis.chosen_images import sample_images, seen_pixels, with_images
    from ktg_mm.analysis.wrong_images import find_wrong_images
    from ktg_mm.apis import joined_name

    wrong = None if args.wrong is None else find_wrong_images(args, args.images)
    indices = wrong.indices if wrong else (args.indices or sample_images(args, args.images))[: args.limit]
    predictions = read_runs(args, attention=True, change=lambda cfg: with_images(cfg, args.split, indices))
    pixels = seen_pixels(config_of(args), args.split, indices)
    name = f'{joined_name(args.config, args.overlays)}, {args.split} images'
    save_and_print(analyse_attention_maps(predictions, pixels, indices, name, wrong and wrong.node), args, predictions)
    if wrong:
        print(wrong.note)


if __name__ == '__main__':
    main()
