"""Prints a config with everything that it inherits: ``python tools/print_config.py CONFIG``."""

from ktg_mm.apis import config_parser, load_config, one_line_errors
from ktg_mm.apis.checks.names import printed_note
from ktg_mm.apis.hide_storage import hide_storage


@one_line_errors
def main() -> None:
    """Prints the config."""
    args = config_parser('Prints a config with everything that it inherits.').parse_args()
    cfg = load_config(args.config, args.cfg_options, args.overlays)
    hide_storage(cfg)
    print(f'{printed_note(cfg)}{cfg.pretty_text}')


if __name__ == '__main__':
    main()
