import json
import logging
from pathlib import Path

import pytest
import torch

from ktg_mm.apis import build_runner, load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.engine.optimizers import AutocastOptimWrapper
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.evaluation import NodeMetric

ONE_EPOCH = {'train_cfg.max_epochs': 1}


def test_work_dir(tiny_runner, tiny_config, tmp_path, monkeypatch):
    assert tiny_runner().work_dir == str(tmp_path / 'run')
    assert tiny_runner({'work_dir': str(tmp_path / 'own')}, work_dir='other').work_dir == str(tmp_path / 'other')
    monkeypatch.chdir(tmp_path)
    assert build_runner(tiny_config({'work_dir': str(tmp_path / 'own')})).work_dir == str(tmp_path / 'own')
    assert build_runner(tiny_config()).work_dir == str(tmp_path / 'work_dirs/tiny')


def test_no_data_are_read(tiny_runner, monkeypatch):
    from ktg_mm.datasets import Digits

    monkeypatch.setattr(Digits, 'load_data_list', lambda self: pytest.fail('read'))
    tiny_runner()


@pytest.mark.parametrize('part', ['train', 'val', 'test'])
def test_missing_data_root_is_named_by_its_key(tiny_runner, tmp_path, part):
    missing = str(tmp_path / 'no data')
    dataset = dict(_delete_=True, type='StanfordDogs', data_root=missing, split='train')
    with pytest.raises(ConfigError) as caught:
        tiny_runner({f'{part}_dataloader.dataset': dataset})
    assert str(caught.value) == (
        f'{part}_dataloader.dataset.data_root: no such folder: {missing}; give the folder that holds the data set, or '
        f"get it with: python tools/download_dataset.py stanford_dogs --data-root '{missing}'"
    )


def test_a_missing_folder_of_one_s_own(tiny_runner, tmp_path):
    dataset = dict(_delete_=True, type='CustomDataset', data_root=str(tmp_path / 'none'))
    with pytest.raises(ConfigError, match=r'none; give the folder that holds the data set$'):
        tiny_runner({'train_dataloader.dataset': dataset})


def test_missing_data_root_within_a_wrapper(tiny_runner, tmp_path):
    inner = dict(type='StanfordDogs', data_root=str(tmp_path / 'none'))
    with pytest.raises(ConfigError, match=r'^train_dataloader.dataset.dataset.data_root: no such folder'):
        tiny_runner({'train_dataloader.dataset': dict(_delete_=True, type='RepeatDataset', times=2, dataset=inner)})


def test_a_data_set_that_downloads_itself_needs_no_folder(tiny_runner, tmp_path):
    dataset = dict(_delete_=True, type='CIFAR10', data_root=str(tmp_path / 'none'), download=True)
    runner = tiny_runner({'train_dataloader.dataset': dataset}, rehearsal=False)  # it has no pipeline
    assert runner.cfg.train_dataloader.dataset.download


def test_resume_without_a_checkpoint_starts_fresh(tiny_runner, tmp_path):
    runner = tiny_runner(ONE_EPOCH, resume=True)
    runner.train()
    assert (runner.epoch, runner.iter) == (1, 4)
    assert runner.cfg.resume is False


def test_resume_without_a_checkpoint_starts_with_the_weights_given(tiny_runner, tmp_path):
    tiny_runner(ONE_EPOCH).train()
    weights = tmp_path / 'run/epoch_1.pth'
    runner = tiny_runner(ONE_EPOCH, work_dir='other', resume=True, load_from=str(weights))
    runner.load_or_resume()
    assert runner.iter == 0
    assert all(
        torch.equal(value, runner.model.state_dict()[name])
        for name, value in torch.load(weights, weights_only=True)['state_dict'].items()
    )


def test_resume_takes_the_newest(tiny_runner, tmp_path):
    tiny_runner({'default_hooks.checkpoint.max_keep_ckpts': -1}).train()
    (tmp_path / 'run/last_checkpoint').unlink()  # mmengine's note may be older than the newest checkpoint
    runner = tiny_runner(resume=True)
    runner.load_or_resume()
    assert runner.cfg.load_from == str(tmp_path / 'run/epoch_2.pth')
    assert (runner.epoch, runner.iter) == (2, 8)


def test_resume_from_a_path(tiny_runner, tmp_path):
    tiny_runner({'default_hooks.checkpoint.max_keep_ckpts': -1}).train()
    runner = tiny_runner(work_dir='other', resume=str(tmp_path / 'run/epoch_1.pth'))
    runner.load_or_resume()
    assert (runner.epoch, runner.iter) == (1, 4)


def test_a_best_checkpoint_can_be_loaded_and_not_resumed(tiny_runner, tmp_path):
    tiny_runner({**ONE_EPOCH, 'default_hooks.checkpoint.save_best': 'net1/accuracy/top1'}).train()
    best = str(tmp_path / 'run/best_net1_accuracy_top1_epoch_1.pth')
    with pytest.raises(UserError) as caught:
        tiny_runner(resume=best)
    assert str(caught.value) == f'checkpoint {best}: holds weights alone; a run cannot be resumed from it'
    runner = tiny_runner(load_from=best)
    runner.load_or_resume()
    assert runner.iter == 0
    expected = torch.load(best, weights_only=True)['state_dict']['nodes.net1.network.head.fc.weight']
    assert torch.equal(runner.model.nodes['net1'].network.head.fc.weight, expected)


