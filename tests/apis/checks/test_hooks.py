import pytest
from mmengine.config import Config
from mmengine.hooks import EMAHook

from ktg_mm.apis.checks.hooks import _averages, check_priority
from ktg_mm.errors import ConfigError


@pytest.mark.parametrize('priority', [None, 0, 100, 'NORMAL', 'very_low'])
def test_priorities(priority):
    check_priority(dict(priority=priority), 'hook')


@pytest.mark.parametrize('priority', [True, 101, -1, 'TOP', 0.5, []])
def test_other_priorities(priority):
    with pytest.raises(ConfigError, match=r'^hook\.priority: must be a whole number from 0 to 100 or one of HIGHEST, '):
        check_priority(dict(priority=priority), 'hook')


def test_an_average_of_buffers_where_networks_share():
    """mmengine goes through the state dict, in which what two networks share stands twice."""
    share = dict(node='net1', until='backbone.layer1')
    model = dict(nodes=dict(net1=dict(type='NetworkNode'), net2=dict(type='NetworkNode', share=share)))
    hook = dict(type='EMAHook', update_buffers=True)
    with pytest.raises(ConfigError, match=r"^hook\.update_buffers: must be False: what 'net2' shares would move twice"):
        _averages(Config(dict(model=model)), hook, EMAHook, 'hook')
    for cfg, sound in ((dict(model=model), dict(hook, update_buffers=False)), (dict(model=5), hook), ({}, hook)):
        _averages(Config(cfg), sound, EMAHook, 'hook')
