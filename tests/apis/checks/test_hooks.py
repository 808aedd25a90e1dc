import pytest

from ktg_mm.apis.checks.hooks import check_priority
from ktg_mm.errors import ConfigError


@pytest.mark.parametrize('priority', [None, 0, 100, 'NORMAL', 'very_low'])
def test_priorities(priority):
    check_priority(dict(priority=priority), 'hook')


@pytest.mark.parametrize('priority', [True, 101, -1, 'TOP', 0.5, []])
def test_other_priorities(priority):
    with pytest.raises(ConfigError, match=r'^hook\.priority: must be a whole number from 0 to 100 or one of HIGHEST, '):
        check_priority(dict(priority=priority), 'hook')
