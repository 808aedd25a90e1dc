import copy
import json
import math
import re

import pytest
import torch
from mmengine.config import Config

from ktg_mm.apis.resume import is_done, last_checkpoint_if_finished
from ktg_mm.apis.training import train_runner
from ktg_mm.config.training_recipe import training_recipe
from ktg_mm.errors import ConfigError, UserError


def checkpoints(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*.pth'))


KEEP = {'default_hooks.checkpoint.max_keep_ckpts': -1}
_content: dict[str, bytes] = {}


@pytest.fixture
def trained(tiny_runner, tmp_path):
    """The folder of a run of two epochs that keeps both checkpoints; it is trained once."""
    folder = tmp_path / 'run'
    if not _content:
        tiny_runner(KEEP).train()
        _content.update({path.name: path.read_bytes() for path in folder.glob('*.pth')})
    folder.mkdir(exist_ok=True)
    for name, content in _content.items():
        (folder / name).write_bytes(content)
    return folder


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_newest_names_the_newest_good_one(tiny_runner, trained):
    damage(trained / 'epoch_2.pth')
    with pytest.raises(UserError) as caught:
        tiny_runner(KEEP, resume=True)
    good = trained / 'epoch_1.pth'
    assert re.fullmatch(
        rf'checkpoint {trained}/epoch_2.pth: cannot be read, .* corrupt; '
        rf'the newest good one is {good}: --resume {good}',
        str(caught.value),
    )
    resumed = tiny_runner(KEEP, resume=str(good))
    resumed.train()
    assert (resumed.epoch, resumed.iter) == (2, 8)
    (place,) = (trained / 'earlier').iterdir()
    assert checkpoints(trained) == [f'earlier/{place.name}/epoch_2.pth', 'epoch_1.pth', 'epoch_2.pth']


def test_all_are_damaged(tiny_runner, trained):
    for path in trained.glob('*.pth'):
        damage(path)
    with pytest.raises(UserError, match=r'; there is no other in the folder; without --resume the run begins anew$'):
        tiny_runner(KEEP, resume=True)
    tiny_runner(KEEP).train()
    assert len(checkpoints(trained)) == 4


def test_a_new_run_does_not_mix_with_an_earlier_one(tiny_runner, trained, tmp_path):
    old = (trained / 'epoch_2.pth').read_bytes()
    changes = {**KEEP, 'train_cfg.max_epochs': 1}
    runner = tiny_runner(changes)
    assert checkpoints(trained) == ['epoch_1.pth', 'epoch_2.pth']  # building a run, as to test it, moves nothing
    runner.train()
    (place,) = (trained / 'earlier').iterdir()
    assert (place / 'epoch_2.pth').read_bytes() == old
    assert checkpoints(trained) == [f'earlier/{place.name}/epoch_{i}.pth' for i in (1, 2)] + ['epoch_1.pth']
    assert tiny_runner(changes, resume=True).cfg.load_from == str(trained / 'epoch_1.pth')


def test_a_run_that_begins_with_weights_of_its_own_folder(tiny_runner, trained):
    runner = tiny_runner(KEEP, load_from=str(trained / 'epoch_2.pth'))
    runner.train()
    assert len(checkpoints(trained)) == 4


CHANGED = [
    ({'optim_wrapper.optimizer.lr': 0.01}, 'optim_wrapper.optimizer.lr: 0.1 -> 0.01'),
    ({'optim_wrapper.optimizer': dict(_delete_=True, type='Adam')}, "optim_wrapper.optimizer.type: 'SGD' -> 'Adam'"),
    ({'model.target': 'net2'}, "model.target: 'net1' -> 'net2'"),
    (
        {'model.edges.net1->net2.gate.type': 'NegativeLinearGate'},
        "model.edges.net1->net2.gate.type: 'LinearGate' -> 'NegativeLinearGate'",
    ),
    (
        {'model.edges.net2->net1.loss.temperature': 2.0},
        'model.edges.net2->net1.loss.temperature: none -> 2.0',
    ),
    ({'train_dataloader.batch_size': 32}, 'train_dataloader.batch_size: 16 -> 32'),
    ({'param_scheduler.end': 5}, 'param_scheduler.end: 2 -> 5'),
    ({'train_cfg.max_epochs': 3}, 'train_cfg.max_epochs: 2 -> 3'),
    ({'train_dataloader.dataset.indices': 48}, 'train_dataloader.dataset.indices: 64 -> 48'),
]


@pytest.mark.parametrize(('changes', 'named'), CHANGED)
def test_what_has_changed_is_named(tiny_runner, trained, changes, named):
    with pytest.raises(UserError) as caught:
        tiny_runner({**KEEP, **changes}, resume=True)
    assert str(caught.value).startswith(
        f'--resume: the config is not the one of checkpoint {trained}/epoch_2.pth: {named}'
    )
    assert str(caught.value).endswith('; put it back, or go on with it by --resume-changed')
    tiny_runner({**KEEP, **changes}, resume=str(trained / 'epoch_1.pth'), resume_changed=True).train()


def test_many_changes_are_counted(tiny_runner, trained):
    changes = dict([*({**one}.popitem() for one, _ in CHANGED if len(one) == 1)])
    with pytest.raises(UserError, match=r' and \d+ more; put it back'):
        tiny_runner({**KEEP, **changes}, resume=True)


def test_a_checkpoint_of_an_earlier_release_is_resumed_without_a_comparison(tiny_runner, trained):
    checkpoint = torch.load(trained / 'epoch_2.pth', weights_only=True)
    del checkpoint['meta']['recipe']
    torch.save(checkpoint, trained / 'epoch_2.pth')
    runner = tiny_runner({**KEEP, 'train_cfg.max_epochs': 3}, resume=True)
    runner.load_or_resume()
    assert runner.epoch == 2


def rates(runner):
    """Runs to the end; the learning rate and momentum of each step."""
    seen, loop = [], runner.train_loop
    run_iter = loop.run_iter

    def note(*args):
        seen.append([runner.optim_wrapper.param_groups[0][key] for key in ('lr', 'momentum')])
        run_iter(*args)

    loop.run_iter = note
    runner.train()
    return seen


SCHEDULES = {
    'param_scheduler': [
        dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=6),
        dict(type='MultiStepLR', by_epoch=True, milestones=[2, 3], gamma=0.3),
    ],
    'optim_wrapper.optimizer.lr': 0.02,
    'optim_wrapper.optimizer.momentum': 0.5,
    'train_cfg.max_epochs': 4,
}


