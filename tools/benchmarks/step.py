"""Measures what the graph's training step costs beyond its networks': ``python tools/benchmarks/step.py``.

The graph's step is what the Runner does in an iteration: the default hooks, the data preprocessor, all nodes, edges and
gates, the backward pass and the optimiser. Its floor is plain torch on the same networks, images and memory layout: for
the first four graphs forward, cross-entropies, backward and the same optimiser, what only teaches without gradients;
for the others the whole method, written down (written_steps.py). Both run in turn in one process, so that a slower
machine slows both. Printed is the ratio of each pair: its median and the median's 95 % interval (bootstrap).

With ``--modes`` the graph's step with switches is measured against the same step without, in the same way.
"""

import tempfile

from report import Report, add_json, add_process_time, clock

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser, whole_number
from ktg_mm.errors import UserError, did_you_mean


@one_line_errors
def main() -> None:
    """Measures and prints."""
    parser = Parser(description='Measures the cost of a training step against its floor.')
    parser.add_argument(
        '--graphs', nargs='+', metavar='NAME', help='which of those of graphs.py; default: all but dogs'
    )
    parser.add_argument('--modes', nargs='+', metavar='MODE', help='switches to measure, of those of graphs.py')
    parser.add_argument('--batch-size', type=whole_number(8), default=64, help='default: 64')
    parser.add_argument(
        '--pixels',
        type=whole_number(8),
        help='height and width of images; default: 224 of dogs, 14 of small, else 32',
    )
    parser.add_argument('--iterations', type=whole_number(2), default=40, help='pairs of steps to measure; default: 40')
    add_process_time(parser)
    add_json(parser)
    parser.add_argument(
        '--capture',
        nargs='?',
        const=True,
        default=False,
        choices=['streams'],
        help="the graph's step as one CUDA graph, 'streams': each node on one of its own; needs a GPU",
    )
    args = parser.parse_args()
    from graphs import GRAPHS, MODES, PIXELS
    from measured_step import InterleavedLoop, measure

    for name in args.graphs or ():
        if name not in GRAPHS:
            raise UserError(f'argument --graphs: {did_you_mean(name, GRAPHS)}, got {name!r}')
    for mode in args.modes or ():
        if mode not in MODES:
            raise UserError(f'argument --modes: {did_you_mean(mode, MODES)}, got {mode!r}')
    InterleavedLoop.clock = staticmethod(clock(args))
    names = args.graphs or [name for name in GRAPHS if name not in PIXELS or name == 'small']
    with tempfile.TemporaryDirectory() as work_dir, Report(args, 'graph') as report:
        for name in names:
            for mode in args.modes or [None]:
                pixels = args.pixels or PIXELS.get(name, 32)
                folder = f'{work_dir}/{name}_{mode}'
                found = measure(name, args.batch_size, pixels, args.iterations, folder, mode, args.capture)
                report.add(f'{name} {mode}' if mode else name, **found)


if __name__ == '__main__':
    main()
