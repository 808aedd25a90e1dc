"""Races, against one that is played by its rules, round by round."""

import math
import random
from statistics import mean, stdev

import numpy as np
import pytest

from ktg_mm.search.race.race import Job, Race, RaceResult, race_runs, spread_of

FIRST, LAST_SEEDS = 5, 4
Played = tuple[list[list[Job]], str, str]


def played(race: Race, score: dict[Job, float], rng: random.Random) -> tuple[list[list[Job]], RaceResult | None]:
    """Does the runs of a race in any order, a few at a time, and notes those of each round."""
    ended, rounds = {}, []
    while jobs := race.jobs(ended):
        if not rounds or rounds[-1] != jobs:
            rounds.append(jobs)
        left = [job for job in jobs if job not in ended]
        for job in rng.sample(left, rng.randint(1, len(left))):
            assert race.result(ended) is None
            ended[job] = score[job]
    return rounds, race.result(ended)


def by_the_rules(graphs: dict[str, float], baselines: dict[str, float], score: dict[Job, float], up: bool) -> Played:
    """The runs of each round, the graph that is left and the baseline, one rule after the other."""
    worst = -math.inf if up else math.inf

    def order(known: dict[str, list[float]]) -> list[str]:
        means = {name: mean(values) if values else math.nan for name, values in known.items()}
        return sorted(known, key=lambda name: worst if math.isnan(means[name]) else means[name], reverse=up)

    def run(names: list[str], seeds: range) -> list[Job]:
        return [Job(name, seed) for seed in seeds for name in names]

    seed, left, rounds = FIRST + 2, list(graphs), []
    early = range(FIRST, seed)
    rounds.append(run([*(left if len(left) > 1 else []), *baselines], early))
    of_baseline = {name: [baselines[name], *(score[Job(name, s)] for s in early)] for name in baselines}
    baseline = order(of_baseline)[0]
    known = {name: [score[Job(name, s)] for s in early] for name in left} if len(left) > 1 else {left[0]: []}
    while len(left) > 1:
        left = order(known)[: math.ceil(len(left) / 2)]
        seeds = range(seed, seed + (LAST_SEEDS if len(left) == 1 else 2))
        rounds.append(run([*left, baseline], seeds))
        known = {name: known[name] + [score[Job(name, s)] for s in seeds] for name in left}
        seed = seeds.stop
    if len(graphs) == 1:
        rounds.append(run([*left, baseline], range(seed, seed + LAST_SEEDS)))
    return rounds, left[0], baseline


@pytest.mark.parametrize('case', range(40))
def test_a_race_goes_by_its_rules(case: int) -> None:
    rng = random.Random(case)
    up, share = case % 2 == 0, [0.0, 0.1, 0.4][case % 3]  # of the runs that fail
    graphs = {f'trial {i}': rng.random() for i in range(rng.randint(1, 9))}
    baselines = {f'dml_{i}': math.nan if rng.random() < share else rng.random() for i in range(rng.randint(1, 3))}
    jobs = [Job(name, seed) for name in (*graphs, *baselines) for seed in range(FIRST, FIRST + 20)]
    score = {job: math.nan if rng.random() < share else 90 + rng.random() for job in jobs}
    race = Race(graphs, baselines, LAST_SEEDS, FIRST, up)
    rounds, result = played(race, score, rng)
    expected, found, baseline = by_the_rules(graphs, baselines, score, up)
    assert [sorted(map(str, one)) for one in rounds] == [sorted(map(str, one)) for one in expected]
    assert result is not None and (result.found, result.baseline) == (found, baseline)
    assert all(any(job.graph == baseline for job in one) for one in rounds)
    before = {job.seed for one in rounds[:-1] for job in one}
    last = {job.seed for job in rounds[-1]}
    assert len(last) == LAST_SEEDS and min(last) > max(before) and min(before) == FIRST
    every = [job for one in rounds for job in one]
    assert len(set(every)) == len(every) == race_runs(len(graphs), LAST_SEEDS, len(baselines))
    pairs = [score[Job(found, seed)] - score[Job(baseline, seed)] for seed in sorted(last)]
    pairs = [pair for pair in pairs if not math.isnan(pair)]
    if len(pairs) < 2:
        assert result.verdict is None and result.winner == baseline
    else:
        assert result.verdict.pairs == len(pairs)
        is_better = (mean(pairs) > 0) == up
        assert result.winner == (found if is_better and result.verdict.p_value < 0.05 else baseline)


