"""The parts of a config around the graph."""

import pytest

from ktg_mm.apis.check_config import check_config
from ktg_mm.errors import ConfigError

MISTAKES = {
    'model.type': ('model.type', 'KnowledgeGraph', "unknown model 'KnowledgeGraph'"),
    'model.target': ('model.target', 'net9', "no node is named 'net9'; did you mean"),
    'optim_wrapper.optimizer': ('optim_wrapper.optimizer.rate', 1, "'rate'"),
    'optim_wrapper.optimizer.type': ('optim_wrapper.optimizer.type', 'SDG', "'SDG'; did you mean 'SGD'?"),
    'param_scheduler.type': ('param_scheduler.type', 'Cosine', "unknown scheduler 'Cosine'"),
    'train_cfg.max_epochs': ('train_cfg.max_epochs', 0, 'must be a whole number above 0, got 0'),
    'train_cfg.val_interval': ('train_cfg.val_interval', 'x', "must be a whole number above 0, got 'x'"),
    'randomness': ('randomness', None, 'must be a dict such as dict(seed=0), got None'),
    'randomness.seed': ('randomness.seed', -1, 'must be a whole number, at least 0, got -1'),
    'train_dataloader.batch_size': ('train_dataloader.batch_size', 0, 'must be a whole number above 0, got 0'),
    'train_dataloader.sampler.type': ('train_dataloader.sampler.type', 'Seeded', "unknown sampler 'Seeded'"),
    'val_dataloader.dataset.type': ('val_dataloader.dataset.type', 'Digit', "'Digit'; did you mean 'Digits'?"),
    'custom_hooks[0].type': ('custom_hooks.0.type', 'ProgresHook', "did you mean 'ProgressHook'?"),
    'default_hooks.logger': ('default_hooks.logger.intervall', 2, "did you mean 'interval'?"),
    'val_evaluator.nodes': ('val_evaluator.nodes', ['net1', 'net9'], "no node is named 'net9'; did you mean"),
    'val_evaluator': ('val_evaluator.metrics', {}, "did you mean 'metric'?"),
}


def test_a_good_config_passes(tiny_config):
    check_config(tiny_config())


@pytest.mark.parametrize('key', MISTAKES)
def test_mistakes(tiny_config, key):
    path, value, reason = MISTAKES[key]
    with pytest.raises(ConfigError) as caught:
        check_config(tiny_config({path: value}))
    message = str(caught.value)
    assert message.startswith(f'{key}: ') and reason in message and '\n' not in message
