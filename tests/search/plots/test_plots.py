import csv
import random
import runpy
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.study import Study
from optuna.trial import TrialState, create_trial
from PIL import Image

from ktg_mm.errors import UserError
from ktg_mm.files import rounded
from ktg_mm.search.plots import draw_plots
from ktg_mm.search.plots.importance import importance_table
from ktg_mm.search.plots.tables import graphs, ranked, time_table

REPOSITORY = Path(__file__).parents[3]
METRIC = 'net1/accuracy/top1'
GATE, NETWORK, TEMPERATURE = 'model.edges.net2->net1.gate', 'model.nodes.net2.network', 'model.edges.net2->net1.loss.T'
GATES, NETWORKS = ('through', 'cutoff'), ('small', 'large')
START = datetime(2026, 1, 1)
ONE_METRIC = ['rungs', 'learning_curves', 'score_over_trials', 'score_over_time', 'choices', 'importance']


def add(
    study: Study,
    state: str,
    reports: dict[int, float] | None = None,
    gate: str = 'through',
    network: str = 'small',
    values: Sequence[float] | None = None,
    minutes: tuple[float, float | None] = (0, 1),
    temperature: float | None = None,
    **attributes: object,
) -> None:
    params: dict[str, object] = {GATE: gate, NETWORK: network}
    distributions: dict[str, BaseDistribution] = {
        GATE: CategoricalDistribution(GATES),
        NETWORK: CategoricalDistribution(NETWORKS),
    }
    if temperature is not None:
        params[TEMPERATURE], distributions[TEMPERATURE] = temperature, FloatDistribution(1, 10)
    trial = create_trial(
        state=TrialState[state],
        values=values,
        params=params,
        distributions=distributions,
        intermediate_values=reports or {},
        user_attrs=attributes,
    )
    begin, end = minutes
    trial.datetime_start = START + timedelta(minutes=begin)
    trial.datetime_complete = None if end is None else START + timedelta(minutes=end)
    study.add_trial(trial)


@pytest.fixture
def study() -> Study:
    """Six graphs in seven trials, of which the fourth continues the third."""
    study = optuna.create_study(direction='maximize', study_name='six')
    add(study, 'COMPLETE', {1: 10, 2: 20, 3: 30}, 'cutoff', values=[30], minutes=(0, 10))
    add(study, 'PRUNED', {1: 5}, network='large', minutes=(1, 2))
    add(study, 'FAIL', {1: 40, 2: 50}, minutes=(2, 8), end='lost: its worker vanished')
    again = dict(continues=2, root=2)
    add(study, 'COMPLETE', {1: 40, 2: 50, 3: 60}, values=[60], minutes=(9, 20), **again)
    add(study, 'PRUNED', {1: 25, 2: 15}, minutes=(10, 12))
    add(study, 'FAIL', None, 'cutoff', minutes=(12, 13), end='failed: the loss is not finite')
    add(study, 'RUNNING', {1: 35}, minutes=(14, None))
    return study


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def columns(path: Path, *names: str) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in names) for row in read(path)]


def check_picture(path: Path) -> None:
    """Wide enough, and neither empty nor of one colour."""
    with Image.open(path) as picture:
        assert picture.width >= 1000 and picture.height >= 400
        colours = picture.convert('RGB').getcolors(maxcolors=1 << 24)
    assert len(colours) > 50
    assert max(colours)[1] == (255, 255, 255)


