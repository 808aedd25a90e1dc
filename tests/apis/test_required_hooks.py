"""What a graph needs is there whatever a config lists."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import DistSamplerSeedHook, Hook, ParamSchedulerHook, RuntimeInfoHook, SyncBuffersHook
from mmengine.runner import IterBasedTrainLoop
from mmpretrain.registry import HOOKS, LOOPS

from ktg_mm.apis import load_config
from ktg_mm.apis.required_hooks import add_required_hooks
from ktg_mm.engine.hooks import GraphRuntimeInfoHook, ProgressHook, SeedHook
from ktg_mm.errors import ConfigError
from ktg_mm.search.study.study import recipe

CONFIGS = Path(__file__).parents[2] / 'configs'
STOPPING = dict(type='EarlyStoppingHook', monitor='net1/accuracy/top1', patience=9)

# As configs listed them before the Runner did.
LISTED = [
    dict(type='ProgressHook'),
    dict(type='SeedHook'),
    dict(type='ClassCountHook'),
    dict(type='SampleCountHook'),
    dict(type='FastResumeHook'),
    dict(type='ValidateOnResumeHook'),
    dict(type='AskedNodesHook'),
    dict(type='ProgressBarHook'),
    dict(type='SyncBuffersHook'),
]
DEFAULT = dict(runtime_info=dict(type='GraphRuntimeInfoHook'), sampler_seed=dict(type='DistSamplerSeedHook'))


class Weights(Hook):
    """Keeps the gate's weight of each iteration."""

    def __init__(self):
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.seen.append(float(outputs['gate/net1->net2']))


def test_gates_hear_of_the_progress(tiny_runner):
    runner = tiny_runner({'custom_hooks': [STOPPING]})
    runner.register_hook(weights := Weights(), 'VERY_LOW')
    runner.train()
    assert weights.seen == pytest.approx([k / 8 for k in range(1, 9)])


def weights_after(runner):
    runner.train()
    return runner.model.state_dict()


@pytest.mark.parametrize('by_iterations', [False, True])
def test_the_same_bits_as_with_a_list_of_all(tiny_runner, iteration_config, by_iterations):
    changes = iteration_config if by_iterations else {}
    last = [dict(type='SyncBeforeSaveHook')] if by_iterations else []
    listed = {'custom_hooks': LISTED + last, **{f'default_hooks.{name}': hook for name, hook in DEFAULT.items()}}
    old = weights_after(tiny_runner(copy.deepcopy(changes) | listed, work_dir='old'))
    new = weights_after(tiny_runner(changes | {'custom_hooks': [STOPPING]}, work_dir='new'))
    assert old.keys() == new.keys() and all(torch.equal(old[name], new[name]) for name in old)


def test_no_hook_is_there_twice(tiny_runner, tmp_path):
    """Neither by a list of all of them nor by the config that a run has left in its folder."""
    once = tiny_runner({'custom_hooks': [STOPPING]})
    dumped = load_config(next((tmp_path / 'run').glob('*/vis_data/config.py')))
    kinds = [type(hook) for hook in once.hooks]
    assert len(kinds) == len(set(kinds))
    before = dumped.to_dict()
    add_required_hooks(dumped)
    assert dumped.to_dict() == before
    old = Config(dict(custom_hooks=LISTED, default_hooks=DEFAULT))
    add_required_hooks(old)
    assert old.custom_hooks == LISTED


class OwnSeedHook(SeedHook):
    """A user's."""


def test_what_is_listed_is_left(monkeypatch):
    monkeypatch.setitem(HOOKS.module_dict, 'OwnSeedHook', OwnSeedHook)
    listed = [dict(type='OwnSeedHook'), dict(type='ProgressHook', priority=3), dict(type=SyncBuffersHook)]
    cfg = Config(dict(custom_hooks=listed))
    add_required_hooks(cfg)
    assert cfg.custom_hooks[-3:] == listed
    assert not {'SeedHook', 'ProgressHook', 'SyncBuffersHook'} & {hook.type for hook in cfg.custom_hooks[:-3]}


@pytest.mark.parametrize('default_hooks', [None, {}, dict(runtime_info=dict(type='RuntimeInfoHook'))], ids=str)
def test_default_hooks_that_are_missing(tiny_runner, default_hooks):
    runner = tiny_runner({'default_hooks': default_hooks and dict(default_hooks, _delete_=True)})
    kinds = [type(hook) for hook in runner.hooks]
    assert GraphRuntimeInfoHook in kinds and RuntimeInfoHook not in kinds
    assert DistSamplerSeedHook in kinds and ParamSchedulerHook in kinds and ProgressHook in kinds


@pytest.mark.parametrize('name', ['runtime_info', 'sampler_seed', 'param_scheduler'])
@pytest.mark.parametrize(('hook', 'shown'), [(None, 'None'), (dict(type='LoggerHook'), "'LoggerHook'")])
def test_default_hooks_that_cannot_be_done_without(tiny_runner, name, hook, shown):
    with pytest.raises(ConfigError, match=rf'^default_hooks.{name}: must be of type \w+, got {shown}: .* without it$'):
        tiny_runner({f'default_hooks.{name}': hook})


def test_a_default_hook_that_stands_among_the_others(tiny_runner):
    runner = tiny_runner(
        {'default_hooks.sampler_seed': None, 'custom_hooks': [dict(type='DistSamplerSeedHook', priority='HIGH')]}
    )
    assert [type(hook) for hook in runner.hooks].count(DistSamplerSeedHook) == 1


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        ('custom_hooks', STOPPING, 'custom_hooks: must be a list of hooks'),
        ('default_hooks', [STOPPING], 'default_hooks: must be a dict'),
    ],
)
def test_hooks_that_are_no_list(key, value, message):
    with pytest.raises(ConfigError, match=f'^{message}'):
        add_required_hooks(Config({key: value}))


@pytest.mark.parametrize(
    ('name', 'last'), [('ktg_3node_digits', []), ('semi_fixmatch_space_cifar100', [dict(type='SyncBeforeSaveHook')])]
)
def test_studies_go_on_whose_configs_listed_all(name, last):
    base = load_config(CONFIGS / f'search/{name}.py').to_dict()
    left_out = [dict(type='ProgressBarHook'), dict(type='AskedNodesHook')]  # change no score
    assert recipe(base)['custom_hooks'] == [hook for hook in LISTED + last if hook not in left_out]
    assert recipe(base) == recipe(dict(base, custom_hooks=LISTED + last))
    assert recipe(base) != recipe(dict(base, custom_hooks=[STOPPING]))


@LOOPS.register_module(force=True)
class LoopOfAUser(IterBasedTrainLoop):
    """Counts iterations, under another name."""


@pytest.mark.parametrize(
    ('loop', 'counts_iterations'),
    [
        (dict(by_epoch=True), False),
        (dict(by_epoch=False), True),
        (dict(type='IterBasedTrainLoop'), True),
        (dict(type='LoopOfAUser'), True),
        (dict(type='EpochBasedTrainLoop'), False),
    ],
)
def test_hooks_of_loops_over_iterations(loop, counts_iterations):
    cfg = Config(dict(train_cfg=loop))
    add_required_hooks(cfg)
    assert (dict(type='SyncBeforeSaveHook') in cfg.custom_hooks) == counts_iterations
