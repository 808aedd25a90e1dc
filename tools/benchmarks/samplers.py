"""Compares samplers, stopping rules and races at equal budgets: ``python tools/benchmarks/samplers.py``.

Searches are simulated in a world that has been fitted to a table of 75,776 trained graphs (``fit_graph_world.py``), so
that they may ask for any graph of its space: three small networks on scikit-learn's digits, 32 epochs a graph. Or
among the graphs of a file of ``record_curves.py``, where one seed is all that is known.

A policy is a sampler and what is done beside it, such as ``evolution-asha-enqueued-race``:

- ``random``, ``evolution`` (``RegularizedEvolutionSampler``) or a class of Optuna's; ``none`` tries what is enqueued;
- ``asha`` stops graphs at 1, 2, 4, 8 and 16 epochs, ``asha4`` at 4, 8 and 16;
- ``enqueued``: eleven graphs that people know are tried first, to the end (independent, mutual learning at three
  temperatures with three choices of widths, one-way distillation);
- ``race``: the best few and the baseline, which is the enqueued graph of the best score, run with new seeds at the end;
  the budget pays for it. The graph that is left is handed out if it is shown to be better, else the baseline.

``default`` is what ``default_sampler`` and ``default_race`` of ``ktg_mm.search`` make of the budget, ``default-asha``
the same with a stopping rule. Printed of each
policy and budget, in per cent of accuracy and with 95 % intervals over the repeats:

- ``gain``: by how much the graph that is handed out is better, its mean over all seeds, than the best enqueued one; in
  a file of curves, than the best of all its graphs, which is never above 0;
- ``worse``: how often it is worse; ``worse than baseline``: than the enqueued graph that scored best in the search;
- ``optimism``: the score that the search has seen of it, less that mean;
- ``shown``: how often the race shows a gain; ``winners gain``: the gain if what is left of it were handed out always;
- ``best tried``: the gain of the best graph that was trained to the end, had the search known which it is.
"""

import zlib
from pathlib import Path
from typing import Any

from report import Report, add_json

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser, whole_number
from ktg_mm.errors import UserError, did_you_mean

WORLD = Path(__file__).parents[2] / 'tests/data/graph_world.npz'
BUDGETS = (500, 1500, 6000, 20000)
STOPS = {'asha': 1, 'asha4': 4}
PARTS = (*STOPS, 'enqueued', 'race')
POLICIES = (
    'none-enqueued',
    'none-enqueued-race',
    *(
        f'{sampler}{stop}{enqueued}{race}'
        for sampler in ('random', 'evolution')
        for stop in ('', '-asha', '-asha4')
        for enqueued in ('', '-enqueued')
        for race in ('', '-race')
    ),
    'default',
    'default-asha',
)


