"""Shows how far networks look apart: ``python tools/analysis/embed_attention.py CONFIG CHECKPOINT``."""

import argparse

from ktg_mm.analysis.choices import METHODS
from ktg_mm.analysis.runs import read_runs, runs_parser, save_and_print
from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import seed
from ktg_mm.errors import UserError


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = runs_parser(
        'Draws the attention maps of all networks as points: maps that are alike are close together.', attention=True
    )
    parser.add_argument('--method', choices=METHODS, default='tsne', help='umap needs umap-learn; default: tsne')
    parser.add_argument(
        '--samples', type=int, default=500, metavar='N', help='images, drawn evenly from the classes; default: 500'
    )
    parser.add_argument('--seed', type=seed, default=0, help='seed of the draw and of the embedding; default: 0')
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Draws."""
    args = parse_args()
    if args.samples < 5:
        raise UserError(f'--samples must be at least 5, got {args.samples}')
    from ktg_mm.analysis.chosen_images import sample_images, with_images
    from ktg_mm.analysis.embed_attention import analyse_embedding, check_method
    from ktg_mm.apis import joined_name

    check_method(args.method)
    indices = sample_images(args, args.samples)
    predictions = read_runs(args, attention=True, change=lambda cfg: with_images(cfg, args.split, indices))
    name = f'{joined_name(args.config, args.overlays)}, {len(indices)} {args.split} images'
    save_and_print(analyse_embedding(predictions, indices, name, args.method, args.seed), args, predictions)


if __name__ == '__main__':
    main()
