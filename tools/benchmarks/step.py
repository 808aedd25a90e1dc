"""Measures what the graph's training step costs beyond its networks': ``python tools/benchmarks/step.py``.

The graph's step is what the Runner does in an iteration: the default hooks, the data preprocessor, all nodes, edges and
gates, the backward pass and the optimiser. Its floor is plain torch on the same networks, images and memory layout: for
the first four graphs forward, cross-entropies, backward and the same optimiser, what only teaches without gradients;
for the others the whole method, written down (written_steps.py). Both run in turn in one process, so that a slower
machine slows both. Printed as JSON is the ratio of each pair: its median and the median's 95 % interval (bootstrap).

With ``--modes`` the graph's step with switches is measured against the same step without, in the same way.
"""

import json
import platform
import tempfile
import time

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser
from ktg_mm.errors import UserError, did_you_mean


@one_line_errors
def main() -> None:
    """Measures and prints."""
    parser = Parser(description='Measures the cost of a training step against its floor.')
    parser.add_argument('--graphs', nargs='+', metavar='NAME', help='which of those of graphs.py; default: all')
    parser.add_argument('--modes', nargs='+', metavar='MODE', help='switches to measure, of those of graphs.py')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--pixels', type=int, default=32, help='height and width of an image')
    parser.add_argument('--iterations', type=int, default=40, help='pairs of steps to measure')
    parser.add_argument(
        '--process-time',
        action='store_true',
        help="measure the process's own time on the CPU, of which other processes on a busy machine take none",
    )
    parser.add_argument(
        '--capture',
        nargs='?',
        const=True,
        default=False,
        choices=['streams'],
        help="the graph's step as one CUDA graph, 'streams': each node on one of its own; needs a GPU",
    )
    args = parser.parse_args()
    import torch
    from graphs import GRAPHS, MODES
    from measured_step import InterleavedLoop, measure

    for name in args.graphs or ():
        if name not in GRAPHS:
            raise UserError(f'argument --graphs: {did_you_mean(name, GRAPHS)}, got {name!r}')
    for mode in args.modes or ():
        if mode not in MODES:
            raise UserError(f'argument --modes: {did_you_mean(mode, MODES)}, got {mode!r}')
    if args.process_time:
        InterleavedLoop.clock = staticmethod(time.process_time)
    with tempfile.TemporaryDirectory() as work_dir:
        results = {
            f'{name} {mode}' if mode else name: measure(
                name, args.batch_size, args.pixels, args.iterations, f'{work_dir}/{name}_{mode}', mode, args.capture
            )
            for name in args.graphs or GRAPHS
            for mode in args.modes or [None]
        }
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    setting = dict(
        batch_size=args.batch_size,
        pixels=args.pixels,
        device=device,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        python=platform.python_version(),
        capture=args.capture,
    )
    print(json.dumps(dict(setting=setting, **results), indent=2))


if __name__ == '__main__':
    main()
