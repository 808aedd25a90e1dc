"""Where a search is kept: what the user says, else the config, else its name."""

from pathlib import Path

import pytest
from mmengine.config import Config

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.mmengine_private import set_aside
from ktg_mm.search import StudyAddress

NAMED = dict(storage='grpc://host:1', study='mine')
BY_NAME = ('work_dirs/small', 'sqlite:///work_dirs/small/search.db', 'small')


@pytest.mark.parametrize(
    ('options', 'entries', 'given', 'expected'),
    [
        ({}, {}, (), BY_NAME),
        (dict(storage=None, study=None), {}, (None, None, None), BY_NAME),
        ({}, dict(work_dir='there'), (), ('there', 'sqlite:///there/search.db', 'small')),
        ({}, dict(work_dir='there'), ('here',), ('here', 'sqlite:///here/search.db', 'small')),
        (NAMED, {}, (), ('work_dirs/small', 'grpc://host:1', 'mine')),
        (NAMED, {}, (None, 'journal://a', 'yours'), ('work_dirs/small', 'journal://a', 'yours')),
    ],
)
def test_what_comes_first(options, entries, given, expected):
    cfg = Config(dict(search=dict(trials=1, **options), **entries))
    set_aside(cfg, filename='configs/search/small.py')
    folder, storage, study = expected
    assert StudyAddress.of(cfg, *given) == StudyAddress(Path(folder), storage, study)


def test_the_environment_variable(monkeypatch):
    monkeypatch.setenv('KTG_MM_STORAGE', 'grpc://there:1')
    cfg = Config(dict(search=dict(trials=1)))
    assert StudyAddress.of(cfg).storage == 'grpc://there:1'
    assert StudyAddress.of(cfg, storage='journal://a').storage == 'journal://a'
    assert StudyAddress.of(cfg).source == ', of KTG_MM_STORAGE'
    assert StudyAddress.of(cfg, storage='journal://a').source == ''
    assert StudyAddress.of(Config(dict(search=dict(trials=1, **NAMED)))).storage == 'grpc://host:1'


@pytest.mark.parametrize('name', ['a\nimport os', 'a\rb', 'a\x1b[2J', 'a\u2028b', 'a\0'])
def test_names_that_cannot_be_printed(name):
    with pytest.raises(UserError, match=r'^--study .*: a name must be of characters that can be printed$') as caught:
        StudyAddress.of(Config(dict(search=dict(trials=1, study=name))))
    assert str(caught.value).isprintable()


def test_a_config_without_a_search():
    with pytest.raises(ConfigError, match=r'^search: is missing; a config to search over has search=dict'):
        StudyAddress.of(Config(dict(model={})))


def test_a_password_is_not_printed() -> None:
    address = StudyAddress(Path('here'), 'postgresql+psycopg2://user:secret@host/database', 'graph')
    assert 'secret' not in f'{address} {address!r}'