@pytest.mark.parametrize('option', ['load_from', 'resume'])
@pytest.mark.parametrize(('content', 'problem'), [(b'garbage', 'corrupt'), (None, 'no such file')])
def test_a_checkpoint_that_cannot_be_read_is_refused_at_once(tiny_runner, tmp_path, option, content, problem):
    path = tmp_path / 'broken.pth'
    if content:
        path.write_bytes(content)
    with pytest.raises(UserError, match=problem) as caught:
        tiny_runner(**{option: str(path)})
    assert str(caught.value).startswith(f'checkpoint {path}: ')
    if option == 'load_from':
        with pytest.raises(ConfigError, match=rf'^load_from: checkpoint .*{problem}'):
            tiny_runner({'load_from': str(path)})


def test_amp_switch(tiny_runner):
    plain, amp = tiny_runner(), tiny_runner(amp=True)
    assert type(amp.build_optim_wrapper(amp.optim_wrapper)) is AutocastOptimWrapper
    assert type(plain.build_optim_wrapper(plain.optim_wrapper)) is not AutocastOptimWrapper
    assert amp.cfg.optim_wrapper.optimizer == plain.cfg.optim_wrapper.optimizer


def test_two_runs_in_one_process_share_nothing(tiny_runner, tmp_path, monkeypatch):
    scores = {'one': [90.0, 95.0], 'two': [50.0, 40.0]}
    runners = {}
    best = {'default_hooks.checkpoint.save_best': 'net1/accuracy/top1'}
    for name in ('one', 'two'):  # within one second
        monkeypatch.setattr(
            NodeMetric, 'evaluate', lambda self, size, name=name: {'net1/accuracy/top1': scores[name].pop(0)}
        )
        runners[name] = tiny_runner(best, work_dir=name, rehearsal=False)  # it would take a score
        assert 'best_score' not in runners[name].message_hub.runtime_info
        assert not runners[name].message_hub.log_scalars
        runners[name].train()
    one, two = runners['one'], runners['two']
    assert (one.message_hub.get_info('best_score'), two.message_hub.get_info('best_score')) == (95.0, 50.0)
    assert (tmp_path / 'two/best_net1_accuracy_top1_epoch_1.pth').exists()
    assert one.experiment_name != two.experiment_name
    assert one.logger is not two.logger
    assert one.visualizer is not two.visualizer
    for name, other in (('one', 'two'), ('two', 'one')):
        handler = next(handler for handler in runners[name].logger.handlers if isinstance(handler, logging.FileHandler))
        log = Path(handler.baseFilename).read_text()
        assert log.count('Saving checkpoint at 2 epochs') == 1
        assert str(tmp_path / name) in log
        assert str(tmp_path / other) not in log


def test_a_resumed_run_keeps_its_seed(tiny_runner):
    tiny_runner({'randomness.seed': 3, 'train_cfg.max_epochs': 1}).train()
    resumed = tiny_runner({'randomness.seed': 4}, resume=True, resume_changed=True)
    assert resumed.seed == 3
    assert resumed.train_dataloader.sampler.seed == 3


@pytest.mark.parametrize('launcher', ['slurm', 'mpi'])
def test_cluster_launchers_need_a_gpu(tiny_runner, launcher):
    with pytest.raises(UserError, match=f'--launcher {launcher}: needs a GPU'):
        tiny_runner(launcher=launcher)


@pytest.mark.parametrize('suffix', ['.py', '.yml', '.json'])
def test_the_copy_of_a_config_can_be_run_again(tiny_config, tmp_path, suffix):
    """It holds what its parts were made of, and what an inherited file has for others."""
    tiny_config()
    (tmp_path / 'networks.py').write_text('big = dict(depth=110)\n')
    above = dict(_base_=['tiny.py', 'networks.py'])
    text = json.dumps(above) if suffix == '.json' else f'_base_: {above["_base_"]}\n'
    path = tmp_path / f'above{suffix}'
    path.write_text(f'_base_ = {above["_base_"]}\n' if suffix == '.py' else text)
    runner = build_runner(load_config(path), tmp_path / 'run')
    runner.visualizer.close()
    copy = load_config(tmp_path / f'run/above{suffix}')
    assert ('big' in copy) is (suffix != '.json')
    check_config(copy)
    assert copy.model.to_dict() == load_config(path).model.to_dict()


def test_options_for_parameters_that_are_not_there(tiny_runner):
    default = dict(optim_wrapper=dict(constructor='DefaultOptimWrapperConstructor'))
    keys = 'optim_wrapper.paramwise_cfg.custom_keys'
    tiny_runner({**default, keys: dict(head=dict(lr_mult=2.0))})
    with pytest.raises(ConfigError) as caught:
        tiny_runner({**default, keys: dict(haed=dict(lr_mult=2.0))})
    assert str(caught.value) == f"{keys}.haed: is in no parameter; did you mean 'head'?"
