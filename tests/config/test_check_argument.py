import pytest

from ktg_mm.config.check_argument import check_flag, check_init, check_part, check_text, check_whole, split_argument


@pytest.mark.parametrize(
    ('check', 'value', 'message'),
    [
        (check_flag, 0, 'name must be True or False, got 0'),
        (check_flag, None, 'name must be True or False, got None'),
        (check_whole, 0, 'name must be a whole number, at least 1, got 0'),
        (check_whole, 2.0, 'name must be a whole number, at least 1, got 2.0'),
        (check_whole, True, 'name must be a whole number, at least 1, got True'),
        (check_whole, None, 'name must be a whole number, at least 1, got None'),
        (check_part, 'BN', "name must be a dict with a 'type', got 'BN'"),
        (check_part, dict(a=1), "name must be a dict with a 'type', got {'a': 1}"),
        (check_init, [None, 3], "name must be a dict with a 'type', got 3"),
        (lambda name, value: check_text(name, value, 'a file'), '', "name must be a file, got ''"),
        (lambda name, value: check_text(name, value, 'a file'), b'x', "name must be a file, got b'x'"),
    ],
)
def test_wrong_values(check, value, message):
    with pytest.raises(ValueError) as caught:
        check('name', value)
    assert str(caught.value) == message


def test_right_values():
    assert check_flag('name', False) is False
    assert check_whole('name', 1) == 1 and check_whole('name', 0, least=0) == 0
    assert check_part('name', None) is None and check_part('name', dict(type='BN')) == dict(type='BN')
    assert check_init('name', [dict(type='Kaiming')]) == [dict(type='Kaiming')] and check_init('name', None) is None
    assert check_text('name', None, 'a file') is None and check_text('name', 'x', 'a file') == 'x'


@pytest.mark.parametrize(
    ('reason', 'name', 'problem'),
    [
        ('threshold must be in [0, 1]', 'threshold', 'must be in [0, 1]'),
        ('layer: there is none', 'layer', 'there is none'),
        ('the layer must be there', '', 'the layer must be there'),
        ("A() got an unexpected keyword argument 'b'", 'b', "A() got an unexpected keyword argument 'b'"),
        ('something else', '', 'something else'),
    ],
)
def test_what_a_part_says_of_an_argument(reason, name, problem):
    assert split_argument(reason) == (name, problem)
