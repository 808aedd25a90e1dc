import pytest

from ktg_mm.apis.user_errors import user_errors
from ktg_mm.errors import ConfigError, UserError


def refused() -> OSError:
    return PermissionError(13, 'Permission denied', '/a.csv')


def test_what_the_tools_print_is_an_exception():
    message = r'^/a\.csv: cannot be read or written: Permission denied$'
    with pytest.raises(UserError, match=message) as caught, user_errors():
        raise refused()
    assert isinstance(caught.value.__cause__, PermissionError)


@pytest.mark.parametrize('error', [ConfigError('a.b', 'is none'), KeyboardInterrupt('here'), ZeroDivisionError()])
def test_others_pass_as_they_are(error):
    with pytest.raises(type(error)) as caught, user_errors():
        raise error
    assert caught.value is error


def test_an_interrupt_that_a_library_has_hidden_is_no_mistake_of_the_user():
    error = refused()
    error.__context__ = KeyboardInterrupt()
    with pytest.raises(PermissionError), user_errors():
        raise error