def test_another_optimiser_and_schedule_are_the_configs(tiny_runner, trained):
    whole = rates(tiny_runner({**KEEP, **SCHEDULES}, work_dir='whole'))
    assert len({rate for rate, _ in whole}) > 7
    resumed = tiny_runner({**KEEP, **SCHEDULES}, resume=str(trained / 'epoch_1.pth'), resume_changed=True)
    assert rates(resumed) == whole[4:]
    momentum = torch.load(trained / 'epoch_1.pth', weights_only=True)['optimizer']['state']
    assert momentum and resumed.optim_wrapper.optimizer.state  # what it remembers is kept


def test_the_same_optimiser_and_schedule_stay_the_checkpoints(tiny_runner, trained):
    whole = rates(tiny_runner(KEEP, work_dir='whole'))
    changes = {**KEEP, 'model.edges.net1->net2.gate.type': 'NegativeLinearGate'}
    assert rates(tiny_runner(changes, resume=str(trained / 'epoch_1.pth'), resume_changed=True)) == whole[4:]


DAMAGES = [
    (lambda c: c.pop('optimizer'), 'holds weights alone'),
    (lambda c: c.update(optimizer=3), "holds no optimiser's state (optimizer)"),
    (lambda c: c.pop('meta'), 'holds no numbers of epochs and iterations (meta.epoch, meta.iter)'),
    (lambda c: c.update(meta='text'), 'holds no numbers of epochs and iterations (meta.epoch, meta.iter)'),
    (lambda c: c['meta'].update(iter='8'), 'holds no numbers of epochs and iterations (meta.epoch, meta.iter)'),
    (lambda c: c.pop('message_hub'), 'holds no log (message_hub)'),
    (lambda c: c['message_hub'].pop('runtime_info'), 'holds no log (message_hub)'),
    (lambda c: c.pop('param_schedulers'), 'holds no place in the schedules (param_schedulers)'),
]


@pytest.fixture
def without_data(monkeypatch):
    """Makes reading data fail."""
    from ktg_mm.datasets import Digits

    monkeypatch.setattr(Digits, 'load_data_list', lambda self: pytest.fail('read'))