@one_line_errors
def main() -> None:
    """Simulates and prints."""
    parser = Parser(description=__doc__.splitlines()[0].partition(':')[0] + '.')
    parser.add_argument(
        '--table',
        metavar='PATH',
        help='file of fit_graph_world.py, the folder of a table, which is fitted for a minute, or file of '
        'record_curves.py; default: tests/data/graph_world.npz',
    )
    parser.add_argument(
        '--policies', nargs='+', help='default: random and evolution, with all that may stand beside them'
    )
    parser.add_argument('--budgets', nargs='+', type=whole_number(1), default=BUDGETS, help=f'default: {BUDGETS}')
    parser.add_argument('--repeats', type=whole_number(2), default=50, help='searches of each; default: 50')
    both = ('GRAPHS', 'SEEDS')
    parser.add_argument('--race', nargs=2, type=whole_number(2), metavar=both, help='default: by the budget')
    parser.add_argument(
        '--evolution',
        nargs=3,
        type=whole_number(1),
        default=(50, 10, 10),
        metavar=('POPULATION', 'TOURNAMENT', 'FIRST'),
        help='sizes of regularised evolution; default: 50 10 10',
    )
    parser.add_argument('--seed', type=whole_number(0), default=0, help='default: 0')
    add_json(parser)
    args = parser.parse_args()
    table = Path(args.table or WORLD)
    world = _world(table)
    names = args.policies or [name for name in POLICIES if _fits(name, world)]
    for name in names:
        _check(name, world, table)
    from outcomes import simulate, summary

    with Report(args, 'policy') as report:
        for budget in args.budgets:
            for name in names:
                policy = policy_of(name, budget // world.epochs[-1], args.race, args.evolution)
                seed = zlib.crc32(f'{args.seed} {budget} {name}'.encode())
                try:
                    outcome = simulate(world, policy, budget, args.repeats, seed)
                except ValueError as error:
                    if args.policies:
                        raise UserError(f'--budgets {budget}: is too small for {name}; {error}') from error
                    continue
                report.add(name, epochs=budget, **summary(outcome, world.best))


def _world(table: Path) -> Any:
    """What to simulate in."""
    if table.suffix == '.json':
        from fixed_graphs import FixedGraphs

        return FixedGraphs(table)
    from fit_graph_world import fit
    from graph_world import GraphWorld

    return fit(table) if table.is_dir() else GraphWorld.load(table)


def _fits(name: str, world: Any) -> bool:
    """Whether a world has what a policy needs."""
    sampler, *parts = name.split('-')
    return bool(len(world.enqueued)) or (
        not {'enqueued', 'race'} & {*parts} and name != 'default' and (sampler == 'random' or world.has_parameters)
    )


def _check(name: str, world: Any, table: Path) -> None:
    """Refuses a policy that there is not, or that the world has not what it takes for."""
    from ktg_mm.registry import SAMPLERS
    from ktg_mm.search.space import samplers  # noqa: F401, which registers them

    sampler, *parts = name.split('-')
    own = ('random', 'evolution', 'none', 'default')
    if sampler not in own and sampler not in SAMPLERS:
        raise UserError(f'--policies {name}: no sampler is named {sampler!r}; {did_you_mean(sampler, own)}')
    for part in parts:
        known = STOPS if sampler == 'default' else PARTS
        if part not in known:
            raise UserError(f'--policies {name}: no part is named {part!r}; {did_you_mean(part, known)}')
    if sampler == 'none' and 'enqueued' not in parts:
        raise UserError(f'--policies {name}: none tries what is enqueued, so write none-enqueued')
    if not _fits(name, world):
        raise UserError(
            f'--policies {name}: {table} has neither graphs to enqueue nor other seeds'
            + ('' if world.has_parameters else ', and no parameters of its graphs; record it anew')
        )


def policy_of(
    name: str, trainings: int, race: tuple[int, int] | None = None, evolution: tuple[int, int, int] = (50, 10, 10)
) -> Any:
    """The policy of a name.

    Args:
        name: Of the policy.
        trainings: How many whole trainings a search has, those of its race among them.
        race: Graphs and seeds of the race; None for what :func:`default_race` says.
        evolution: ``population_size``, ``tournament_size`` and ``first`` of regularised evolution.
    """
    from searches import Policy

    from ktg_mm.search.race.rounds import default_race, race_rounds, runs
    from ktg_mm.search.space.default_sampler import default_sampler

    def whole(trials: int) -> int:
        return trials + runs(race_rounds(**default_race(trials)))

    trials = max((one for one in range(1, trainings + 1) if whole(one) <= trainings), default=1)
    sampler, *parts = name.split('-')
    if sampler == 'default':
        cfg, parts, race = default_sampler(trials), [*parts, 'enqueued', 'race'], None
        evolution = tuple(cfg.get(name, 1) for name in ('population_size', 'tournament_size', 'first'))
        sampler = {'RegularizedEvolutionSampler': 'evolution', 'RandomSampler': 'random'}.get(cfg['type'], cfg['type'])
    size = default_race(trials)
    return Policy(
        sampler,
        next((STOPS[part] for part in parts if part in STOPS), None),
        'enqueued' in parts,
        (race or (size['graphs'], size['seeds'])) if 'race' in parts else None,
        *evolution,
    )


if __name__ == '__main__':
    main()
