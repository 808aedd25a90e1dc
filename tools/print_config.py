"""Prints a config with everything that it inherits: ``python tools/print_config.py CONFIG``."""

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.apis.arguments import add_stage_argument


@one_line_errors
def main() -> None:
    """Prints the config."""
    parser = config_parser('Prints a config with everything that it inherits.')
    add_stage_argument(parser, 'the whole config is printed')
    args = parser.parse_args()
    from ktg_mm.apis import load_config
    from ktg_mm.apis.checks.names import printed_note
    from ktg_mm.apis.hide_storage import hide_storage
    from ktg_mm.apis.stages import one_stage

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    if args.stage is not None:
        cfg = one_stage(cfg, args.stage)
    hide_storage(cfg)
    print(f'{printed_note(cfg)}{cfg.pretty_text}')


if __name__ == '__main__':
    main()
