"""Makes a world to simulate searches in from the table of trained graphs.

``python tools/benchmarks/fit_graph_world.py TABLE --out tests/data/graph_world.npz``

``TABLE`` is a folder with ``rand.npz`` (graphs drawn at random, one seed each), ``rep.npz`` and ``hand.npz`` (graphs
drawn at random, and hand-made ones, with many seeds each). Three small networks learn from the first what a graph comes
to; the others say how well they have, how much is a graph's own, and how its seeds spread. It takes a minute.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from graph_codes import CHOICES, EPOCHS, EXCHANGED, canonical
from graph_world import HEALTHY, GraphWorld, one_hot

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser
from ktg_mm.errors import UserError

# What people try first: each network alone, mutual learning, and one-way distillation from two wide networks.
ENQUEUED = ('ind', *(f'dml_T{t}_{widths}' for widths in ('00', '10', '11') for t in (1, 2, 4)), 'oneway_T2')
_COPIES = 3  # networks of each kind, whose mean is taken
_HIDDEN = (64, 64)


def read_table(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Reads the table.

    Args:
        folder: With its three files.

    Raises:
        UserError: If one of them cannot be read.
    """
    tables = {}
    for name in ('rand', 'rep', 'hand'):
        path = folder / f'{name}.npz'
        try:
            with np.load(path, allow_pickle=False) as file:
                tables[name] = {key: file[key] for key in ('C', 'v', *(['names'] if name == 'hand' else []))}
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise UserError(f'{path}: is no file of a table of trained graphs: {error}') from error
        shape = tables[name]['C'].shape[-1], tables[name]['v'].shape[-1]
        if shape != (len(CHOICES), len(EPOCHS)):
            raise UserError(f'{path}: must have {len(CHOICES)} choices and {len(EPOCHS)} scores a graph, got {shape}')
    return tables


def fit(folder: Path) -> GraphWorld:
    """Makes a world.

    Args:
        folder: The table's.

    Raises:
        UserError: If it cannot be read.
    """
    tables = read_table(folder)
    drawn, scores = tables['rand']['C'].astype(np.int64), tables['rand']['v'].astype(float)
    often = [scores.astype(float) for scores in tables['rep']['v']]
    often += [scores.astype(float) for scores in tables['hand']['v'].transpose(1, 0, 2)]
    codes = np.concatenate([tables['rep']['C'], tables['hand']['C']]).astype(np.int64)
    cut = canonical(drawn)[2]
    learns = scores[:, -1] > HEALTHY
    badness = np.log(100 - np.minimum(scores, 99))
    content: dict[str, np.ndarray] = {}
    content |= _networks('learns', cut, learns)
    content |= _networks('good', cut[learns], scores[learns])
    content |= _networks('bad', cut[~learns], badness[~learns])
    names = [str(name) for name in tables['hand']['names']]
    content |= dict(
        names=np.array(ENQUEUED),
        enqueued=tables['hand']['C'][[names.index(name) for name in ENQUEUED]].astype(np.int8),
        measured=codes.astype(np.int8),
        measured_means=np.array([one.mean(0) for one in often], np.float32),
        luck_means=np.array([one[:, -1].mean() for one in often], np.float32),
        luck_counts=np.array([len(one) for one in often]),
        # Seeds spread around the mean of a sample less than around that of all.
        luck=np.concatenate([(one - one.mean(0)) * (len(one) / (len(one) - 1)) ** 0.5 for one in often]).astype('f2'),
        unexplained=np.zeros(len(EPOCHS), np.float32),
    )
    content['unexplained'] = _unexplained(GraphWorld(content), codes, often)
    return GraphWorld(content)


