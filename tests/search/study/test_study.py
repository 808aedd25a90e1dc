"""Storages that cannot be reached, and studies of another search."""

import time

import optuna
import pytest

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.search import load_study, open_storage
from ktg_mm.search.study.study import build_pruner, build_sampler, create_study, hide_password

SPACE = {'a': dict(choices=['x', 'y'])}
IDENTITY = dict(space=SPACE, recipe=dict(train_cfg=dict(max_epochs=3)), sampler=['RandomSampler', 0])


def unreachable(url):
    start = time.monotonic()
    with pytest.raises(UserError) as caught:
        open_storage(url)
    message = str(caught.value)
    assert time.monotonic() - start < 15
    assert '\n' not in message and 'secret' not in message and ': cannot be reached: ' in message
    return message


@pytest.mark.parametrize(
    ('url', 'shown', 'reason'),
    [
        ('postgresql+psycopg2://me:secret@127.0.0.1:1/db', 'postgresql+psycopg2://me@127.0.0.1:1/db', 'refused'),
        ('mysql://me:secret@127.0.0.1:1/db', 'mysql://me@127.0.0.1:1/db', ''),
        ('nosuch://me:secret@host/db', 'nosuch://me@host/db', "Can't load plugin"),
        ('search.db', 'search.db', 'Could not parse SQLAlchemy URL'),
        ('grpc://127.0.0.1:1', 'grpc://127.0.0.1:1', 'onnect'),
        ('grpc://127.0.0.1:port', 'grpc://127.0.0.1:port', 'port'),
    ],
)
def test_unreachable(url, shown, reason):
    if url.startswith('postgresql'):
        pytest.importorskip('psycopg2')
    message = unreachable(url)
    assert message.startswith(f'--storage {shown}: cannot be reached: ') and reason in message


@pytest.mark.parametrize('scheme', ['sqlite:///', 'journal://'])
def test_a_folder_that_cannot_be_made(tmp_path, scheme):
    (tmp_path / 'file').write_text('')
    assert str(tmp_path / 'file') in unreachable(f'{scheme}{tmp_path}/file/search.db')


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / 'search.db').write_text('no database at all, but long enough to look at' * 100)
    assert 'not a database' in unreachable(f'sqlite:///{tmp_path}/search.db')


def test_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    open_storage('sqlite:///~/search.db')
    assert (tmp_path / 'search.db').exists()


def test_a_folder_is_made(tmp_path):
    open_storage(f'sqlite:///{tmp_path}/new/folder/search.db')
    assert (tmp_path / 'new/folder/search.db').exists()


@pytest.mark.parametrize(
    ('url', 'shown'),
    [
        ('postgresql://me:secret@host/db', 'postgresql://me@host/db'),
        ('postgresql://me:se@c/re:t@host/db', 'postgresql://me@host/db'),
        ('postgresql://me@host/db', 'postgresql://me@host/db'),
        ('postgresql://host/db?user=me&password=secret&sslmode=require', None),
        ('sqlite:////tmp/a.db', 'sqlite:////tmp/a.db'),
    ],
)
def test_passwords_are_not_shown(url, shown):
    expected = shown or 'postgresql://host/db?user=me&password=***&sslmode=require'
    assert hide_password(url) == expected


@pytest.fixture(params=['sqlite', 'journal'])
def storage(request, tmp_path):
    """Opens the same storage each time, as workers do."""
    url = dict(sqlite=f'sqlite:///{tmp_path}/a.db', journal=f'journal://{tmp_path}/a.log')[request.param]
    return lambda: open_storage(url)


def test_workers_share_a_study(storage):
    first = create_study(storage(), 'mine', ['maximize'], IDENTITY)
    first.ask()
    second = create_study(storage(), 'mine', ['maximize'], dict(reversed(IDENTITY.items())))
    assert len(second.trials) == 1
    create_study(storage(), 'other', ['minimize'], {**IDENTITY, 'space': {}})
    assert len(load_study(storage(), 'mine').trials) == 1


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        (dict(directions=['minimize']), 'other metrics'),
        (dict(directions=['maximize', 'minimize']), 'other metrics'),
        (dict(identity={**IDENTITY, 'space': {'a': dict(choices=['x', 'z'])}}), 'another search space'),
        (
            dict(identity={**IDENTITY, 'recipe': dict(train_cfg=dict(max_epochs=4))}),
            'another base config (model, schedule, data or seed)',
        ),
        (dict(identity={**IDENTITY, 'sampler': ['RandomSampler', 1]}), 'another sampler, seed of it, or pretrain'),
    ],
)
def test_a_study_of_another_search(storage, change, reason):
    mine = dict(directions=['maximize'], identity=IDENTITY)
    create_study(storage(), 'mine', **mine)
    with pytest.raises(UserError) as caught:
        create_study(storage(), 'mine', **{**mine, **change})
    assert str(caught.value) == (
        f'--study mine: the storage holds a study of this name with {reason}; give another name'
    )
    create_study(storage(), 'mine', **mine)  # the refused one has left nothing


def test_a_missing_study(storage):
    for known in ('none', 'mine', 'mine, other'):
        with pytest.raises(UserError) as caught:
            load_study(storage(), 'yours')
        assert str(caught.value) == f'--study yours: the storage has no study of this name; it has: {known}'
        create_study(storage(), 'mine' if known == 'none' else 'other', ['maximize'], IDENTITY)


def test_pruners_and_samplers_are_optunas():
    pruner = build_pruner(dict(type='HyperbandPruner', min_resource=1, max_resource=27, reduction_factor=3))
    assert isinstance(pruner, optuna.pruners.HyperbandPruner)
    assert isinstance(build_pruner(None), optuna.pruners.NopPruner)
    assert isinstance(build_sampler(dict(type='TPESampler'), 1), optuna.samplers.TPESampler)
    draws = [
        build_sampler(dict(type='RandomSampler', seed=9), seed).sample_independent(
            None, None, 'x', optuna.distributions.FloatDistribution(0, 1)
        )
        for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1] != draws[2]  # the seed that is given counts


@pytest.mark.parametrize(
    ('pruner', 'message'),
    [
        (
            dict(type='SuccesiveHalvingPruner'),
            "search.hook.pruner.type: Optuna has no 'SuccesiveHalvingPruner'; did you",
        ),
        (dict(type='RandomSampler'), "search.hook.pruner.type: Optuna has no 'RandomSampler'; "),
        (dict(min_resource=1), 'search.hook.pruner.type: Optuna has no None; '),
        (dict(type='SuccessiveHalvingPruner', min_resource=0), 'search.hook.pruner: SuccessiveHalvingPruner: '),
        (dict(type='HyperbandPruner', factor=2), 'search.hook.pruner: HyperbandPruner: '),
    ],
)
def test_wrong_pruners(pruner, message):
    with pytest.raises(ConfigError) as caught:
        build_pruner(pruner)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)
