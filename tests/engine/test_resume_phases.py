"""A run with discriminators, two optimisers and schedules of their own is stopped and resumed: bit-identical."""

import copy

import pytest
import torch
from mmengine.hooks import Hook

from ktg_mm.apis.training import train_runner

pytestmark = pytest.mark.slow
AFD = dict(loss=dict(type='AFD', size=2))
CHANGES = {
    'model.edges.net2->net1:features': AFD,
    'model.edges.net1->net2:features': AFD,
    'model.update': dict(
        type='SuccessiveUpdate',
        phases=[dict(name='logits', edges='*'), dict(name='features', edges='*:features')],
    ),
    'optim_wrapper': dict(
        _delete_=True,
        constructor='NodeOptimWrapperConstructor',
        logits=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)),
        features=dict(optimizer=dict(type='Adam', lr=2e-3, weight_decay=0.1)),
    ),
    'default_hooks.checkpoint.max_keep_ckpts': -1,
}
EPOCHS = {
    'param_scheduler': dict(
        _delete_=True,
        logits=dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True, begin=0, end=2),
        features=dict(type='MultiStepLR', by_epoch=True, milestones=[1], gamma=0.1),
    )
}
ITERATIONS = {
    'param_scheduler': dict(
        _delete_=True,
        logits=dict(type='CosineAnnealingLR', by_epoch=False, begin=0, end=6),
        features=dict(type='MultiStepLR', by_epoch=False, milestones=[2, 4], gamma=0.1),
    )
}


class Stop(Hook):
    """Ends a run in the middle of an iteration, after its step."""

    def __init__(self, at):
        self.at = at

    def after_train_iter(self, runner, *args, **kwargs):
        if runner.iter == self.at:
            raise RuntimeError('stopped')


def content(path):
    checkpoint = torch.load(path, weights_only=True)
    return {key: checkpoint[key] for key in ('state_dict', 'optimizer', 'param_schedulers')}


def assert_same(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, torch.Tensor):
        assert torch.equal(found, expected)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            assert_same(found[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert found == expected


@pytest.mark.parametrize('together', [False, True], ids=['each batch', 'two batches together'])
@pytest.mark.parametrize('loop', ['epochs', 'iterations'])
def test_stopped_and_resumed(tiny_runner, iteration_config, tmp_path, loop, together):
    changes, last, first = {**CHANGES, **EPOCHS}, 'epoch_2.pth', 'epoch_1.pth'
    if loop == 'iterations':
        changes, last, first = {**iteration_config, **CHANGES, **ITERATIONS}, 'iter_6.pth', 'iter_3.pth'
    if together:
        changes['optim_wrapper'] = dict(changes['optim_wrapper'], accumulative_counts=2)
        if loop == 'iterations':
            changes['default_hooks.checkpoint'] = dict(by_epoch=False, interval=4)
            first = 'iter_4.pth'
    train_runner(tiny_runner(copy.deepcopy(changes), work_dir='whole'))
    stopped = tiny_runner(copy.deepcopy(changes))
    stopped.register_hook(Stop(at=4))
    with pytest.raises(RuntimeError, match='stopped'):
        train_runner(stopped)
    assert [path.name for path in (tmp_path / 'run').glob('*.pth')] == [first]
    resumed = tiny_runner(copy.deepcopy(changes), resume=True)
    train_runner(resumed)
    expected, found = (content(tmp_path / folder / last) for folder in ('whole', 'run'))
    assert_same(found, expected)

    phases = ['logits', 'features']
    assert list(expected['optimizer']) == phases and list(expected['param_schedulers']) == phases
    assert all(expected['optimizer'][phase]['state'] for phase in phases)
    earlier = content(tmp_path / 'run' / first)['state_dict']
    learnt = [key for key in earlier if '.discriminator.' in key and key.endswith(('weight', 'bias'))]
    assert learnt and not any(torch.equal(earlier[key], expected['state_dict'][key]) for key in learnt)
    rates = {phase: resumed.optim_wrapper[phase].param_groups[0]['lr'] for phase in phases}
    assert rates['features'] == pytest.approx(2e-5 if loop == 'iterations' else 2e-4)
    assert rates['logits'] < 0.05
    scalars = resumed.message_hub.log_scalars
    assert {'train/logits.lr', 'train/features.lr'} <= set(scalars)
