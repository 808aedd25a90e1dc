"""Which runs go on: the hook and the pruner beside an independent version of stopping ASHA."""

import importlib.util
import json
import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
from mmengine.config import Config
from mmengine.runner import IterBasedTrainLoop, ValLoop
from optuna.trial import TrialState

from ktg_mm.errors import ConfigError
from ktg_mm.search.study.optuna_private import study_through
from ktg_mm.search.study.retries import CONTINUES, END, LOST, CountedOnce, as_first, earlier_reports, requeue
from ktg_mm.search.study.storage import open_storage
from ktg_mm.search.worker import asha_hook
from ktg_mm.search.worker.asha_hook import ASHAHook, build_pruner, check_hook
from ktg_mm.search.worker.reporter import TrialReporter
from ktg_mm.search.worker.run_trial import Outcome, run_trial
from ktg_mm.search.worker.trial_config import trial_config

_spec = importlib.util.spec_from_file_location('tiny_runs', Path(__file__).parents[2] / 'engine/conftest.py')
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
tiny_config, iteration_config = _module.tiny_config, _module.iteration_config

RECORDED = Path(__file__).parents[2] / 'data/digits_curves.json'
LAST = 32


class StoppingASHA:
    """Stopping ASHA from its description: the rank at a rung is one more than the number of strictly better values."""

    def __init__(self, factor: int, direction: str) -> None:
        self.factor, self.sign = factor, 1 if direction == 'maximize' else -1
        self.values: dict[int, list[float]] = {}

    def stops(self, value: float, rung: int) -> bool:
        """Takes a value; NaN is worse than all and counts for nobody."""
        if math.isnan(value):
            return True
        values = self.values.setdefault(rung, [])
        values.append(value)
        rank = 1 + sum(self.sign * other > self.sign * value for other in values)
        return rank > max(1, math.floor(len(values) / self.factor))


def decide(trial: optuna.Trial, pruner: optuna.pruners.BasePruner, value: float, step: int) -> bool:
    """Whether a trial is to stop after a score, as its reporter says."""
    return TrialReporter(trial, pruner, lambda metrics: None).report(value, step)


