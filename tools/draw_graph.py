"""Draws the graph of a config: ``python tools/draw_graph.py CONFIG --out graph.svg``."""

import argparse
from pathlib import Path

from mmengine.config import DictAction

from ktg_mm.apis.command_line import one_line_errors
from ktg_mm.apis.config import load_config
from ktg_mm.errors import ConfigError
from ktg_mm.visualization import draw_graph, save_picture


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Draws a config's graph: who teaches whom, what, and when.")
    parser.add_argument('config', type=Path, help='config file')
    parser.add_argument(
        '--out', type=Path, metavar='FILE', help="picture, .svg or .png; default: the config's name with .svg, here"
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='settings that replace those of the config',
    )
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Draws the picture and says where it is."""
    args = parse_args()
    model = load_config(args.config, args.cfg_options).get('model')
    if not isinstance(model, dict):
        raise ConfigError('model', 'config has no model.nodes')
    path = save_picture(draw_graph(model, args.config.stem), args.out or Path(f'{args.config.stem}.svg'))
    print(path)


if __name__ == '__main__':
    main()