@pytest.mark.parametrize(('change', 'problem'), DAMAGES)
def test_what_cannot_be_resumed_from(tiny_runner, trained, tmp_path, without_data, change, problem):
    checkpoint = torch.load(trained / 'epoch_1.pth', weights_only=True)
    change(checkpoint)
    torch.save(checkpoint, tmp_path / 'damaged.pth')
    with pytest.raises(UserError) as caught:
        tiny_runner(KEEP, resume=str(tmp_path / 'damaged.pth'))
    expected = f'checkpoint {tmp_path}/damaged.pth: {problem}; a run cannot be resumed from it'
    assert str(caught.value) == expected


@pytest.mark.parametrize('option', ['load_from', 'resume'])
@pytest.mark.parametrize('name', ['torchvision://resnet1', 's3://bucket/a.pth', 'http://localhost:1/x.pth'])
def test_names_that_lead_nowhere(tiny_runner, without_data, option, name):
    with pytest.raises(UserError, match=f'^checkpoint {name}: '):
        tiny_runner(**{option: name})


def test_two_checkpoints_to_begin_with(tiny_runner, without_data):
    with pytest.raises(UserError, match=r'^--load-from a\.pth: is not read beside --resume b\.pth; give one of them$'):
        tiny_runner(load_from='a.pth', resume='b.pth')


@pytest.mark.parametrize('option', ['load_from', 'resume'])
@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_weights_that_are_not_finite(tiny_runner, trained, without_data, option, value):
    path = trained / 'epoch_1.pth'
    checkpoint = torch.load(path, weights_only=True)
    name = next(name for name in checkpoint['state_dict'] if name.endswith('head.fc.weight'))
    checkpoint['state_dict'][name][0, 0] = value
    torch.save(checkpoint, path)
    with pytest.raises(UserError, match=rf'^checkpoint {path}: its weight {name!r} is not finite'):
        tiny_runner(**{option: str(path)})


@pytest.mark.parametrize(('option', 'value'), [('load_from', 3), ('load_from', ['a.pth']), ('resume', 3)])
def test_what_is_no_name(tiny_runner, option, value):
    with pytest.raises(ConfigError, match=rf'^{option}: must be '):
        tiny_runner({option: value})


def test_weights_of_other_shapes_are_refused_before_data_are_read(tiny_runner, trained, without_data, tmp_path):
    checkpoint = torch.load(trained / 'epoch_1.pth', weights_only=True)
    full = copy.deepcopy(checkpoint)
    for name, value in full['state_dict'].items():
        full['state_dict'][name] = torch.zeros(7, *value.shape)
    torch.save(full, tmp_path / 'other.pth')
    name = 'nodes.net1.network.head.fc.bias'
    checkpoint['state_dict'][name] = torch.zeros(3)
    torch.save(checkpoint, tmp_path / 'one.pth')
    with pytest.raises(UserError, match=r"lacks .* of the graph's .* weights"):
        tiny_runner(load_from=str(tmp_path / 'other.pth'))
    for options in (dict(resume=str(tmp_path / 'one.pth')), dict(load_from=str(tmp_path / 'one.pth'), trains=False)):
        with pytest.raises(UserError, match=rf"lacks 1 of the graph's \d+ weights, such as '{name}'"):
            tiny_runner(**options)
    tiny_runner(load_from=str(tmp_path / 'one.pth'))


def test_a_program_in_a_checkpoint_does_not_run(tiny_runner, trained, tmp_path):
    checkpoint = torch.load(trained / 'epoch_1.pth', weights_only=True)
    checkpoint['meta']['config'] = f'import os\nos.mkdir({str(tmp_path / "harm")!r})\na = 1\n'  # mmengine reads it
    torch.save(checkpoint, trained / 'epoch_1.pth')
    tiny_runner(KEEP, resume=str(trained / 'epoch_1.pth')).load_or_resume()
    assert not (tmp_path / 'harm').exists()