def counted_once(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """The trials that a pruner sees."""
    return study_through(study, CountedOnce).get_trials()


class ToTrial:
    """What a worker gives the hook, without the worker."""

    def __init__(self, trial: optuna.Trial, pruner: optuna.pruners.BasePruner) -> None:
        self.trial, self.pruner = trial, pruner

    def score(self, metrics: dict[str, float]) -> float | None:
        return metrics['score']

    def report(self, value: float, step: int) -> bool:
        return decide(self.trial, self.pruner, value, step)


def create(
    pruner: dict[str, Any], direction: str = 'maximize', storage: Any = None
) -> tuple[optuna.Study, optuna.pruners.BasePruner]:
    """A study, in memory unless told otherwise, and the pruner as a worker builds it."""
    study = optuna.create_study(storage=storage, direction=direction, sampler=optuna.samplers.RandomSampler(seed=0))
    return study, build_pruner(ASHAHook(pruner).pruner)


def ask(study: optuna.Study) -> optuna.Trial:
    trial = study.ask()
    trial.set_user_attr(END, LOST)  # as a worker does first of all
    return trial


def curves(kind: str, seed: int, count: int, rungs: list[int]) -> list[dict[int, float]]:
    """Scores by rung: noisy ones, coarse ones with many ties, coarse ones with NaN among them, or recorded ones."""
    draw = random.Random(f'{kind} {seed}')
    if kind == 'recorded':
        whole = [curve['values'] for curve in json.loads(RECORDED.read_text())['curves']]
        return [{int(step): score for step, score in curve.items()} for curve in draw.sample(whole, count)]
    found = []
    for _ in range(count):
        level = draw.gauss(0, 1)
        curve = {rung: level + draw.gauss(0, 1) + math.log(rung) for rung in rungs}
        if kind != 'noisy':
            curve = {rung: float(round(score)) for rung, score in curve.items()}
        if kind == 'nan':
            curve = {rung: math.nan if draw.random() < 0.1 else score for rung, score in curve.items()}
        found.append(curve)
    return found


def replay(
    kind: str,
    seed: int,
    factor: int = 2,
    first: int = 1,
    rate: int = 0,
    direction: str = 'maximize',
    lose: Callable[[int, int], str] = lambda index, step: '',
    storage: Any = None,
    count: int = 60,
) -> Counter:
    """Compares every decision on many curves, several of them at a time, with the independent version's.

    Args:
        kind: Of :func:`curves`.
        seed: Of the curves and their order.
        factor: ``reduction_factor``.
        first: ``min_resource``.
        rate: ``min_early_stopping_rate``.
        direction: Of the study.
        lose: Says for a trial and an epoch whether its worker is lost ``'before'`` the report, ``'between'`` report
            and decision, or ``'after'`` a decision of which nobody heard; '' if not. Asked again of a continuation.
        storage: Of the study. Defaults to memory.
        count: Number of curves.

    Returns:
        How many decisions to stop, to go on, and losses there were.
    """
    names = ('min_resource', 'reduction_factor', 'min_early_stopping_rate')
    cfg = dict(type='SuccessiveHalvingPruner', **dict(zip(names, (first, factor, rate), strict=True)))
    last = 64 if kind == 'recorded' else LAST
    rungs = [first * factor**k for k in range(rate, 9) if first * factor**k <= last]
    assert ASHAHook(cfg).rungs(last) == rungs
    steps = [*rungs, last] if rungs[-1] < last else rungs
    all_curves = curves(kind, seed, count, steps)

    study, pruner = create(cfg, direction, storage)
    expected = StoppingASHA(factor, direction)
    trials = [ask(study) for _ in all_curves]
    owner = {trial.number: index for index, trial in enumerate(trials)}
    lost: set[int] = set()
    done = [0] * len(trials)
    waiting, counts, draw = list(range(len(trials))), Counter(), random.Random(seed)
    turn: int | None = None
    running = [waiting.pop(0) for _ in range(1 + seed % 8)]
    while running:
        index, turn = draw.choice(running) if turn is None else turn, None
        if index in lost:
            requeue(study, retries=10**6)
            for _ in study.get_trials(states=(TrialState.WAITING,)):
                again = ask(study)
                owner[again.number] = owner[again.user_attrs[CONTINUES]]
                trials[owner[again.number]] = again
            for each in lost:  # its checkpoint is of the epoch in which it was lost, as it is saved before validation
                hook = ASHAHook(cfg)
                hook.bind(ToTrial(trials[each], pruner), earlier_reports(study, trials[each]))
                hook.before_train(SimpleNamespace(train_loop=None, epoch=steps[done[each]]))
            lost.clear()
        step = steps[done[index]]
        value = all_curves[index][step]
        if how := lose(index, step):
            counts[how] += 1
            if how == 'between':
                trials[index].report(value, step)
            elif how == 'after':
                decide(trials[index], pruner, value, step)
            study.tell(trials[index], state=TrialState.FAIL)
            lost.add(index)
            if how == 'after':
                turn = index  # its value counts already, so nobody else decides in between
            continue
        stops = decide(trials[index], pruner, value, step)
        assert stops == (step in rungs and expected.stops(value, step)), (index, step, value)
        counts['stop' if stops else 'go on'] += 1
        done[index] += 1
        if stops or step == last:
            if step == last:  # which stops nobody
                study.tell(trials[index], 0.0)
            else:
                study.tell(trials[index], state=TrialState.PRUNED)
            running.remove(index)
            running += [waiting.pop(0)] if waiting else []
    return counts


@pytest.mark.parametrize('direction', ['maximize', 'minimize'])
@pytest.mark.parametrize('kind', ['noisy', 'ties', 'nan'])
@pytest.mark.parametrize(
    ('factor', 'first', 'rate'), [(2, 1, 0), (3, 1, 0), (4, 1, 0), (2, 2, 0), (2, 1, 2), (3, 2, 1)]
)
def test_decisions(kind: str, factor: int, first: int, rate: int, direction: str) -> None:
    for seed in range(3):
        counts = replay(kind, seed, factor, first, rate, direction)
        assert min(counts['stop'], counts['go on']) >= 10


@pytest.mark.parametrize('factor', [2, 4])
@pytest.mark.parametrize('seed', range(4))
def test_decisions_on_recorded_curves(seed: int, factor: int) -> None:
    counts = replay('recorded', seed, factor)
    assert counts['stop'] >= 40


@pytest.mark.parametrize(
    ('values', 'stops'),
    [
        ([5.0], [False]),
        ([5.0, 5.0, 5.0], [False, False, False]),  # ties go on
        ([5.0, 4.0, 6.0], [False, True, False]),
        ([1.0, 2.0, 3.0, 2.0], [False, False, False, False]),  # of four two go on; it ties with the second
        ([1.0, 2.0, 3.0, 1.5], [False, False, False, True]),
        ([9.0, 8.0, 7.0, 7.5, 7.9], [False, True, True, True, True]),
    ],
)
def test_decisions_by_hand(values: list[float], stops: list[bool]) -> None:
    study, pruner = create({})
    assert [decide(ask(study), pruner, value, 1) for value in values] == stops


@pytest.mark.parametrize('kind', ['noisy', 'ties', 'nan'])
@pytest.mark.parametrize('factor', [2, 3])
def test_a_lost_trial_counts_once(kind: str, factor: int) -> None:
    total: Counter = Counter()
    for seed in range(3):
        draw = random.Random(seed)
        total += replay(
            kind,
            seed,
            factor,
            lose=lambda *_: draw.choice(['before', 'between', 'after']) if draw.random() < 0.3 else '',  # noqa: B023
        )
    assert min(total['before'], total['between'], total['after']) >= 15


@pytest.mark.filterwarnings('ignore:Heartbeat of storage')
@pytest.mark.parametrize(('database', 'count'), [(False, 60), (True, 10)])
def test_three_continuations_in_a_chain(tmp_path: Path, database: bool, count: int) -> None:
    storage = open_storage(f'sqlite:///{tmp_path}/search.db') if database else None
    left = Counter({(index, step): 3 for index in range(0, 60, 3) for step in (1, 4)})

    def lose(index: int, step: int) -> str:
        left[index, step] -= 1
        return ('before', 'between', 'after')[left[index, step]] if left[index, step] >= 0 else ''

    counts = replay('ties', 1, lose=lose, storage=storage, count=count)
    assert counts['before'] == counts['between'] == counts['after'] >= count / 3


def test_a_continuation_lost_before_its_first_report_hides_nothing() -> None:
    """The third of a chain takes the place of the first, though the second has reported nothing."""
    study, pruner = create({})
    for reports in (True, False):
        trial = ask(study)
        if reports:
            decide(trial, pruner, 9.0, 1)
        study.tell(trial, state=TrialState.FAIL)
        requeue(study, retries=3)
    third = ask(study)
    assert not decide(third, pruner, 9.0, 1)
    assert [trial._trial_id for trial in counted_once(study)] == [third._trial_id]


def test_a_lost_trial_counts_until_another_goes_on_with_it() -> None:
    study, pruner = create({})
    lost = ask(study)
    assert not decide(lost, pruner, 9.0, 1)
    study.tell(lost, state=TrialState.FAIL)
    assert decide(ask(study), pruner, 8.0, 1)
    requeue(study, retries=3)
    again = ask(study)
    assert decide(ask(study), pruner, 8.0, 1)
    assert not decide(again, pruner, 9.0, 1)
    assert sorted(trial.number for trial in counted_once(study)) == [0, 1, 3]  # the first's is 0 still
    assert not decide(ask(study), pruner, 8.0, 1)  # the second of four values, ties with others; of five it were none


def test_replays_only_what_was_before_the_checkpoint() -> None:
    reports: list[tuple[int, float]] = []
    hook = ASHAHook()
    hook.bind(
        SimpleNamespace(report=lambda value, step: reports.append((step, value)) or True), {4: 0.4, 1: 0.1, 2: 0.2}
    )
    runner = SimpleNamespace(train_loop=SimpleNamespace(stop_training=False), epoch=4)
    hook.before_train(runner)
    assert reports == [(1, 0.1), (2, 0.2)]
    assert not runner.train_loop.stop_training  # it went on from there


@pytest.mark.parametrize(
    'pruner',
    [
        dict(type='HyperbandPruner', min_resource=1, max_resource=LAST, reduction_factor=2),
        dict(type='MedianPruner', n_startup_trials=2),
        dict(type='PercentilePruner', percentile=25.0, n_startup_trials=2),
    ],
)
def test_other_pruners(pruner: dict[str, Any]) -> None:
    """They stop some, and the continuation of a lost trial takes its place among those that count."""
    study, built = create(pruner)
    rungs = ASHAHook(pruner).rungs(LAST)
    assert rungs == [1, 2, 4, 8, 16, 32]
    stopped = 0
    for number, curve in enumerate(curves('noisy', 0, 40, rungs)):
        trial = ask(study)
        for step in rungs:
            if step == 4 and number % 4 == 0:
                study.tell(trial, state=TrialState.FAIL)
                requeue(study, retries=3)
                trial = ask(study)
                hook = ASHAHook(pruner)
                hook.bind(ToTrial(trial, built), earlier_reports(study, trial))
                hook.before_train(SimpleNamespace(train_loop=None, epoch=4))
            if decide(trial, built, curve[step], step) and step < LAST:
                study.tell(trial, state=TrialState.PRUNED)
                stopped += 1
                break
        else:
            study.tell(trial, curve[LAST])
    assert 5 < stopped < 40
    seen = counted_once(study)
    assert len(seen) == 40 < len(study.trials)
    assert [trial.intermediate_values[1] for trial in seen] == [curve[1] for curve in curves('noisy', 0, 40, rungs)]


@pytest.mark.parametrize(
    ('pruner', 'last', 'rungs'),
    [
        (None, 20, [1, 2, 4, 8, 16]),
        (dict(type='NopPruner'), 32, [1, 2, 4, 8, 16, 32]),
        (dict(type='SuccessiveHalvingPruner', reduction_factor=3), 27, [1, 3, 9, 27]),
        (dict(type='SuccessiveHalvingPruner', min_resource=2, min_early_stopping_rate=1), 20, [4, 8, 16]),
        (dict(type='SuccessiveHalvingPruner', min_resource=5), 4, []),
        (dict(type='HyperbandPruner'), 30, [1, 3, 9, 27]),  # Optuna's own factor
    ],
)
def test_rungs(pruner: dict[str, Any] | None, last: int, rungs: list[int]) -> None:
    assert ASHAHook(pruner).rungs(last) == rungs


class Record:
    """Takes reports, and stops the run at the steps in ``stops``; takes it away after the epochs in ``taken``."""

    def __init__(self, stops: tuple[int, ...] = (), taken: tuple[int, ...] = ()) -> None:
        self.stops, self.taken, self.reports, self.epochs = stops, taken, [], []

    def score(self, metrics: dict[str, float]) -> float | None:
        return metrics['net1/accuracy/top1']

    def report(self, value: float, step: int) -> bool:
        self.reports.append(step)
        return step in self.stops

    def progress(self, step: int) -> bool:
        self.epochs.append(step)
        return step in self.taken


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Epochs, or iterations, done when the validation loop ran; filled by the runs of a test."""
    found: list[int] = []
    run = ValLoop.run

    def spied(loop: ValLoop) -> Any:
        runner = loop.runner
        found.append(runner.iter if isinstance(runner.train_loop, IterBasedTrainLoop) else runner.epoch)
        return run(loop)

    monkeypatch.setattr(ValLoop, 'run', spied)
    return found


def train(config: Config, folder: Path, reporter: Record, pruner: dict[str, Any], earlier: Any = None) -> Outcome:
    """Trains as a worker does."""
    plain = config.to_dict()
    cfg = trial_config(plain, dict(type='ASHAHook', pruner=pruner), folder)
    return run_trial(cfg, lambda hook: hook.bind(reporter, earlier))


VARIANTS = [(1, 2, [1, 2, 4]), (1, 3, [1, 3]), (2, 2, [2, 4])]


@pytest.mark.parametrize(('first', 'factor', 'rungs'), VARIANTS)
def test_validates_at_the_rungs_and_the_end(
    tiny_config: Callable[..., Config], tmp_path: Path, validated: list[int], first: int, factor: int, rungs: list[int]
) -> None:
    config = tiny_config({'train_dataloader.dataset.indices': 32, 'train_cfg.max_epochs': 6})
    reporter = Record(stops=(6,))
    pruner = dict(type='SuccessiveHalvingPruner', min_resource=first, reduction_factor=factor)
    outcome = train(config, tmp_path / 'run', reporter, pruner)
    assert validated == reporter.reports == [*rungs, 6]
    assert reporter.epochs == [1, 2, 3, 4, 5, 6]
    assert (outcome.epoch, outcome.stopped) == (6, False)  # the last epoch stops nobody
    assert 'net1/accuracy/top1' in outcome.metrics


@pytest.mark.parametrize(
    ('first', 'factor', 'rungs', 'max_iters'), [(*variant, 12) for variant in VARIANTS] + [(*VARIANTS[0], 11)]
)
def test_validates_at_the_rungs_of_iterations(
    tiny_config: Callable[..., Config],
    iteration_config: dict[str, Any],
    tmp_path: Path,
    validated: list[int],
    first: int,
    factor: int,
    rungs: list[int],
    max_iters: int,
) -> None:
    iteration_config['train_cfg'].update(max_iters=max_iters, val_interval=2)
    iteration_config['train_dataloader.dataset.indices'] = 256
    reporter = Record(stops=(6,))
    pruner = dict(type='SuccessiveHalvingPruner', min_resource=first, reduction_factor=factor)
    outcome = train(tiny_config(iteration_config), tmp_path / 'run', reporter, pruner)
    assert validated == [*(2 * rung for rung in rungs), max_iters]
    assert reporter.reports == [*rungs, 6]
    assert reporter.epochs == list(range(1, max_iters // 2 + 1))
    assert (outcome.epoch, outcome.stopped) == (6, False)


@pytest.mark.parametrize('iterations', [False, True])
def test_stops_and_goes_on_from_the_checkpoint(
    tiny_config: Callable[..., Config],
    iteration_config: dict[str, Any],
    tmp_path: Path,
    validated: list[int],
    iterations: bool,
) -> None:
    """A run stopped at the second rung stands for one whose worker was lost there, with a checkpoint of that rung."""
    if iterations:
        iteration_config['train_cfg'].update(max_iters=12, val_interval=2)
        iteration_config['train_dataloader.dataset.indices'] = 256
        config = tiny_config(iteration_config)
    else:
        config = tiny_config({'train_dataloader.dataset.indices': 32, 'train_cfg.max_epochs': 6})
    first, second = Record(stops=(2,)), Record()
    outcome = train(config, tmp_path / 'run', first, {})
    assert (first.reports, outcome.epoch, outcome.stopped) == ([1, 2], 2, True)
    train(config, tmp_path / 'run', second, {}, earlier={1: 10.0, 2: 20.0})
    assert second.reports == [1, 2, 4, 6]
    factor = 2 if iterations else 1
    assert validated == [factor * step for step in (1, 2, 2, 4, 6)]  # what came at the checkpoint is measured again


@pytest.mark.parametrize('iterations', [False, True])
def test_stops_once_another_has_taken_it_over(
    tiny_config: Callable[..., Config], iteration_config: dict[str, Any], tmp_path: Path, iterations: bool
) -> None:
    config = {'train_dataloader.dataset.indices': 32, 'train_cfg.max_epochs': 6}
    if iterations:
        iteration_config['train_cfg'].update(max_iters=12, val_interval=2)
        config = {**iteration_config, 'train_dataloader.dataset.indices': 256}
    reporter = Record(taken=(3,))
    outcome = train(tiny_config(config), tmp_path / 'run', reporter, {})
    assert (outcome.epoch, outcome.stopped) == (3, True)
    assert reporter.epochs == [1, 2, 3] and reporter.reports == [1, 2]


def test_two_processes_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[list[Any]] = []
    monkeypatch.setattr(asha_hook, 'broadcast_object_list', sent.append)
    first = ASHAHook()
    first.bind(Record(stops=(2,)))
    loop = SimpleNamespace(stop_training=False)
    first.after_val_epoch(SimpleNamespace(train_loop=loop, epoch=2, max_epochs=4), {'net1/accuracy/top1': 50.0})
    assert loop.stop_training and sent == [[True]]

    def receive(objects: list[Any]) -> None:
        objects[:] = sent[0]

    monkeypatch.setattr(asha_hook, 'broadcast_object_list', receive)
    second, loop = ASHAHook(), SimpleNamespace(stop_training=False)
    second.bind(None)
    runner = SimpleNamespace(train_loop=loop, epoch=2, max_epochs=4)
    second.before_train(runner)
    second.after_val_epoch(runner, {'net1/accuracy/top1': 10.0})
    assert loop.stop_training


def test_several_metrics_stop_nobody() -> None:
    hook, loop = ASHAHook(), SimpleNamespace(stop_training=False)
    hook.bind(SimpleNamespace(score=lambda metrics: None, report=lambda value, step: pytest.fail('reported')))
    hook.after_val_epoch(SimpleNamespace(train_loop=loop, epoch=1, max_epochs=4), {'a': 1.0})
    assert not loop.stop_training and hook.metrics == {'a': 1.0}


def test_a_continuation_stays_in_its_hyperband_bracket() -> None:
    cfg = dict(type='HyperbandPruner', min_resource=1, max_resource=LAST, reduction_factor=2)
    study, pruner = create(cfg)
    decide(ask(study), pruner, 5.0, 1)  # makes the brackets

    def bracket(trial: optuna.Trial) -> int:
        return pruner._get_bracket_id(study, as_first(trial.study.get_trials()[trial.number]))

    for _ in range(10):
        lost = ask(study)
        chosen = bracket(lost)
        study.tell(lost, state=TrialState.FAIL)
        requeue(study, retries=3)
        assert bracket(ask(study)) == chosen


def test_rungs_of_a_users_own_are_those_that_it_prunes_at() -> None:
    class Halving(optuna.pruners.SuccessiveHalvingPruner):
        pass

    for kind in (Halving, 'optuna.pruners.SuccessiveHalvingPruner'):
        hook = ASHAHook(dict(type=kind))
        pruner = build_pruner(hook.pruner)
        assert (pruner._min_resource, pruner._reduction_factor) == (1, 2) and hook.rungs(9) == [1, 2, 4, 8]
        assert ASHAHook(dict(type=kind, reduction_factor=3)).rungs(9) == [1, 3, 9]
        with pytest.raises(ConfigError, match=r'^search\.hook\.pruner\.min_resource: must be a whole number'):
            ASHAHook(dict(type=kind, min_resource='auto'))


@pytest.mark.parametrize(
    ('pruner', 'message'),
    [
        ('SuccessiveHalvingPruner', "search.hook.pruner: must be a dict with a 'type', got 'SuccessiveHalvingPruner'"),
        (
            dict(type='SuccessiveHalvingPruner', min_resource='auto'),
            "search.hook.pruner.min_resource: must be a whole number, got 'auto'",
        ),
    ],
)
def test_mistakes(pruner: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ASHAHook(pruner)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ('hook', 'message'),
    [
        ('ASHAHook', "search.hook: must be the dict of one hook with a 'type', got 'ASHAHook'"),
        (dict(type='ASHAHok'), "search.hook.type: unknown hook 'ASHAHok'; did you mean 'ASHAHook'?"),
        (dict(type='ASHAHook', prune={}), "search.hook: ASHAHook has no argument 'prune'; did you mean 'pruner'?"),
        (dict(type='CheckpointHook'), "search.hook: must be an ASHAHook, got 'CheckpointHook'"),
    ],
)
def test_wrong_hooks(hook, message):
    with pytest.raises(ConfigError) as caught:
        check_hook(hook, metrics=1)
    assert str(caught.value) == message


def test_several_metrics_cannot_prune():
    check_hook(dict(type='ASHAHook'), metrics=1)
    check_hook(None, metrics=2)
    with pytest.raises(ConfigError, match=r'^search\.hook: a search for several metrics cannot prune; set it to None$'):
        check_hook(dict(type='ASHAHook'), metrics=2)


def test_pruners_are_optunas():
    pruner = build_pruner(dict(type='HyperbandPruner', min_resource=1, max_resource=27, reduction_factor=3))
    assert isinstance(pruner, optuna.pruners.HyperbandPruner)
    assert isinstance(build_pruner(None), optuna.pruners.NopPruner)


@pytest.mark.parametrize(
    ('pruner', 'message'),
    [
        (
            dict(type='SuccesiveHalvingPruner'),
            "search.hook.pruner.type: 'SuccesiveHalvingPruner' is no pruner (a BasePruner of Optuna's); did you",
        ),
        (dict(type='RandomSampler'), "search.hook.pruner.type: 'RandomSampler' is no pruner "),
        (dict(min_resource=1), 'search.hook.pruner.type: None is no pruner '),
        (dict(type='SuccessiveHalvingPruner', min_resource=0), 'search.hook.pruner: SuccessiveHalvingPruner: '),
        (dict(type='HyperbandPruner', factor=2), 'search.hook.pruner.factor: HyperbandPruner has no such argument; '),
    ],
)
def test_wrong_pruners(pruner, message):
    with pytest.raises(ConfigError) as caught:
        build_pruner(pruner)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)
