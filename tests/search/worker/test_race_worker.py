"""Searches that end with a race, whose training is made up."""

import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from mmengine.config import Config
from optuna.study import Study
from optuna.trial import TrialState

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.search import StudyAddress, Worker, open_storage, run_search
from ktg_mm.search.found.export import export_graph, winner
from ktg_mm.search.found.result_text import result_text
from ktg_mm.search.race.race import race_runs
from ktg_mm.search.space.candidates import KEY
from ktg_mm.search.study.race_study import find_race, race_result
from ktg_mm.search.study.retries import CONTINUES, END, LOST, WORKER, last_of_chains
from ktg_mm.search.worker import worker as worker_module
from ktg_mm.search.worker.run_trial import Outcome, TrialError

TRIALS = RUNS = race_runs(2, 3, 1)
METRIC = 'net1/accuracy/top1'
EDGE = 'net2->net1'


class MadeUp:
    """Training that takes no time: its score is that of the graph and, by chance, of the seed.

    Attributes:
        gain: By which a graph is better whose target hears the other network through a linear gate.
        before: Is called with the number of runs before each.
        runs: The folder and the seed of each run.
    """

    def __init__(self) -> None:
        self.gain, self.runs = 0.0, []
        self.before: Callable[[int, dict[str, Any], int], None] = lambda number, model, seed: None

    def __call__(self, cfg: Config, *_: Any, **__: Any) -> Outcome:
        seed, edges = cfg.get('randomness', {}).get('seed') or 0, cfg.model.edges
        self.runs.append((Path(cfg.work_dir).parent.name, Path(cfg.work_dir).name, seed))
        self.before(len(self.runs), cfg.model, seed)
        luck = zlib.crc32(f'{edges} {seed}'.encode()) / 2**32
        is_linear = EDGE in edges and edges[EDGE].get('gate', {}).get('type') == 'LinearGate'
        return Outcome({METRIC: 90 + luck + self.gain * is_linear}, 2, False)


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    made = MadeUp()
    monkeypatch.setattr(worker_module, 'run_trial', made)
    return made


@pytest.fixture(scope='module')
def raced(two_networks: Callable[..., Config]) -> Callable[..., Config]:
    """Makes the config of a search of twelve graphs, of which two run against deep mutual learning."""

    def make(**options: Any) -> Config:
        race = dict(enqueue=['independent', 'dml'], baseline='dml', race=dict(graphs=2, seeds=3))
        return two_networks(**dict(dict(race, trials=TRIALS, hook=None, pretrain=False), **options))

    return make


def search(cfg: Config, folder: Path, **options: Any) -> Worker:
    return run_search(cfg, StudyAddress.of(cfg, folder, study='s'), **options)


def check_runs(searched: Study) -> None:
    """Every graph and every run of the race has one end, and every run was one that the race asks for."""
    race = find_race(searched)
    for study, number in ((searched, TRIALS), (race, RUNS)):
        assert all(trial.state.is_finished() for trial in study.get_trials())
        ends = [trial for trial in last_of_chains(study) if trial.state == TrialState.COMPLETE]
        assert len({trial.user_attrs[KEY] for trial in ends}) == len(ends) == number
    seeds = Counter(trial.user_attrs[KEY].split()[-1] for trial in ends)  # of the race
    assert seeds == {'1': 3, '2': 3, '3': 2, '4': 2, '5': 2}


@pytest.mark.parametrize(('gain', 'number'), [(0.0, 1), (5.0, 3)])
def test_a_search_with_a_race(
    gain: float, number: int, training: MadeUp, raced: Any, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    training.gain = gain
    worker = search(raced(trials_per_worker=number), tmp_path)
    check_runs(worker.study)
    assert [where for where, _, _ in training.runs] == ['race'] * 2 + ['trials'] * TRIALS + ['race'] * (RUNS - 2)
    assert {seed for where, _, seed in training.runs if where == 'trials'} == {0}
    said = capsys.readouterr().err
    assert f'a race of at most {RUNS} runs will follow; its 3 pairs of runs show a gain of ' in said
    result = race_result(worker.candidates, worker.study)
    assert result.baseline == 'dml' and result.winner == (result.found if gain else 'dml')
    assert result.verdict.better is (gain > 0)
    best = winner(result, worker.candidates, worker.study)
    assert best.number == (int(result.found.split()[1]) if gain else 1)
    text = result_text(worker.study, worker.candidates)
    assert text.startswith(f'race: {result}\ngraph: trial {best.number}, {METRIC} ')
    cfg = raced()
    file = export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path, study='s'))
    assert f'# New seeds, the same data: {result}.\n' in file.read_text()
    assert f'# Trial {best.number} of the study s.\n' in file.read_text()


@pytest.fixture(scope='module')
def undisturbed(raced: Any, tmp_path_factory: pytest.TempPathFactory) -> Worker:
    """A search that nobody interrupts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_module, 'run_trial', MadeUp())
        return search(raced(), tmp_path_factory.mktemp('undisturbed'))


@pytest.mark.parametrize('number', [2, 2 + TRIALS // 2, 2 + TRIALS + 7])
def test_what_is_interrupted_goes_on(
    number: int, undisturbed: Worker, training: MadeUp, raced: Any, tmp_path: Path
) -> None:
    """In the baselines' first runs, in the search, in the race."""

    def interrupt(now: int, model: dict[str, Any], seed: int) -> None:
        if now == number:
            raise KeyboardInterrupt

    training.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        search(raced(), tmp_path)
    assert len(training.runs) == number
    worker = search(raced(), tmp_path)
    check_runs(worker.study)
    assert len(training.runs) == TRIALS + RUNS + 1 and len(set(training.runs)) == TRIALS + RUNS
    results = [race_result(one.candidates, one.study) for one in (undisturbed, worker)]
    assert results[0].verdict == results[1].verdict  # the trials of the same graphs have other numbers
    done = [[(trial.params, trial.values) for trial in last_of_chains(one.study)] for one in (undisturbed, worker)]
    assert done[0] == done[1]
    search(raced(), tmp_path)  # there is no more to do
    assert len(training.runs) == TRIALS + RUNS + 1


