"""The password of a search's storage does not stand in a config that is written."""

import pytest
from mmengine.config import Config

from ktg_mm.apis.hide_storage import hide_storage


@pytest.mark.parametrize(
    ('url', 'password'),
    [
        ('postgresql+psycopg2://me:s3cret@host/db', 's3cret'),
        ('postgresql+psycopg2://me:s3@c/re:t@host/db', 's3@c/re:t'),
        ('postgresql+psycopg2://me:s3%40cret@host/db', 's3@cret'),
        ('mysql://:s3cret@host/db', 's3cret'),
        ('postgresql://host/db?user=me&password=s3cret&sslmode=require', 's3cret'),
    ],
)
def test_the_address_is_hidden_wherever_it_stands(url: str, password: str) -> None:
    cfg = Config(dict(search=dict(storage=url, trials=3), _address=url, notes=dict(of=[f'in {url}', password]), seed=1))
    hide_storage(cfg)
    text = cfg.pretty_text + repr(cfg)
    assert password not in text and 's3' not in text
    assert cfg.search.trials == 3 and cfg.seed == 1 and cfg.search.storage.startswith(url.partition('://')[0])


def test_a_word_of_the_runner_is_no_password() -> None:
    """A password may be any word; what a run reads is not changed by it."""
    url = 'postgresql://me:SGD@host/db'
    cfg = Config(dict(search=dict(storage=url), optim_wrapper=dict(optimizer=dict(type='SGD')), password='SGD'))
    hide_storage(cfg)
    assert cfg.optim_wrapper.optimizer.type == 'SGD' and cfg.password == '***'


@pytest.mark.parametrize(
    'search',
    [None, 5, {}, dict(storage=None), dict(storage=5), dict(storage='sqlite:///a@b.db'), dict(storage='a:b@c')],
)
def test_without_a_password_nothing_changes(search: object) -> None:
    cfg = Config(dict(search=search, other='a'))
    before = cfg.to_dict()
    hide_storage(cfg)
    assert cfg.to_dict() == before
