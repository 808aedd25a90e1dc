"""Draws the graph of a config: ``python tools/draw_graph.py CONFIG --out graph.svg``."""

from pathlib import Path

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.apis.arguments import add_stage_argument
from ktg_mm.errors import ConfigError


@one_line_errors
def main() -> None:
    """Draws the picture and says where it is."""
    parser = config_parser("Draws a config's graph: who teaches whom, what, and when.")
    parser.add_argument(
        '--out', type=Path, metavar='FILE', help="picture, .svg or .png; default: the config's name with .svg, here"
    )
    add_stage_argument(parser)
    args = parser.parse_args()
    from ktg_mm.apis import joined_name, load_config
    from ktg_mm.apis.stages import named_stage_errors, one_stage
    from ktg_mm.visualization import draw_graph, save_picture

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    model = one_stage(cfg, args.stage).get('model')
    stem = joined_name(args.config, args.overlays)
    with named_stage_errors(cfg, args.stage):
        if not isinstance(model, dict):
            raise ConfigError('model', 'is missing: the config has no graph to draw')
        picture = draw_graph(model, stem)
    print(save_picture(picture, args.out or Path(f'{stem}.svg')))


if __name__ == '__main__':
    main()
