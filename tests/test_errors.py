import pytest

from ktg_mm.errors import ConfigError, DataError, UserError, did_you_mean


def test_a_config_error_begins_with_the_key():
    error = ConfigError("model.edges['a->b'].gate", 'is wrong')
    assert str(error) == "model.edges['a->b'].gate: is wrong" and error.key == "model.edges['a->b'].gate"


def test_kinds():
    assert issubclass(ConfigError, UserError) and issubclass(DataError, UserError)
    # so that code that knows nothing of the project treats it as a wrong value
    assert issubclass(ConfigError, ValueError)
    assert not issubclass(UserError, ValueError)


@pytest.mark.parametrize(
    ('name', 'known', 'hint'),
    [
        ('CorectGate', ['LinearGate', 'CorrectGate'], "did you mean 'CorrectGate'?"),
        ('net9', {'net1': 1}, "did you mean 'net1'?"),
        ('xyz', ['b', 'a'], 'known: a, b'),
        ('xyz', [], 'none is known'),
        (5, ['a'], 'known: a'),
        (None, (name for name in 'ab'), 'known: a, b'),
    ],
)
def test_did_you_mean(name, known, hint):
    assert did_you_mean(name, known) == hint


def test_no_hint_names_more_than_one_would_read():
    hint = did_you_mean('zzz', [f'name{i:02}' for i in range(50)])
    assert hint.startswith('known: name00, name01, ') and hint.endswith(', name29 and 20 more')
