"""Prints a config with everything that it inherits: ``python tools/print_config.py CONFIG``."""

from typing import TYPE_CHECKING

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.apis.arguments import add_stage_argument

if TYPE_CHECKING:
    from mmengine.config import Config


@one_line_errors
def main() -> None:
    """Prints the config."""
    parser = config_parser('Prints a config with everything that it inherits.')
    parser.add_argument(
        '--summary', action='store_true', help='the graph in words, with the parameters of each node, in its place'
    )
    add_stage_argument(parser, 'the whole config is printed, and the last one summarised')
    args = parser.parse_args()
    from ktg_mm.apis import load_config
    from ktg_mm.apis.checks.names import printed_note
    from ktg_mm.apis.hide_storage import hide_storage
    from ktg_mm.apis.stages import one_stage

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    if args.summary:
        print(graph_text(cfg, args.stage))
        return
    if args.stage is not None:
        cfg = one_stage(cfg, args.stage)
    hide_storage(cfg)
    print(f'{printed_note(cfg)}{cfg.pretty_text}')


def graph_text(cfg: 'Config', stage: str | None) -> str:
    """The graph of a run as its log begins with it, without the weights that it would read.

    Args:
        cfg: The config.
        stage: Its stage; None is the last one.
    """
    from ktg_mm.apis import build_graph
    from ktg_mm.apis.stages import named_stage_errors, one_stage
    from ktg_mm.visualization import graph_summary

    run = one_stage(cfg, stage)
    with named_stage_errors(cfg, stage):
        return graph_summary(build_graph(run, init_weights=False), run.model)


if __name__ == '__main__':
    main()