def is_dml(model: dict[str, Any]) -> bool:
    edges = model['edges'].values()
    return len(edges) == 4 and all(edge['gate']['type'] == 'ThroughGate' for edge in edges)


def test_a_baseline_that_fails_in_the_search(training: MadeUp, raced: Any, tmp_path: Path) -> None:
    """And not in the race: it is the result without ever having had a score of the search."""

    def fail(now: int, model: dict[str, Any], seed: int) -> None:
        if seed == 0 and is_dml(model):
            raise TrialError('the loss is not finite')

    training.before = fail
    worker = search(raced(), tmp_path)
    assert worker.study.get_trials()[1].state == TrialState.FAIL
    result = race_result(worker.candidates, worker.study)
    assert result.winner == 'dml' and result.verdict.pairs == 3
    assert f'graph: trial 1, {METRIC} nan\n' in result_text(worker.study, worker.candidates)
    cfg = raced()
    file = export_graph(cfg, tmp_path / 'found.py', StudyAddress.of(cfg, tmp_path, study='s'))
    assert file.read_text().startswith('# Trial 1 of the study s.\n')


def test_a_baseline_that_fails_in_the_race(training: MadeUp, raced: Any, tmp_path: Path) -> None:
    def fail(now: int, model: dict[str, Any], seed: int) -> None:
        if seed in (4, 5) and is_dml(model):
            raise TrialError('the loss is not finite')

    training.before = fail
    worker = search(raced(), tmp_path)
    result = race_result(worker.candidates, worker.study)
    assert result.verdict is None and result.winner == 'dml'
    assert 'no improvement shown: fewer than two pairs of runs came to a score' in result_text(
        worker.study, worker.candidates
    )


def test_only_enqueued_graphs_come_to_an_end(training: MadeUp, raced: Any, tmp_path: Path) -> None:
    """There is nobody to run against the baselines, and the best of them is the result, of one seed."""

    def fail(now: int, model: dict[str, Any], seed: int) -> None:
        gates = {edge.get('gate', {}).get('type', 'ThroughGate') for edge in model['edges'].values()}
        if gates != {'ThroughGate'}:
            raise TrialError('the loss is not finite')

    training.before = fail
    worker = search(raced(baseline=None, trials=14), tmp_path)
    complete = [trial.number for trial in worker.study.get_trials() if trial.state == TrialState.COMPLETE]
    assert complete == [0, 1]
    assert race_result(worker.candidates, worker.study) is None
    assert len(find_race(worker.study).get_trials()) == 4  # the baselines' first runs
    assert result_text(worker.study, worker.candidates).startswith('best graph: trial ')


def test_a_search_in_which_all_fail_has_no_race(training: MadeUp, raced: Any, tmp_path: Path) -> None:
    def fail(now: int, model: dict[str, Any], seed: int) -> None:
        raise TrialError('the loss is not finite')

    training.before = fail
    with pytest.raises(UserError, match=r'the loss is not finite$'):
        search(raced(), tmp_path)
    assert sum(where == 'race' for where, _, _ in training.runs) == 2


@pytest.mark.parametrize(
    ('options', 'trials', 'message'),
    [
        ({}, RUNS - 1, f'search.race: takes {RUNS} runs, more than the {RUNS - 1} trials of the search'),
        (
            dict(enqueue=[*('independent', 'dml', 'kd', 'correct')], race=dict(graphs=1, seeds=2), trials=9),
            3,
            'search.race: takes 6 runs, more than the 3 trials of the search',
        ),
    ],
)
def test_fewer_trials_than_a_race_takes(
    options: dict[str, Any], trials: int, message: str, training: MadeUp, raced: Any, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f'^{message}'):
        search(raced(**options), tmp_path, trials=trials)
    assert training.runs == []


def test_more_trials_have_a_race_of_their_own(training: MadeUp, raced: Any, tmp_path: Path) -> None:
    search(raced(), tmp_path)
    before = len(training.runs)
    worker = search(raced(), tmp_path, trials=TRIALS + 1)
    assert find_race(worker.study).study_name == f's race after {TRIALS + 1} trials'
    assert len(worker.study.get_trials()) == TRIALS + 1
    assert len(training.runs) == before + 1 + RUNS


def test_runs_of_workers_that_are_gone_are_taken_over(training: MadeUp, raced: Any, tmp_path: Path) -> None:
    """Where the storage has no heartbeat; nothing else would ever end them."""

    def interrupt(now: int, model: dict[str, Any], seed: int) -> None:
        if now == 4:
            raise KeyboardInterrupt

    training.before = interrupt
    with pytest.raises(KeyboardInterrupt):
        search(raced(), tmp_path)
    storage = open_storage(f'sqlite:///{tmp_path}/search.db')
    race = find_race(optuna.load_study(study_name='s', storage=storage))
    lost = race.ask()
    lost.set_user_attr(WORKER, 'elsewhere:1')
    training.before = lambda now, model, seed: None
    worker = search(raced(), tmp_path, take_over=True)
    check_runs(worker.study)
    race = find_race(worker.study)
    assert any(trial.user_attrs.get(CONTINUES) == lost.number for trial in race.get_trials())
    assert race.get_trials()[lost.number].user_attrs[END] == LOST
