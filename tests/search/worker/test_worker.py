"""Searches in this process: how trials end, and what is left of them."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS, MODELS
from optuna.study import Study
from optuna.trial import TrialState

from ktg_mm.apis import load_config
from ktg_mm.apis.quiet_runner import QuietRunner
from ktg_mm.datasets import Digits
from ktg_mm.errors import UserError
from ktg_mm.search import SearchProgress, StudyAddress, Worker, load_study, open_storage, run_search
from ktg_mm.search.study.retries import BEST_NODE, CONTINUES, END, KEY, LOST
from ktg_mm.search.worker import worker as worker_module
from ktg_mm.search.worker.progress import summary

REPOSITORY = Path(__file__).parents[3]


def tiny(**options: Any) -> Config:
    """A search that takes a second a trial: two networks, 32 images, four epochs."""
    cfg = load_config(
        REPOSITORY / 'configs/search/ktg_3node_digits.py',
        {
            'train_dataloader.dataset.indices': 32,
            'train_dataloader.batch_size': 16,
            'val_dataloader.dataset.indices': 60,
            'train_cfg.max_epochs': 4,
        },
    )
    cfg.model.nodes.pop('net3')
    cfg.model.edges = {key: edge for key, edge in cfg.model.edges.items() if 'net3' not in key}
    cfg.search.space = {'model.edges.*.gate': cfg.search.space['model.edges.*.gate']}
    for name, value in dict(trials=3, **options).items():
        cfg.search[name] = value
    return cfg


def search(cfg: Config, folder: Path, storage: str | None = None, study: str | None = None, **options: Any) -> Worker:
    return run_search(cfg, StudyAddress.of(cfg, folder, storage, study), **options)


@HOOKS.register_module()
class FailingHook(Hook):
    """Calls a function of the test before every epoch."""

    action: Callable[[Runner], None] = staticmethod(lambda runner: None)

    after: Callable[[Runner], None] = staticmethod(lambda runner: None)

    def before_train_epoch(self, runner: Runner) -> None:
        type(self).action(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        type(self).after(runner)


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Runner], None]], None]:
    """Sets what the hook does."""
    return lambda action: monkeypatch.setattr(FailingHook, 'action', staticmethod(action))


def with_hook(cfg: Config) -> Config:
    cfg.custom_hooks = [*cfg.custom_hooks, dict(type='FailingHook')]
    return cfg


def test_a_search_ends_with_a_value_for_every_graph(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    study = search(tiny(), tmp_path, study='s').study
    trials = study.get_trials()
    assert len(trials) == 3
    assert all(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)
    for trial in trials:
        steps = sorted(trial.intermediate_values)
        assert steps == [1, 2, 4][: len(steps)]
        pruned = trial.state == TrialState.PRUNED
        assert trial.user_attrs[END] == (f'pruned at epoch {steps[-1]}' if pruned else 'complete')
        assert trial.value == trial.intermediate_values[steps[-1]]
    output = capsys.readouterr()
    assert output.out == ''
    assert '256 combinations, 3 to try' in output.err
    assert '3/3 trials' in output.err
    best = max((trial for trial in trials if trial.state == TrialState.COMPLETE), key=lambda trial: trial.value)
    assert [path.parent.name for path in tmp_path.glob('trials/*/*.pth')] == [f'{best.number:05d}']


def test_checkpoints_that_dead_workers_left_are_removed_at_the_end(tmp_path: Path) -> None:
    search(tiny(), tmp_path)
    (best,) = tmp_path.glob('trials/*/*.pth')
    others = [folder for folder in (tmp_path / 'trials').iterdir() if folder != best.parent]
    for folder in others:
        (folder / 'epoch_1.pth').touch()
    search(tiny(), tmp_path)  # all have ended
    assert len(others) == 2 and list(tmp_path.glob('trials/*/*.pth')) == [best]


def test_a_trial_says_which_node_was_the_best(tmp_path: Path) -> None:
    trials = search(tiny(hook=None, metric='best/accuracy/top1'), tmp_path).study.get_trials()
    for trial in trials:
        (log,) = tmp_path.glob(f'trials/{trial.number:05d}/*/vis_data/scalars.json')
        last = json.loads(log.read_text().splitlines()[-1])
        found = {key.split('/')[-3]: value for key, value in last.items() if key.endswith('/accuracy/top1')}
        assert trial.value == pytest.approx(max(found.values()))
        assert found[trial.user_attrs[BEST_NODE]] == max(found.values())
    plain = search(tiny(hook=None), tmp_path / 'plain', trials=1).study.get_trials()
    assert BEST_NODE not in plain[0].user_attrs


def test_a_finished_search_begins_nothing_and_a_longer_one_adds(tmp_path: Path) -> None:
    first = search(tiny(), tmp_path, trials=1).study.get_trials()
    again = search(tiny(), tmp_path, trials=1).study.get_trials()
    assert [trial.number for trial in again] == [trial.number for trial in first] == [0]
    longer = search(tiny(), tmp_path, trials=2).study.get_trials()
    assert longer[0].value == first[0].value
    assert len(longer) == 2 and longer[1].user_attrs[KEY] != first[0].user_attrs[KEY]


def test_a_look_for_work_reads_the_trials_once(
    tmp_path: Path, reads_of: Callable[[Study], list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = search(tiny(hook=None), tmp_path, trials=1)
    reads, worker.trials = reads_of(worker.study), 2
    worker.study.ask()
    reads.clear()
    monkeypatch.setattr(worker_module.time, 'sleep', lambda _: worker.study.tell(1, 90.0))  # its worker ends it
    with SearchProgress(2) as progress:
        assert worker._wait_for_work(progress) is False
    assert len(reads) == 2


def test_values_do_not_depend_on_what_the_process_trained_before(tmp_path: Path) -> None:
    everyone = tiny(hook=dict(type='ASHAHook', pruner=dict(type='NopPruner')))
    together = search(everyone, tmp_path / 'a').study.get_trials()
    search(tiny(hook=None), tmp_path / 'b', trials=1)
    apart = search(tiny(hook=None), tmp_path / 'b', trials=3).study.get_trials()
    assert [trial.value for trial in together] == [trial.value for trial in apart]
    assert apart[0].intermediate_values.keys() == {4}  # without a hook the end alone is validated


def test_data_are_read_once_and_change_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    load = Digits.load_data_list
    monkeypatch.setattr(Digits, 'load_data_list', lambda self: read.append(self.split) or load(self))
    shared = search(tiny(hook=None), tmp_path / 'shared').study.get_trials()
    assert sorted(read) == ['train', 'val']
    read.clear()
    monkeypatch.setattr(QuietRunner, 'build_dataloader', staticmethod(Runner.build_dataloader))
    alone = search(tiny(hook=None), tmp_path / 'alone').study.get_trials()
    assert sorted(read) == ['train'] * 3 + ['val'] * 3
    assert [trial.value for trial in shared] == [trial.value for trial in alone]
    logs = [sorted(path.glob('trials/*/*/vis_data/scalars.json')) for path in (tmp_path / 'shared', tmp_path / 'alone')]
    assert len(logs[0]) == 3
    for one, other in zip(*logs, strict=True):
        losses = [[json.loads(line).get('loss') for line in log.read_text().splitlines()] for log in (one, other)]
        assert losses[0] == losses[1]


def test_the_gates_of_a_pruned_trial_knew_the_whole_length(tmp_path: Path, acting: Callable) -> None:
    ends = set()
    acting(lambda runner: ends.add(runner.max_epochs))
    search(with_hook(tiny()), tmp_path)
    assert ends == {4}


def test_a_loss_that_is_not_finite_fails_the_trial_alone(tmp_path: Path, acting: Callable) -> None:
    runs = []

    def spoil_the_second(runner: Runner) -> None:
        if runner.epoch == 0:
            runs.append(runner)
        if len(runs) == 2:
            for weight in runner.model.parameters():
                weight.data.mul_(float('inf'))

    acting(spoil_the_second)
    trials = search(with_hook(tiny(hook=None)), tmp_path).study.get_trials()
    assert [trial.state.name for trial in trials] == ['COMPLETE', 'FAIL', 'COMPLETE']
    assert trials[1].user_attrs[END].startswith("failed: the loss is not finite: edge '")
    assert not list((tmp_path / 'trials' / '00001').glob('*.pth'))


def test_a_weight_that_is_not_finite_fails_the_trial_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Runner] = []

    def spoil_the_first(runner: Runner) -> None:
        if not ended:
            next(runner.model.parameters()).data.fill_(float('inf'))
        ended.append(runner)

    monkeypatch.setattr(FailingHook, 'after', staticmethod(spoil_the_first))
    trials = search(with_hook(tiny(hook=None)), tmp_path, trials=2).study.get_trials()
    assert [trial.state.name for trial in trials] == ['FAIL', 'COMPLETE']
    assert trials[0].user_attrs[END].startswith("failed: diverged: the weight 'nodes.net1.")


def test_a_score_that_is_not_a_number_fails_the_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, 'node_scores', lambda self, metrics: [float('nan')])
    nothing = r'^the search has found nothing, all 2 trials failed, the last one: the score is not finite: \[nan\]$'
    for _ in range(2):  # a finished search that is started again says so, too
        with pytest.raises(UserError, match=nothing):
            search(tiny(hook=None), tmp_path, study='s', trials=2)
    trials = load_study(open_storage(f'sqlite:///{tmp_path}/search.db'), 's').get_trials()
    assert [trial.state.name for trial in trials] == ['FAIL', 'FAIL']
    assert trials[0].user_attrs[END] == 'failed: the score is not finite: [nan]'


@pytest.mark.parametrize('succeeds', [False, True])
def test_out_of_memory_stops_a_search_of_which_no_trial_succeeds(
    succeeds: bool, tmp_path: Path, acting: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('ktg_mm.search.worker.failures._MOST_IN_VAIN', 3)
    runs: list[Runner] = []

    def fail(runner: Runner) -> None:
        runs.append(runner)
        if not (succeeds and len(runs) <= 4):  # the first trial, of four epochs
            raise torch.OutOfMemoryError('CUDA out of memory')

    acting(fail)
    cfg = with_hook(tiny(hook=None))
    if succeeds:
        assert len(search(cfg, tmp_path, trials=5).study.get_trials()) == 5
        return
    with pytest.raises(UserError, match=r'^the search stops, 3 trials in a row failed: out of memory: CUDA out '):
        search(cfg, tmp_path, trials=5)


def test_nothing_can_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('ktg_mm.search.space.candidates._MOST_DRAWS', 3)
    cfg = tiny(hook=None)
    cut = dict(cutoff=dict(type='CutoffGate'))
    cfg.search.space = {'model.edges.*->net1.gate': cut}
    with pytest.raises(
        UserError, match=r'^search\.space: no graph could be drawn, as in all that were tried the target'
    ):
        search(cfg, tmp_path)


def test_a_study_of_another_hook(tmp_path: Path) -> None:
    search(tiny(), tmp_path, study='s', trials=1)
    search(tiny(hook=dict(type='ASHAHook')), tmp_path, study='s', trials=1)  # the same, said shorter
    other = dict(type='ASHAHook', pruner=dict(type='SuccessiveHalvingPruner', reduction_factor=3))
    for hook in (None, other):
        with pytest.raises(UserError, match=r'^--study s: .* with another hook \(pruner\); give another name'):
            search(tiny(hook=hook), tmp_path, study='s', trials=1)


def test_mistakes_are_known_before_the_storage_is_opened(tmp_path: Path) -> None:
    for options, message in (
        (dict(heartbeat='often'), "search.heartbeat: must be a whole number, at least 1, got 'often'"),
        (dict(hook=dict(type='ASHAHook', interval=2)), "search.hook.interval: is the config's train_cfg.val_interval"),
        (
            dict(hook=dict(type='ASHAHook', pruner=dict(type='SuccessiveHalvingPruner', min_resource=5))),
            'search.hook.pruner.min_resource: nobody is compared before 5, but a run ends at 4; ',
        ),
        (
            dict(hook=dict(type='ASHAHook', pruner=dict(type='MedianPruner', n_warmup_steps=9))),
            'search.hook.pruner.n_warmup_steps: nobody is compared before 9, but a run ends at 4; ',
        ),
    ):
        with pytest.raises(UserError) as caught:
            search(tiny(**options), tmp_path)
        assert str(caught.value).startswith(message)
    assert not list(tmp_path.iterdir())


def test_a_damaged_checkpoint_begins_the_trial_anew(tmp_path: Path, acting: Callable) -> None:
    undisturbed = search(tiny(), tmp_path / 'undisturbed', trials=1).study.get_trials()
    epochs = []

    def press(runner: Runner) -> None:
        epochs.append(runner.epoch)
        if len(epochs) == 3:
            signal.raise_signal(signal.SIGINT)

    acting(press)
    with pytest.raises(KeyboardInterrupt):
        search(with_hook(tiny()), tmp_path / 'disturbed', trials=1)
    (checkpoint,) = (tmp_path / 'disturbed/trials/00000').glob('epoch_*.pth')
    checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    acting(lambda runner: epochs.append(runner.epoch))
    trials = search(with_hook(tiny()), tmp_path / 'disturbed', trials=1).study.get_trials()
    assert epochs == [0, 1, 2, 0, 1, 2, 3]
    assert [trial.state.name for trial in trials] == ['FAIL', 'COMPLETE']
    assert trials[1].intermediate_values == undisturbed[0].intermediate_values


def test_checkpoints_of_an_earlier_study_in_the_folder_are_of_no_account(tmp_path: Path, acting: Callable) -> None:
    search(tiny(), tmp_path, study='first', trials=1)
    epochs = []
    acting(lambda runner: epochs.append(runner.epoch))
    search(with_hook(tiny()), tmp_path, study='second', trials=1)
    assert epochs == [0, 1, 2, 3]


def test_a_database_that_disappears(tmp_path: Path, acting: Callable) -> None:
    acting(lambda runner: (tmp_path / 'search.db').unlink(missing_ok=True))
    with pytest.raises(UserError, match=r'^--storage sqlite:///\S+: SQLite does not answer any more: \S+ is gone, or'):
        search(with_hook(tiny()), tmp_path, trials=1)


def test_a_journal_that_is_damaged_or_disappears(tmp_path: Path, acting: Callable) -> None:
    journal = tmp_path / 'journal'
    address = f'journal://{journal}'
    search(tiny(hook=None), tmp_path, storage=address, trials=1)
    whole = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b''.join([*whole[:3], whole[3][:9] + b'\n', *whole[4:]]))
    with pytest.raises(
        UserError, match=r'^--storage journal://\S+: cannot be reached: the journal is damaged after li'
    ):
        search(tiny(hook=None), tmp_path, storage=address, trials=1)
    journal.write_bytes(b''.join(whole))
    acting(lambda runner: journal.unlink(missing_ok=True))
    with pytest.raises(
        UserError, match=r'^--storage journal://\S+: the storage does not answer any more: .*No such file'
    ):
        search(with_hook(tiny(hook=None)), tmp_path / 'new', storage=address, study='new', trials=1)


@pytest.mark.slow
def test_a_space_that_is_exhausted(tmp_path: Path, acting: Callable, capsys: pytest.CaptureFixture) -> None:
    """The search ends once every graph has its end, those of lost workers too."""
    cfg = with_hook(tiny(hook=None, heartbeat=1))
    through = dict(through=dict(type='ThroughGate'))
    cfg.search.space = {'model.edges.*.gate': through, 'optim_wrapper.optimizer.lr': [0.1, 0.2]}

    class Vanished(BaseException):
        """As if the process had died."""

    def vanish(runner: Runner) -> None:
        raise Vanished

    acting(vanish)
    with pytest.raises(Vanished):
        search(cfg, tmp_path, trials=9)
    acting(lambda runner: None)
    trials = search(cfg, tmp_path, trials=9).study.get_trials()
    assert 'every graph of the space has been tried' in capsys.readouterr().err
    complete = [trial.params['optim_wrapper.optimizer.lr'] for trial in trials if trial.state == TrialState.COMPLETE]
    assert sorted(complete) == ['0.1', '0.2']
    assert all(trial.state.is_finished() for trial in trials)
    assert len(search(cfg, tmp_path, trials=9).study.get_trials()) == len(trials)


def test_a_storage_that_fails_loses_no_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = search(tiny(), tmp_path / 'undisturbed', trials=1).study.get_trials()

    def fail(*_: object) -> None:
        raise optuna.exceptions.StorageInternalError('the connection\nwas closed')

    with monkeypatch.context() as patch:
        patch.setattr('ktg_mm.search.worker.reporter.TrialReporter.report', fail)
        with pytest.raises(
            UserError,
            match=r'^--storage sqlite:///\S+: SQLite does not answer any more: the connection was closed; start',
        ):
            search(tiny(), tmp_path / 'disturbed', trials=1)
    trials = search(tiny(), tmp_path / 'disturbed', trials=1).study.get_trials()
    assert [trial.state.name for trial in trials] == ['FAIL', 'COMPLETE']
    assert trials[1].intermediate_values == undisturbed[0].intermediate_values


def test_a_storage_that_is_gone_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise optuna.exceptions.StorageInternalError('gone')

    monkeypatch.setattr('ktg_mm.search.worker.worker.LostTrials.look', fail)
    with pytest.raises(
        UserError, match=r'^--storage sqlite:///\S+: SQLite does not answer any more: gone; start the search again'
    ):
        search(tiny(), tmp_path, trials=1)


@pytest.mark.parametrize(
    ('error', 'reason'),
    [
        (torch.OutOfMemoryError('CUDA out of memory. Tried to allocate'), 'failed: out of memory: CUDA out of memory'),
        (MemoryError(), 'failed: out of memory: MemoryError'),
        (RuntimeError('something else\nbroke'), 'failed: RuntimeError: something else broke'),
    ],
)
def test_a_failure_is_recorded_and_the_search_goes_on(
    error: Exception, reason: str, tmp_path: Path, acting: Callable
) -> None:
    runs: list[Runner] = []

    def fail_first(runner: Runner) -> None:
        runs.append(runner)
        if len(runs) == 1:
            raise error

    acting(fail_first)
    trials = search(with_hook(tiny(hook=None)), tmp_path, trials=2).study.get_trials()
    assert [trial.state.name for trial in trials] == ['FAIL', 'COMPLETE']
    assert trials[0].user_attrs[END].startswith(reason)


def test_a_fault_of_all_trials_stops_the_search(tmp_path: Path, acting: Callable) -> None:
    def fail(runner: Runner) -> None:
        raise RuntimeError('no disk')

    acting(fail)
    with pytest.raises(UserError, match='the search stops, 5 trials in a row failed: RuntimeError: no disk'):
        search(with_hook(tiny()), tmp_path, trials=50)


def test_a_mistake_stops_the_search_and_its_trial_is_done_later(tmp_path: Path, acting: Callable) -> None:
    def mistake(runner: Runner) -> None:
        raise UserError('data root: not there')

    acting(mistake)
    with pytest.raises(UserError, match='data root: not there'):
        search(with_hook(tiny(hook=None)), tmp_path, trials=1)
    acting(lambda runner: None)
    trials = search(with_hook(tiny(hook=None)), tmp_path, trials=1).study.get_trials()
    assert [trial.state.name for trial in trials] == ['FAIL', 'COMPLETE']
    assert trials[0].user_attrs[END] == 'interrupted: data root: not there'
    assert trials[1].user_attrs[CONTINUES] == 0


def test_ctrl_c_leaves_the_trial_to_be_continued(tmp_path: Path, acting: Callable) -> None:
    undisturbed = search(tiny(), tmp_path / 'undisturbed', trials=1).study.get_trials()
    epochs = []

    def press(runner: Runner) -> None:
        epochs.append(runner.epoch)
        if len(epochs) == 3:
            signal.raise_signal(signal.SIGINT)

    acting(press)
    with pytest.raises(KeyboardInterrupt):
        search(with_hook(tiny()), tmp_path / 'disturbed', trials=1)
    acting(lambda runner: epochs.append(runner.epoch))
    trials = search(with_hook(tiny()), tmp_path / 'disturbed', trials=1).study.get_trials()
    assert epochs == [0, 1, 2, 2, 3]
    assert [trial.state.name for trial in trials] == ['FAIL', 'COMPLETE']
    assert trials[0].user_attrs[END] == 'interrupted'
    assert trials[1].intermediate_values == undisturbed[0].intermediate_values


@pytest.mark.parametrize('epoch', [0, 2, 3], ids=['at a rung', 'at an epoch', 'at the end'])
def test_a_worker_that_was_held_up_leaves_its_trial_to_another(
    epoch: int, tmp_path: Path, acting: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = search(tiny(), tmp_path / 'undisturbed', trials=2).study.get_trials()
    folder = tmp_path / 'disturbed'
    taken = []
    monkeypatch.setattr('ktg_mm.search.worker.reporter._PATIENCE', 0.0 if epoch == 2 else 1e9)

    def take_away(runner: Runner) -> None:
        if runner.epoch == epoch and not taken:
            study = optuna.load_study(study_name='s', storage=open_storage(f'sqlite:///{folder}/search.db'))
            taken.append(study.tell(0, state=TrialState.FAIL))

    acting(take_away)
    trials = search(with_hook(tiny()), folder, study='s', trials=2).study.get_trials()
    assert [trial.state.name for trial in trials[:1]] == ['FAIL']
    assert trials[0].user_attrs[END] == LOST
    assert trials[1].user_attrs[CONTINUES] == 0
    assert [trial.values for trial in trials[1:]] == [trial.values for trial in undisturbed]


def test_ctrl_c_after_the_trial_was_taken_away(tmp_path: Path, acting: Callable) -> None:
    def take_away_and_press(runner: Runner) -> None:
        study = optuna.load_study(study_name='s', storage=open_storage(f'sqlite:///{tmp_path}/search.db'))
        study.tell(0, state=TrialState.FAIL)
        signal.raise_signal(signal.SIGINT)

    acting(take_away_and_press)
    with pytest.raises(KeyboardInterrupt):
        search(with_hook(tiny()), tmp_path, study='s', trials=1)


def test_trials_without_heartbeat_are_taken_over_on_demand(tmp_path: Path, acting: Callable) -> None:
    address = f'journal://{tmp_path}/journal'

    class Vanished(BaseException):
        """Nothing in the search catches it, as if the process had died."""

    def vanish(runner: Runner) -> None:
        raise Vanished

    acting(vanish)
    with pytest.raises(Vanished):
        search(with_hook(tiny()), tmp_path, storage=address, study='s', trials=1)
    study = optuna.load_study(study_name='s', storage=open_storage(address))
    assert [trial.state.name for trial in study.get_trials()] == ['RUNNING']
    acting(lambda runner: None)
    trials = search(
        with_hook(tiny()), tmp_path, storage=address, study='s', trials=1, take_over=True
    ).study.get_trials()
    assert [trial.state.name for trial in trials] == ['FAIL', 'COMPLETE']


@pytest.mark.parametrize(
    ('sampler', 'pruner'),
    [
        (dict(type='TPESampler', n_startup_trials=2), dict(type='HyperbandPruner', min_resource=1, max_resource=4)),
        (dict(type='RandomSampler'), dict(type='MedianPruner', n_startup_trials=1)),
    ],
)
def test_other_samplers_and_pruners(sampler: dict, pruner: dict, tmp_path: Path) -> None:
    cfg = tiny(sampler=dict(sampler, seed=1), hook=dict(type='ASHAHook', pruner=pruner))
    trials = search(cfg, tmp_path, trials=4).study.get_trials()
    assert len({trial.user_attrs[KEY] for trial in trials}) == 4
    assert all(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)


def test_a_search_for_the_smallest_error(tmp_path: Path) -> None:
    """The rungs, the best node, the progress and the checkpoint that is kept go by what is lowest."""
    cfg = tiny(metric='best/calibration/ece')
    cfg.val_evaluator = [dict(type='NodeMetric'), dict(type='NodeMetric', metric=dict(type='CalibrationError'))]
    study = search(cfg, tmp_path, trials=5).study
    assert [direction.name for direction in study.directions] == ['MINIMIZE']
    at_rung: dict[int, list[float]] = {}
    for trial in study.get_trials():
        (log,) = tmp_path.glob(f'trials/{trial.number:05d}/*/vis_data/scalars.json')
        last = [json.loads(line) for line in log.read_text().splitlines() if 'calibration/ece' in line][-1]
        errors = {key.split('/')[-3]: value for key, value in last.items() if key.endswith('/calibration/ece')}
        assert trial.value == pytest.approx(min(errors.values()))
        if trial.state == TrialState.COMPLETE:
            assert errors[trial.user_attrs[BEST_NODE]] == min(errors.values())
        for step, value in sorted(trial.intermediate_values.items()):
            values = at_rung.setdefault(step, [])
            values.append(value)
            stopped = sorted(values).index(value) >= max(1, len(values) // 2)  # one worker: they come in order
            pruned_here = trial.state == TrialState.PRUNED and step == max(trial.intermediate_values)
            assert pruned_here == (stopped and step < 4)
    complete = [trial for trial in study.get_trials() if trial.state == TrialState.COMPLETE]
    assert len(complete) < 5
    best = min(complete, key=lambda trial: trial.value)
    assert summary(study)['best_trial'] == best.number
    assert [path.parent.name for path in tmp_path.glob('trials/*/*.pth')] == [f'{best.number:05d}']


def test_a_metric_without_a_direction_begins_no_trial(tmp_path: Path) -> None:
    cfg = tiny(metric='net1/single-label/support')
    cfg.val_evaluator = dict(type='NodeMetric', metric=dict(type='SingleLabelMetric', items=('support',)))
    address = StudyAddress.of(cfg, tmp_path)
    with pytest.raises(
        UserError, match=r"^search\.metric: nobody says which way 'net1/single-label/support' is better"
    ):
        run_search(cfg, address)
    assert not optuna.get_all_study_names(open_storage(address.storage))


def test_accuracy_against_parameters_and_flops(tmp_path: Path) -> None:
    cfg = tiny(
        metric=['net1/accuracy/top1', 'parameters', 'flops'],
        hook=None,
        sampler=dict(type='NSGAIISampler', seed=0, population_size=2),
    )
    cfg.search.space['model.nodes.net1.network'] = dict(resnet8=cfg.resnet8, wrn10_1=cfg.wrn10_1)
    study = search(cfg, tmp_path, trials=4).study
    assert [direction.name for direction in study.directions] == ['MAXIMIZE', 'MINIMIZE', 'MINIMIZE']
    parameters = {trial.params['model.nodes.net1.network']: trial.values[1] for trial in study.get_trials()}
    for name, counted in parameters.items():
        assert counted == sum(weight.numel() for weight in MODELS.build(cfg[name]).parameters())
    assert all(trial.values[2] > 1e5 for trial in study.get_trials())


def test_frozen_teachers_are_trained_once(tmp_path: Path, acting: Callable) -> None:
    trained: list[str] = []

    def note(runner: Runner) -> None:
        if runner.epoch == 0:
            trained.append(','.join(runner.model.nodes))

    acting(note)
    cfg = with_hook(tiny(hook=None))
    cfg.optim_wrapper.paramwise_cfg = dict(nodes=dict(net2=dict(lr=0.01)))  # not about the teacher, and net2 is frozen
    gates = dict(through=dict(type='ThroughGate'), linear=dict(type='LinearGate'))
    cut = dict(cutoff=dict(type='CutoffGate'))
    cfg.search.space = {
        'model.edges.label->net2.gate': cut,
        'model.edges.net1->net2.gate': cut,
        'model.edges.net2->net1.gate': gates,
        'model.edges.label->net1.gate': dict(through=dict(type='ThroughGate')),
    }
    trials = search(cfg, tmp_path, trials=2).study.get_trials()
    assert [trial.state.name for trial in trials] == ['COMPLETE', 'COMPLETE']
    assert trained == ['teacher', 'net1,net2', 'net1,net2']
    (weights,) = (tmp_path / 'pretrained').glob('*.pth')
    assert torch.load(weights, weights_only=True).keys() >= {'head.fc.weight'}
