import pytest
from mmengine.config import Config
from torch import nn

from ktg_mm.apis.checks.optimizers import check_custom_keys
from ktg_mm.errors import ConfigError


def test_custom_keys():
    def cfg(key):
        return Config(dict(optim_wrapper=dict(paramwise_cfg=dict(custom_keys={key: dict(lr_mult=2)}))))

    model = nn.Sequential(nn.Linear(1, 1))
    check_custom_keys(cfg('0.weight'), model)
    check_custom_keys(Config({}), model)
    with pytest.raises(ConfigError, match=r"custom_keys\.wieght: is in no parameter; did you mean 'weight'\?$"):
        check_custom_keys(cfg('wieght'), model)
