"""Prints a config with everything that it inherits: ``python tools/print_config.py CONFIG``."""

import argparse

from mmengine.config import DictAction

from ktg_mm.apis import load_config, one_line_errors


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description='Prints a config with everything that it inherits.')
    parser.add_argument('config', help='config file')
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
    """Prints the config."""
    args = parse_args()
    print(load_config(args.config, args.cfg_options).pretty_text)


if __name__ == '__main__':
    main()
