"""What a search shows."""

import io
import re
import sys

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from ktg_mm.search import SearchProgress
from ktg_mm.search.study.retries import CONTINUES, END, INTERRUPTED, LOST, ROOT, WORKER
from ktg_mm.search.worker import progress
from ktg_mm.search.worker.progress import summary


def study_of(*trials, directions=('maximize',)):
    """A study of trials given as (state, value, attributes)."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(directions=list(directions))
    for trial in trials:
        add(study, *trial)
    return study


def add(study, state, value=None, **attributes):
    values = value if isinstance(value, list) else None if value is None else [value]
    study.add_trial(create_trial(state=state, values=values, user_attrs=attributes))


COMPLETE, PRUNED, FAIL, RUNNING = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING


def test_summary_counts_chains_once():
    study = study_of((COMPLETE, 80.0), (PRUNED,), (FAIL,))
    add(study, FAIL, **{END: LOST})  # 3, which 4 goes on with, which 5 goes on with
    add(study, FAIL, **{END: INTERRUPTED, CONTINUES: 3, ROOT: 3})
    add(study, COMPLETE, 85.0, **{CONTINUES: 4, ROOT: 3})
    study.ask()
    assert summary(study) == dict(complete=2, pruned=1, failed=1, running=1, begun=5, best=85.0, best_trial=5)


def test_summary_without_results_and_with_several_metrics():
    assert summary(study_of()) == dict(complete=0, pruned=0, failed=0, running=0, begun=0, best=None, best_trial=None)
    two = study_of((COMPLETE, [90.0, 3.0]), directions=('maximize', 'minimize'))
    assert summary(two)['best'] is None and summary(two)['complete'] == 1


def test_the_best_is_the_least_where_less_is_better():
    study = study_of((COMPLETE, 3.0), (COMPLETE, 2.0), (COMPLETE, 4.0), directions=('minimize',))
    assert (summary(study)['best'], summary(study)['best_trial']) == (2.0, 1)


def test_a_line_for_each_trial_that_ends(capsys):
    study = study_of()
    with SearchProgress(4) as bar:
        bar.show(study)
        add(study, COMPLETE, 91.234, **{END: 'complete'})
        bar.show(study)
        add(study, PRUNED, **{END: 'pruned at epoch 2'})
        add(study, FAIL, **{END: 'failed: the loss is not finite'})
        study.ask()
        bar.show(study)
        bar.show(study)  # nothing new
    out, err = capsys.readouterr()
    lines = re.sub(r'\d+:\d\d:\d\d', 'TIME', err).splitlines()
    assert out == ''
    assert lines == [
        'trial 0: complete 91.23  [1/4 trials, 0 running, 0 pruned, 0 failed, best 91.23 (trial 0, one seed), '
        'TIME left]',
        'trial 1: pruned at epoch 2  [3/4 trials, 1 running, 1 pruned, 1 failed, best 91.23 (trial 0, one seed), '
        'TIME left]',
        'trial 2: failed: the loss is not finite  [3/4 trials, 1 running, 1 pruned, 1 failed, best 91.23 (trial 0, '
        'one seed), TIME left]',
    ]


def test_a_continued_trial_says_so(capsys):
    study = study_of((FAIL, None), directions=('maximize', 'minimize'))
    add(study, COMPLETE, [91.0, 2.0], **{END: 'complete', CONTINUES: 0, ROOT: 0})
    with SearchProgress(1) as bar:
        bar.show(study)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        'trial 0: lost  [1/1 trials, 0 running, 0 pruned, 0 failed]',
        'trial 1 (goes on with 0): complete 91, 2  [1/1 trials, 0 running, 0 pruned, 0 failed]',
    ]


def test_time_left(monkeypatch):
    """Ten trials, of which this process has seen two end in 100 s; four had ended before."""
    now = [0.0]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    study = study_of(*[(PRUNED,)] * 4)
    bar, said = SearchProgress(10), []
    bar.say = said.append
    bar.show(study)
    add(study, PRUNED)
    add(study, PRUNED)
    now[0] = 100.0
    bar.show(study)
    assert said[-1].endswith('0:03:20 left]')  # 4 are left, 50 s each
    for _ in range(4):
        add(study, PRUNED)
    bar.show(study)
    assert 'left' not in said[-1]


def test_a_disabled_one_shows_nothing(capsys):
    with SearchProgress(3, enabled=False) as bar:
        bar.say('x')
        bar.show(study_of((PRUNED,)))
    assert capsys.readouterr() == ('', '')


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize('reason', ['failed: out of memory [CPU]', LOST])
def test_a_bar_in_a_terminal(monkeypatch, reason):
    """Only failures get a line of their own; a trial that was lost goes on."""
    monkeypatch.setattr(sys, 'stderr', Terminal())
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setenv('COLUMNS', '160')
    study = study_of(
        (
            COMPLETE,
            90.0,
        )
    )
    with SearchProgress(3) as bar:
        add(study, FAIL, **{END: reason})
        bar.show(study)
    shown = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', sys.stderr.getvalue())
    assert 'trials 2/3' in shown and 'best 90 (trial 0, one seed)' in shown
    assert (f'trial 1: {reason}' in shown) == (reason != LOST)


def busy(study, workers):
    """Adds as many running trials, each of another worker."""
    for number in range(workers):
        study.ask().set_user_attr(WORKER, f'host:{number}')


def test_many_workers_get_a_line_each_half_minute(monkeypatch):
    now, said = [100.0], []
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    study = study_of()
    busy(study, 4)  # and this one
    with SearchProgress(20) as bar:
        bar.say = said.append
        add(study, COMPLETE, 90.0, **{END: 'complete'})
        bar.show(study)
        assert said.pop().startswith('trial 4: complete 90  [1/20 trials, 4 running, ')
        for state, end in ((COMPLETE, 'complete'), (PRUNED, 'pruned at epoch 1'), (PRUNED, 'pruned at epoch 2')):
            add(study, state, 80.0 if state == COMPLETE else None, **{END: end})
        add(study, FAIL, **{END: 'failed: out of memory'})
        add(study, FAIL, **{END: INTERRUPTED})
        now[0] += 29
        bar.show(study)
        assert [line.partition('  [')[0] for line in said] == ['trial 8: failed: out of memory']
        now[0] += 1
        bar.show(study)
        bar.show(study)
        assert len(said) == 2
        told, state = said.pop().split('  ')
        assert told == '4 trials ended: 1 complete, 1 cut short, 2 pruned'
        assert state.startswith('[6/20 trials, 4 running, 2 pruned, 2 failed, best 90 (trial 4, one seed), ')
        add(study, PRUNED)
        add(study, PRUNED)
        bar.show(study)
        assert len(said) == 1
    assert said[-1].startswith('2 trials ended: 2 pruned  [8/20 trials, ')


def test_what_is_left_over_is_told_once_few_workers_are_left():
    study, said = study_of(), []
    busy(study, 4)
    bar = SearchProgress(9)
    bar.say = said.append
    for _ in range(2):
        add(study, PRUNED)
        bar.show(study)
    study.tell(0, state=PRUNED)
    bar.show(study)
    assert [line.partition('  [')[0] for line in said] == [f'trial {number}: lost' for number in (4, 0, 5)]


def test_the_trials_are_read_once(reads_of):
    study = study_of((COMPLETE, 80.0), (PRUNED,))
    reads = reads_of(study)
    SearchProgress(3).show(study)
    assert len(reads) == 1


@pytest.mark.parametrize(('workers', 'warned'), [(15, False), (16, True)])
def test_a_file_for_many_workers_is_warned_of_once(workers, warned, capsys):
    study = study_of()
    busy(study, workers)  # and this one
    for storage in ('sqlite:////tmp/search.db', 'postgresql+psycopg2://me:secret@host/db'):
        bar = SearchProgress(99, storage=storage)
        bar.show(study)
        bar.show(study)
    line = (
        'warning: --storage sqlite:////tmp/search.db: 17 workers share a SQLite file, and wait for one another; '
        'for more than 16 give PostgreSQL, postgresql+psycopg2://USER@HOST/DATABASE\n'
    )
    assert capsys.readouterr().err == line * warned