def test_one_metric(study: Study, tmp_path: Path) -> None:
    pictures, notes = draw_plots(study, [METRIC], tmp_path, 'png')
    assert notes == ['importance: not drawn, which takes 10 complete or pruned trials']
    assert [path.name for path in pictures] == [f'{name}.png' for name in ONE_METRIC[:-1]]
    for path in pictures:
        check_picture(path)
    expected = {name + ending for name in ONE_METRIC[:-1] for ending in ('.png', '.csv')}
    assert {path.name for path in tmp_path.iterdir()} == expected  # nothing temporary is left

    # The trial that was cut short is nowhere counted beside its continuation.
    assert [tuple(map(int, row.values())) for row in read(tmp_path / 'rungs.csv')] == [
        # epoch, reached, continued, pruned, complete, failed, running
        (0, 6, 5, 0, 0, 1, 0),
        (1, 5, 3, 1, 0, 0, 1),
        (2, 3, 2, 1, 0, 0, 0),
        (3, 2, 0, 0, 2, 0, 0),
    ]
    curves = [
        (0, 1, 10),
        (0, 2, 20),
        (0, 3, 30),
        (1, 1, 5),
        (3, 1, 40),
        (3, 2, 50),
        (3, 3, 60),
        (4, 1, 25),
        (4, 2, 15),
        (6, 1, 35),
    ]
    assert [
        tuple(map(float, row)) for row in columns(tmp_path / 'learning_curves.csv', 'trial', 'epoch', 'score')
    ] == curves
    assert columns(tmp_path / 'score_over_trials.csv', 'trial', 'state', 'epoch', 'score', 'best_so_far') == [
        ('0', 'complete', '3', '30', '30'),
        ('1', 'pruned', '1', '5', '30'),
        ('3', 'complete', '3', '60', '60'),
        ('4', 'pruned', '2', '15', '60'),
        ('5', 'failed', '0', '', '60'),
        ('6', 'running', '1', '35', '60'),
    ]
    time = columns(
        tmp_path / 'score_over_time.csv', 'seconds', 'event', 'trial', 'state', 'score', 'best_so_far', 'running'
    )
    assert [(float(row[0]) / 60, *row[1:3], int(row[-1])) for row in time] == [
        (0, 'begin', '0', 1), (1, 'begin', '1', 2), (2, 'end', '1', 1), (2, 'begin', '2', 2), (8, 'end', '2', 1),
        (9, 'begin', '3', 2), (10, 'end', '0', 1), (10, 'begin', '4', 2), (12, 'end', '4', 1), (12, 'begin', '5', 2),
        (13, 'end', '5', 1), (14, 'begin', '6', 2), (20, 'end', '3', 1),
    ]  # fmt: skip
    assert [row[3:6] for row in time if row[1] == 'end'] == [
        ('pruned', '5', ''), ('cut short', '', ''), ('complete', '30', '30'), ('pruned', '15', '30'),
        ('failed', '', '30'), ('complete', '60', '60'),
    ]  # fmt: skip
    # Four graphs are ranked, so the best are two, the complete ones: one with either gate, both small.
    assert columns(
        tmp_path / 'choices.csv', 'parameter', 'choice', 'drawn', 'drawn_percent', 'best', 'best_percent'
    ) == [
        (GATE, 'through', '4', '66.6667', '1', '50.0'),
        (GATE, 'cutoff', '2', '33.3333', '1', '50.0'),
        (NETWORK, 'small', '5', '83.3333', '2', '100.0'),
        (NETWORK, 'large', '1', '16.6667', '0', '0.0'),
    ]


def test_continuation_that_waits(study: Study) -> None:
    """A graph that was cut short keeps the reports and choices of the lost trial; one not begun is no graph."""
    add(study, 'FAIL', {1: 45, 2: 55}, 'cutoff', end='lost: its worker vanished')
    for _ in range(2):  # two workers may queue one at the same time
        study.enqueue_trial({GATE: 'cutoff', NETWORK: 'small'}, user_attrs=dict(continues=7, root=7))
    add(study, 'FAIL', end='not begun: another worker began the last trial at the same time')
    (last,) = (graph for graph in graphs(study) if graph.trial > 6)
    assert (last.trial, last.state, last.reports, last.params[GATE]) == (8, 'running', {1: 45, 2: 55}, 'cutoff')
    assert {row['trial'] for row in time_table(study, graphs(study))} == {*range(8)}  # 8 and 9 wait, 10 was not begun