NETWORK = 'model.nodes.net2.network'
NODES = [
    ({'model.nodes.net2.checkpoint': 'none.pth'}, 'model.nodes.net2.checkpoint: checkpoint none.pth: no such file'),
    (
        {'model.nodes.net2.checkpoint': '{run}/epoch_1.pth'},
        "model.nodes.net2.checkpoint: checkpoint {run}/epoch_1.pth: lacks .* of the network's weights",
    ),
    (
        {'model.nodes.net2.checkpoint': '{run}/epoch_1.pth', 'model.nodes.net2.prefix': 'nodes.net3.'},
        r"model.nodes.net2.checkpoint: .* \(looked for keys that begin with 'nodes.net3.'\)",
    ),
    (
        {f'{NETWORK}.init_cfg': dict(type='Pretrained', checkpoint='none.pth')},
        f'{NETWORK}.init_cfg.checkpoint: checkpoint none.pth: no such file',
    ),
    (
        {f'{NETWORK}.backbone.init_cfg': [dict(type='Pretrained', checkpoint='torchvision://resnet1')]},
        f'{NETWORK}.backbone.init_cfg.checkpoint: checkpoint torchvision://resnet1: no model of this name is known',
    ),
    (
        {f'{NETWORK}.backbone.init_cfg': dict(type='Pretrained', checkpoint='{run}/epoch_1.pth', prefix='backbone')},
        f"{NETWORK}.backbone.init_cfg.checkpoint: checkpoint .*: no weight begins with the prefix 'backbone'",
    ),
    ({f'{NETWORK}.pretrained': 'none.pth'}, f'{NETWORK}.pretrained: checkpoint none.pth: no such file'),
]


@pytest.mark.parametrize(('changes', 'problem'), NODES)
def test_weights_that_networks_begin_with(tiny_runner, trained, without_data, changes, problem):
    def fill(value):
        return json.loads(json.dumps(value).replace('{run}', str(trained)))

    with pytest.raises(ConfigError, match=problem.replace('{run}', str(trained))):
        tiny_runner(fill(changes), work_dir='other')
    tiny_runner(fill(changes), work_dir='other', load_from=str(trained / 'epoch_1.pth'), trains=False)


def test_a_finished_run_is_known(tiny_runner, trained):
    runner = tiny_runner(KEEP, resume=True)
    assert last_checkpoint_if_finished(runner) is None  # its test has not been made
    train_runner(runner)
    assert last_checkpoint_if_finished(tiny_runner(KEEP, resume=True)) == str(trained / 'epoch_2.pth')
    assert last_checkpoint_if_finished(tiny_runner(KEEP)) is None
    longer = {**KEEP, 'train_cfg.max_epochs': 3}
    assert last_checkpoint_if_finished(tiny_runner(longer, resume=True, resume_changed=True)) is None
    earlier = tiny_runner(KEEP, resume=str(trained / 'epoch_1.pth'))
    assert last_checkpoint_if_finished(earlier) is None
    (trained / 'finished.json').write_text('{')
    assert last_checkpoint_if_finished(tiny_runner(KEEP, resume=True)) is None


def test_a_run_whose_test_fails_is_not_finished(tiny_runner, trained, monkeypatch):
    runner = tiny_runner(KEEP, resume=True)
    monkeypatch.setattr(runner, 'test', lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train_runner(runner)
    assert last_checkpoint_if_finished(tiny_runner(KEEP, resume=True)) is None


def test_another_run_in_the_folder_is_not_finished(tiny_runner, trained):
    train_runner(tiny_runner(KEEP, resume=True))
    tiny_runner(KEEP).train()
    assert last_checkpoint_if_finished(tiny_runner(KEEP, resume=True)) is None


def test_a_run_that_was_stopped_early_is_done(tmp_path):
    cfg = Config(dict(train_cfg=dict(max_epochs=3), work_dir=str(tmp_path), load_from='epoch_2.pth', resume=True))
    checkpoint = dict(meta=dict(epoch=2, iter=8, recipe=training_recipe(cfg)))
    assert not is_done(cfg, None) and not is_done(cfg, checkpoint)
    assert is_done(cfg, dict(meta=dict(epoch=3, iter=12)))
    for text, done in [('{"checkpoint": "epoch_2.pth"}', True), ('{"checkpoint": "epoch_1.pth"}', False), ('[', False)]:
        (tmp_path / 'finished.json').write_text(text)
        assert is_done(cfg, checkpoint) == done
    (tmp_path / 'finished.json').write_text('{"checkpoint": "epoch_2.pth"}')
    cfg.train_cfg.max_epochs = 4
    assert not is_done(cfg, checkpoint)