def test_the_last_seeds_choose_nothing() -> None:
    """The graph that was left is unlucky in the end; the one that it had beaten does not take its place."""
    race = Race(dict(a=91.0, b=90.0), dict(dml=90.0), seeds=3, first_seed=1, up=True)
    ended = {job: dict(a=92.0, b=91.0, dml=91.5)[job.graph] for job in race.jobs({})}
    ended |= {job: dict(a=50.0, dml=90.0)[job.graph] + job.seed for job in race.jobs(ended)}
    assert race.jobs(ended) == []
    result = race.result(ended)
    assert (result.found, result.winner) == ('a', 'dml')
    assert str(result).startswith('a against dml: no improvement shown: -40.00 (95 % ')


def test_a_graph_that_is_better_wins() -> None:
    race = Race({'trial 7': 0.3}, dict(dml=0.4), seeds=3, first_seed=1, up=False)
    ended = dict.fromkeys(race.early_jobs(), 0.4)
    ended |= {job: (0.3 if job.graph == 'trial 7' else 0.4) + job.seed % 2 / 100 for job in race.jobs(ended)}
    result = race.result(ended)
    assert result.winner == 'trial 7'
    assert str(result) == 'trial 7 against dml: better by 0.10 (95 % -0.10 to -0.10, 3 seeds)'


def test_without_pairs_nothing_is_shown() -> None:
    result = RaceResult('trial 7', 'dml', None)
    assert result.winner == 'dml'
    assert str(result) == 'trial 7 against dml: no improvement shown: fewer than two pairs of runs came to a score'


def test_the_baselines_first_runs_are_those_of_the_race() -> None:
    for graphs in ({}, dict(a=1.0), dict(a=1.0, b=2.0)):
        race = Race(graphs, dict(dml=1.0, kd=math.nan), seeds=3, first_seed=1, up=True)
        assert race.early_jobs() == [Job('dml', 1), Job('kd', 1), Job('dml', 2), Job('kd', 2)]
        assert set(race.early_jobs()) <= set(race.jobs({}))


def test_a_race_without_graphs_has_no_result() -> None:
    race = Race({}, dict(dml=90.0, kd=91.0), seeds=3, first_seed=1, up=True)
    ended = dict.fromkeys(race.jobs({}), 90.0)
    assert set(ended) == set(race.early_jobs())
    assert race.jobs(ended) == [] and race.result(ended) is None


def test_the_spread_of_seeds() -> None:
    rng = np.random.default_rng(0)
    scores = {name: rng.normal(90, 0.5, number) for name, number in dict(a=2, b=6, c=1, d=3).items()}
    ended = {Job(name, seed): float(value) for name, values in scores.items() for seed, value in enumerate(values)}
    squares = sum(((values - values.mean()) ** 2).sum() for values in scores.values())
    assert spread_of(ended) == pytest.approx(math.sqrt(squares / (1 + 5 + 2)))
    assert spread_of({**ended, Job('a', 9): math.nan, Job('e', 0): math.nan}) == spread_of(ended)
    assert spread_of({Job('a', 0): 1.0, Job('b', 0): 2.0, Job('b', 1): math.nan}) is None
    assert spread_of({job: value for job, value in ended.items() if job.graph == 'b'}) == pytest.approx(
        stdev(scores['b'])
    )