@pytest.mark.parametrize('direction', ['maximize', 'minimize'])
def test_ranked(direction: str) -> None:
    study = optuna.create_study(direction=direction)
    sign = 1 if direction == 'maximize' else -1
    for reports, complete in (
        ({1: 9}, False),
        ({1: 3, 2: 4}, False),
        ({1: 5, 2: 6}, False),
        ({1: 1, 2: 2, 3: 3}, True),
    ):
        scores = {epoch: sign * score for epoch, score in reports.items()}
        add(study, 'COMPLETE' if complete else 'PRUNED', scores, values=[scores[3]] if complete else None)
    add(study, 'FAIL', {1: sign * 99.0})
    assert [graph.trial for graph in ranked(graphs(study), direction == 'maximize')] == [3, 2, 1, 0]


def planted_study(several: bool) -> Study:
    """The gate decides who is best, the network who is worst; the temperature exists only behind an open gate."""
    generator = random.Random(0)
    study = optuna.create_study(directions=['maximize', 'minimize'] if several else ['maximize'], study_name='planted')
    for _ in range(80):
        gate, network = generator.choice(GATES), generator.choice(NETWORKS)
        score = generator.gauss(80, 1) + 5 * (gate == 'through') - 10 * (gate == 'cutoff' and network == 'large')
        size = generator.uniform(1, 2) * 1e5
        temperature = generator.uniform(1, 10) if gate == 'through' else None
        if several:
            add(study, 'COMPLETE', None, gate, network, [score, size], temperature=temperature)
        elif score > 84:
            add(study, 'COMPLETE', {1: score, 2: score}, gate, network, [score], temperature=temperature)
        else:
            add(study, 'PRUNED', {1: score}, gate, network, temperature=temperature)
    return study


def test_importance(tmp_path: Path) -> None:
    study = planted_study(several=False)
    pictures, notes = draw_plots(study, [METRIC], tmp_path)
    assert notes == [] and [path.stem for path in pictures] == ONE_METRIC
    rows = {row['parameter']: row for row in read(tmp_path / 'importance.csv')}
    importance = {name: float(row['importance']) for name, row in rows.items()}
    assert sum(importance.values()) == pytest.approx(1)
    assert importance[GATE] > float(rows[GATE]['chance'])
    assert importance[NETWORK] < float(rows[NETWORK]['chance'])
    having = sum(TEMPERATURE in trial.params for trial in study.trials)
    assert [int(rows[name]['graphs']) for name in (GATE, NETWORK, TEMPERATURE)] == [80, 80, having]
    # Of the two that every trial has, by the formula without Optuna's smoothing: Pearson's divergence of the shares
    # among the best from the shares among all.
    order = sorted(study.trials, key=lambda t: (t.state != TrialState.COMPLETE, -t.intermediate_values[t.last_step]))
    divergence = {}
    for name, choices in ((GATE, GATES), (NETWORK, NETWORKS)):
        best, everyone = (
            [sum(t.params[name] == c for t in group) / len(group) for c in choices] for group in (order[:8], order)
        )
        divergence[name] = sum(q * (p / q - 1) ** 2 for p, q in zip(best, everyone, strict=True))
    assert divergence[GATE] > 5 * divergence[NETWORK]
    assert importance[GATE] > 5 * importance[NETWORK]
    assert columns(tmp_path / 'choices.csv', 'choice', 'best')[:2] == [('through', '8'), ('cutoff', '0')]
    svg = (tmp_path / 'importance.svg').read_text()
    for text in ('PED-ANOVA: the best 8 graphs', 'net2-&gt;net1 gate', f'net2-&gt;net1 loss.T (in {having})'):
        assert text in svg


def test_importance_takes_enough_graphs() -> None:
    study = optuna.create_study(direction='maximize')
    for score in range(9):
        add(study, 'PRUNED', {1: score}, GATES[score % 2])
    assert importance_table(study, graphs(study)) == []
    add(study, 'PRUNED', {1: 9}, GATES[1])
    assert {row['parameter'] for row in importance_table(study, graphs(study))} == {GATE, NETWORK}


