from ktg_mm.apis.user_message import user_message
from ktg_mm.errors import ConfigError


def test_no_password_is_told():
    error = ConfigError('search.storage', 'postgresql://me:secret@host/base cannot be reached')
    assert user_message(error) == 'search.storage: postgresql://me@host/base cannot be reached'


def test_missing_data_of_mmpretrain_is_the_users_mistake():
    assert user_message(RuntimeError('Cannot find data\nin the folder')) == 'Cannot find data in the folder'
    assert user_message(RuntimeError('a foreign error')) is None
