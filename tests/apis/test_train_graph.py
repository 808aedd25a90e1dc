"""Runs from Python."""

import logging

import mmengine.config.config
import pytest
import torch
from mmengine.logging import MessageHub, MMLogger

from ktg_mm.apis import get_config, predict, train
from ktg_mm.apis.train_graph import by_node
from ktg_mm.config.stages import STAGES
from ktg_mm.datasets import Digits
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.mmengine_private import instances

OPTIONS = {
    'train_cfg.max_epochs': 1,
    'train_dataloader.dataset.indices': 64,
    'train_dataloader.batch_size': 32,
    'val_dataloader.dataset.indices': 20,
    'test_dataloader.dataset.indices': 20,
    'visualizer': None,
    'default_hooks.checkpoint.save_best': None,
}


@pytest.fixture(autouse=True)
def quick_dump(monkeypatch):
    monkeypatch.setattr(mmengine.config.config, 'FormatCode', lambda code, **options: (code, True))


@pytest.fixture
def cfg():
    return get_config('single/resnet8_digits', OPTIONS)


def test_a_run_and_what_it_has_come_to(cfg, tmp_path):
    before, hubs = cfg.to_dict(), set(instances(MessageHub))
    result = train(cfg, tmp_path / 'run', seed=3)
    assert cfg.to_dict() == before
    assert result.folder == tmp_path / 'run' and result.checkpoint == tmp_path / 'run/epoch_1.pth'
    assert list(result.metrics) == ['net1'] and 0 <= result.metrics['net1']['accuracy/top1'] <= 100
    assert str(result).splitlines()[2].startswith('| net1 |') and str(result).endswith('/run/epoch_1.pth')
    assert result.config.randomness.seed == 3
    (predicted,) = predict(result.config, result.checkpoint, Digits(split='test')[0]['img'], top=2)
    assert len(predicted.classes) == 2
    assert set(instances(MessageHub)) <= hubs and not any('resnet8' in name for name in instances(MMLogger))

    again = train(cfg, tmp_path / 'run', seed=3, resume=True)  # is finished, and measured
    assert again.metrics == result.metrics and again.checkpoint == result.checkpoint

    cfg.train_cfg.max_epochs = 2
    with pytest.raises(UserError, match='train_cfg'):
        train(cfg, tmp_path / 'run', seed=3, resume=True)
    assert train(cfg, tmp_path / 'run', resume=result.checkpoint, resume_changed=True).checkpoint.name == 'epoch_2.pth'


def test_seeds_and_weights_to_begin_with(cfg, tmp_path):
    """The same call gives the same bits, whatever was drawn before."""
    first = train(cfg, tmp_path / 'a', seed=1)
    torch.rand(7)
    weights = [
        torch.load(train(cfg, tmp_path / name, **options).checkpoint, weights_only=True)['state_dict']
        for name, options in dict(b=dict(seed=1), c=dict(seed=2), d=dict(seed=1, load_from=first.checkpoint)).items()
    ]
    whole = torch.load(first.checkpoint, weights_only=True)['state_dict']
    same = [all(torch.equal(value, whole[key]) for key, value in other.items()) for other in weights]
    assert same == [True, False, False]


def test_the_last_validation_counts_where_there_is_no_test(cfg, tmp_path):
    cfg.update(test_dataloader=None, test_evaluator=None, test_cfg=None)
    result = train(cfg, tmp_path)
    assert result.metrics['net1'].keys() == {'accuracy/top1'}
    assert train(cfg, tmp_path, resume=True).metrics == result.metrics


def test_stages(tmp_path):
    cfg = get_config('born_again/ban_digits', {key: value for key, value in OPTIONS.items() if 'save_best' not in key})
    cfg[STAGES] = cfg[STAGES][:2]
    result = train(cfg, tmp_path / 'run')
    last = cfg[STAGES][1]['name']
    assert result.folder == tmp_path / 'run' / last and result.checkpoint.parent == result.folder
    assert STAGES not in result.config and result.metrics
    assert train(cfg, tmp_path / 'run', resume=True).metrics == result.metrics


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'model.target': 'net9'}, r"^model\.target: no node is named 'net9'"),
        ({'train_dataloader': None}, r'^train_dataloader: is missing; there is nothing to train$'),
        ({'optim_wrapper.optimizer.type': 'SGT'}, r"^optim_wrapper\.optimizer\.type: .*did you mean 'SGD'"),
        ({'randomness.seed': -1}, r'^randomness\.seed: '),
    ],
)
def test_mistakes_are_exceptions(cfg, tmp_path, changes, message):
    cfg.merge_from_dict(changes)
    with pytest.raises(ConfigError, match=message):
        train(cfg, tmp_path)


def test_a_mistake_in_an_argument(cfg, tmp_path):
    with pytest.raises(UserError, match=r'none\.pth: no such file'):
        train(cfg, tmp_path, load_from=tmp_path / 'none.pth')
    with pytest.raises(UserError, match=r'^config .*none\.py: no such file'):
        train(tmp_path / 'none.py')
    with pytest.raises(ConfigError, match=r'^randomness\.seed: '):
        train(cfg, tmp_path, seed='one')
    assert not logging.root.manager.disable


def test_no_checkpoint_is_no_result(cfg, tmp_path):
    cfg.default_hooks.checkpoint = None
    with pytest.raises(UserError, match=r'has saved no checkpoint; see default_hooks\.checkpoint$'):
        train(cfg, tmp_path)


def test_metrics_by_node():
    assert by_node({'a/b/c': 1.0, 'a/d': 2.0, 'time': 3.0}) == {'a': {'b/c': 1.0, 'd': 2.0}}