def test_pareto_front(tmp_path: Path) -> None:
    study = planted_study(several=True)
    pictures, notes = draw_plots(study, [METRIC, 'parameters'], tmp_path, 'png')
    assert notes == [] and [path.stem for path in pictures] == ['pareto_front', 'choices', 'importance']
    for path in pictures:
        check_picture(path)
    points = {
        int(row['trial']): (float(row[METRIC]), float(row['parameters'])) for row in read(tmp_path / 'pareto_front.csv')
    }
    assert points == {trial.number: tuple(map(rounded, trial.values)) for trial in study.trials}
    front = {
        number
        for number, (score, size) in points.items()
        if not any(a >= score and b <= size and (a, b) != (score, size) for a, b in points.values())
    }
    assert 1 < len(front) < 40
    assert {
        int(number) for number, on in columns(tmp_path / 'pareto_front.csv', 'trial', 'front') if on == '1'
    } == front
    best = [study.trials[number].params[GATE] for number in front]
    assert columns(tmp_path / 'choices.csv', 'choice', 'best')[:2] == [(gate, str(best.count(gate))) for gate in GATES]


def test_nothing_complete(tmp_path: Path) -> None:
    study = optuna.create_study(direction='maximize', study_name='young')
    with pytest.raises(UserError, match=r'^--study young: no trial has begun yet; there is nothing to plot$'):
        draw_plots(study, [METRIC], tmp_path)
    assert list(tmp_path.iterdir()) == []
    add(study, 'RUNNING', {}, minutes=(0, None))
    pictures, notes = draw_plots(study, [METRIC], tmp_path)
    assert [path.stem for path in pictures] == ['choices']
    assert [note.split(':')[0] for note in notes[1:]] == [name for name in ONE_METRIC if name != 'choices']
    add(study, 'PRUNED', {1: 50})
    pictures, notes = draw_plots(study, [METRIC], tmp_path)
    assert [path.stem for path in pictures] == ONE_METRIC[:-1]
    assert notes[0] == 'no trial is complete yet; pruned ones are compared by their last report'
    several = optuna.create_study(directions=['maximize', 'minimize'], study_name='two')
    with pytest.raises(UserError, match=r'^--study two: was made for 2 metrics, search.metric names 1$'):
        draw_plots(several, [METRIC], tmp_path)
    add(several, 'FAIL', end='failed: out of memory')
    pictures, notes = draw_plots(several, [METRIC, 'flops'], tmp_path / 'two')
    assert [path.stem for path in pictures] == ['choices']
    assert notes[1] == 'pareto_front: not drawn, no trial is complete'


def test_unwritable(study: Study, tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match=r'rungs\.csv: cannot be written: File exists'):
        draw_plots(study, [METRIC], tmp_path / 'file')


def test_tool(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    storage = f'sqlite:///{tmp_path}/search.db'
    optuna.copy_study(
        from_study_name='six', from_storage=study._storage, to_storage=storage, to_study_name='ktg_3node_digits'
    )

    def run(*args: object) -> int:
        config = REPOSITORY / 'configs' / 'search' / 'ktg_3node_digits.py'
        monkeypatch.setattr(sys, 'argv', list(map(str, ['plot_search.py', config, *args])))
        try:
            runpy.run_path(str(REPOSITORY / 'tools' / 'plot_search.py'), run_name='__main__')
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    assert run('--work-dir', tmp_path, '--format', 'png') == 0
    printed = capfd.readouterr()
    assert printed.out.split() == [f'{tmp_path}/plots/{name}.png' for name in ONE_METRIC[:-1]]
    assert 'note: importance: not drawn' in printed.err
    assert run('--storage', storage, '--study', 'other', '--out', tmp_path / 'out') == 2
    hint = 'the storage has no study of this name; it has: ktg_3node_digits'
    assert capfd.readouterr().err == f'error: --study other: {hint}\n'
    assert run('--work-dir', tmp_path / 'nowhere') == 2
    address = f'sqlite:///{tmp_path}/nowhere/search.db'
    assert (
        capfd.readouterr().err
        == f'error: --storage {address}, of --work-dir: no such file; give the --work-dir or --storage of the search\n'
    )
    assert not (tmp_path / 'nowhere').exists() and not (tmp_path / 'out').exists()