def _networks(name: str, codes: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Teaches the networks of one kind: which graphs learn well, or scores of graphs, which are standardised."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    warnings.simplefilter('ignore', ConvergenceWarning)  # they have all the epochs that they shall have
    inputs = one_hot(np.concatenate([codes, codes[:, EXCHANGED]]))
    outputs = np.concatenate([targets, targets])
    content: dict[str, np.ndarray] = {}
    if outputs.ndim > 1:
        content = {f'{name}_shift': outputs.mean(0), f'{name}_scale': outputs.std(0)}
        outputs = (outputs - outputs.mean(0)) / outputs.std(0)
    kind = MLPRegressor if outputs.ndim > 1 else MLPClassifier
    for copy in range(_COPIES):
        options: dict[str, Any] = dict(hidden_layer_sizes=_HIDDEN, alpha=1e-3, batch_size=256, random_state=copy)
        network = kind(**options, learning_rate_init=2e-3, max_iter=12, tol=0, n_iter_no_change=99, warm_start=True)
        network.fit(inputs, outputs)
        network.set_params(learning_rate_init=2e-4, max_iter=4).fit(inputs, outputs)
        for part, arrays in (('weight', network.coefs_), ('bias', network.intercepts_)):
            content |= {f'{name}_{copy}_{part}_{i}': array.astype('f2') for i, array in enumerate(arrays)}
    return content


def _unexplained(world: GraphWorld, codes: np.ndarray, often: list[np.ndarray]) -> np.ndarray:
    """How far a graph's mean curve goes with its own number: what the networks leave, less the luck of the seeds."""
    good = [i for i, scores in enumerate(often) if scores[:, -1].mean() > HEALTHY]
    left = np.array([often[i].mean(0) for i in good]) - world.predicted(canonical(codes[good])[2])
    luck = np.mean([np.cov(often[i].T) / len(often[i]) for i in good], axis=0)
    own = np.cov(left.T) - luck
    return (own[-1] / max(own[-1, -1], 1e-6) ** 0.5).astype(np.float32) if own[-1, -1] > 0 else np.zeros(len(EPOCHS))


def validation(world: GraphWorld, folder: Path) -> dict[str, Any]:
    """How near the world comes to graphs that were trained often.

    Args:
        world: To be judged by what its networks say, not by the means that it knows.
        folder: The table's.

    Returns:
        Of those that learn well, after 32 epochs and in per cent: how far the networks are off (standard deviation),
        how much of that is luck of the seeds, the rank correlation; and the share of graphs of which it is told
        rightly whether they learn well.
    """
    from scipy.stats import spearmanr

    tables = read_table(folder)
    result: dict[str, Any] = dict(unexplained=[round(float(value), 3) for value in world.content['unexplained']])
    plain = GraphWorld({**world.content, 'unexplained': np.zeros(len(EPOCHS))})
    for name, scores in (('rep', tables['rep']['v']), ('hand', tables['hand']['v'].transpose(1, 0, 2))):
        means, told = scores.astype(float).mean(1), plain.predicted(canonical(tables[name]['C'].astype(np.int64))[2])
        good = means[:, -1] > HEALTHY
        left = (means - told)[good]
        result[name] = dict(
            graphs=int(good.sum()),
            left=round(float(left[:, -1].std()), 3),
            bias=round(float(left[:, -1].mean()), 3),
            luck=round(float(np.mean(scores[good][:, :, -1].var(1, ddof=1) / scores.shape[1]) ** 0.5), 3),
            rank_correlation=round(float(spearmanr(means[good, -1], told[good, -1]).statistic), 3),
            told_rightly=round(float(np.mean((told[:, -1] > HEALTHY) == good)), 3),
        )
    best = int(tables['hand']['v'][:, :, -1].mean(0).argmax())
    result['best_hand_made'] = dict(
        name=str(tables['hand']['names'][best]),
        measured=round(float(tables['hand']['v'][:, best, -1].mean()), 2),
        told=round(float(plain.predicted(canonical(tables['hand']['C'][[best]].astype(np.int64))[2])[0, -1]), 2),
    )
    return result


@one_line_errors
def main() -> None:
    """Writes the world and prints how good it is."""
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument('table', type=Path, help='folder with rand.npz, rep.npz and hand.npz')
    parser.add_argument('--out', required=True, type=Path, help='file to write, .npz')
    args = parser.parse_args()
    world = fit(args.table)
    world.save(args.out)
    json.dump(validation(GraphWorld.load(args.out), args.table), sys.stdout, indent=1)
    print()


if __name__ == '__main__':
    main()
