import pytest
from mmengine.config import Config

from ktg_mm.apis.checks.optimizers import check_optim_wrapper
from ktg_mm.apis.checks.settings import check_settings
from ktg_mm.apis.checks.sharing import nodes_that_share
from ktg_mm.errors import ConfigError

MODEL = dict(nodes=dict(net1=dict(), net2=dict(share=dict(node='net1', until='backbone.layer1'))))


@pytest.mark.parametrize('model', [None, 5, dict(), dict(nodes=5), dict(nodes=dict(net1=5)), dict(nodes=dict(net1={}))])
def test_configs_in_which_nothing_is_shared(model):
    assert nodes_that_share(dict(model=model)) == []


def test_batch_norms_in_common():
    with pytest.raises(ConfigError, match=r"^sync_bn: must be None: 'net2' would no longer share [^\n]+$"):
        check_settings(Config(dict(model=MODEL, sync_bn='torch')))
    check_settings(Config(dict(model=MODEL)))
    check_settings(Config(dict(model=dict(nodes=dict(net1={})), sync_bn='torch')))


def test_parameters_in_common():
    def check(model=MODEL, **options):
        wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1), paramwise_cfg=options)
        cfg = Config(dict(model=model, optim_wrapper=wrapper))
        check_optim_wrapper(cfg, cfg.optim_wrapper, object, 'optim_wrapper')

    says = r"^optim_wrapper\.paramwise_cfg\.bypass_duplicate: must be True, else what 'net2' shares [^\n]+$"
    with pytest.raises(ConfigError, match=says):
        check(norm_decay_mult=0.0)
    check(norm_decay_mult=0.0, bypass_duplicate=True)
    check(model=dict(nodes=dict(net1={})), norm_decay_mult=0.0)
    check()
