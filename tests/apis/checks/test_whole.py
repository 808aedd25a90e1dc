import pytest
from mmengine.config import Config

from ktg_mm.apis.checks.whole import TOGETHER, check_is_there, check_together
from ktg_mm.errors import ConfigError


def test_a_whole_config_passes(tiny_config):
    check_together(tiny_config())
    check_is_there(tiny_config(), 'train')


@pytest.mark.parametrize('key', [key for kind in ('train', 'val') for key in TOGETHER[kind]])
def test_what_is_missing_beside_others(tiny_config, key):
    cfg = tiny_config()
    cfg[key] = None
    with pytest.raises(ConfigError, match=rf'^{key}: is missing beside '):
        check_together(cfg)


def test_all_of_a_kind_may_be_missing(tiny_config):
    cfg = tiny_config()
    for key in TOGETHER['val']:
        cfg[key] = None
    check_together(cfg)


def test_a_loop_without_its_length(tiny_config):
    cfg = tiny_config()
    del cfg.train_cfg['max_epochs']
    with pytest.raises(ConfigError, match=r'^train_cfg\.max_epochs: is missing; EpochBasedTrainLoop needs it$'):
        check_together(cfg)


@pytest.mark.parametrize('key', ['model', 'train_dataloader', 'train_cfg'])
def test_nothing_to_train(tiny_config, key):
    cfg = Config({name: value for name, value in tiny_config().items() if name != key})
    with pytest.raises(ConfigError, match=rf'^{key}: is missing; '):
        check_is_there(cfg, 'train')
