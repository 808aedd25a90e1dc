import pytest
from mmengine.config import Config

from ktg_mm.apis.checks.settings import check_imports, check_settings
from ktg_mm.errors import ConfigError


@pytest.mark.parametrize(
    'settings',
    [
        {},
        dict(randomness=dict(seed=None, deterministic=True)),
        dict(log_level='WARNING', compile=dict(mode='default')),
        dict(env_cfg=dict(cudnn_benchmark=True, mp_cfg=dict(mp_start_method='fork'), dist_cfg=dict(backend='gloo'))),
        dict(env_cfg=dict(dist_cfg=dict(backend='cpu:gloo,cuda:nccl', timeout=60))),
        dict(auto_scale_lr=dict(base_batch_size=64, enable=True)),
        dict(default_hooks=dict(checkpoint=None, own=dict(type='SeedHook'))),
    ],
)
def test_what_is_right(settings):
    check_settings(Config(dict(model=dict(type='KnowledgeTransferGraph'), **settings)))


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(randomness=[0]), 'randomness: must be a dict such as dict(seed=0), got [0]'),
        (dict(randomness={}), 'randomness.seed: is missing'),
        (dict(randomness=dict(seed='0')), "randomness.seed: must be a whole number, at least 0, got '0'"),
        (dict(work_dir=5), 'work_dir: must be a text, got 5'),
        (dict(compile='yes'), "compile: must be True, False or a dict of options, got 'yes'"),
        (dict(env_cfg=dict(cudnn_benchmark=1)), 'env_cfg.cudnn_benchmark: must be True or False, got 1'),
        (dict(env_cfg=dict(capture='yes')), "env_cfg.capture: must be True, False, 'streams' or 'auto', got 'yes'"),
        (dict(env_cfg=dict(dist_cfg=dict(backend='gluu'))), "env_cfg.dist_cfg.backend: unknown backend 'gluu'; known"),
        (dict(auto_scale_lr=dict(base_batch_size=1, enable=1)), 'auto_scale_lr.enable: must be True or False, got 1'),
        (dict(default_scope='mmdet'), "default_scope: must be 'mmpretrain', where all parts are registered, got"),
        (dict(find_unused_parameters=True, model_wrapper_cfg={}), 'find_unused_parameters: nothing reads it; set'),
        (dict(default_hooks=dict(loger=dict(interval=1))), 'default_hooks.loger: is none of the default hooks; did'),
        (dict(sync_bn='apex'), "sync_bn: must be 'torch' or 'mmcv', got 'apex'"),
    ],
)
def test_mistakes(settings, message):
    with pytest.raises(ConfigError) as caught:
        check_settings(Config(dict(model=dict(type='KnowledgeTransferGraph'), **settings)))
    assert str(caught.value).startswith(message)


def test_imports():
    check_imports(None)
    check_imports(dict(imports=['json'], allow_failed_imports=False))
    with pytest.raises(ConfigError, match=r'^custom_imports\.imports: must be a list of modules, got \[1\]$'):
        check_imports(dict(imports=[1]))
