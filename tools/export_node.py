"""Takes a network out of its graph, for mmpretrain alone: ``tools/export_node.py CONFIG CHECKPOINT --out FOLDER``."""

import argparse

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.apis.arguments import add_stage_argument


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser("Writes a trained node as mmpretrain's own config and checkpoint, which need no ktg_mm.")
    parser.add_argument('checkpoint', help='checkpoint file of the graph')
    parser.add_argument('--node', metavar='NAME', help="network or ensemble; default: the graph's target")
    parser.add_argument('--out', required=True, metavar='FOLDER', help='the folder to write, which is not there yet')
    parser.add_argument('--onnx', action='store_true', help='write an .onnx, too, checked with onnxruntime')
    parser.add_argument('--torch-export', action='store_true', help="write torch.export's .pt2, too")
    add_stage_argument(parser)
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Exports."""
    args = parse_args()
    from ktg_mm.apis import load_config
    from ktg_mm.apis.exporting import export_node
    from ktg_mm.apis.stages import named_stage_errors, one_stage

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    run = one_stage(cfg, args.stage)
    with named_stage_errors(cfg, args.stage):
        config = export_node(run, args.checkpoint, args.out, args.node, args.onnx, args.torch_export)
    print(config)
    if (note := config.read_text(encoding='utf-8').splitlines()[1]).startswith('# '):
        print(note[2:])


if __name__ == '__main__':
    main()
