import pytest
from mmengine.hooks import Hook
from mmpretrain.registry import HOOKS

from ktg_mm.apis import hook_errors
from ktg_mm.apis.user_message import user_message


@pytest.fixture
def hook(mmpretrain_scope):
    """A hook that finds no head in a graph."""

    class HeadHook(Hook):
        def before_train(self, runner):
            runner.model.head  # noqa: B018

    HOOKS.register_module(module=HeadHook)
    yield HeadHook
    del HOOKS.module_dict['HeadHook']


def error_of(runner):
    with pytest.raises(AttributeError) as caught:
        runner.call_hook('before_train')
    return caught.value


def test_a_hook_that_a_run_does_not_suit(tiny_runner, hook):
    runner = tiny_runner({'custom_hooks': [dict(type='ProgressBarHook'), dict(type='HeadHook')]})
    line = user_message(error_of(runner))
    assert line == "custom_hooks[1]: HeadHook: 'KnowledgeTransferGraph' object has no attribute 'head'"


def test_our_own_hooks_errors_keep_their_stack_trace(tiny_runner, hook):
    hook.__module__ = 'ktg_mm.engine.hooks.head_hook'
    runner = tiny_runner({'custom_hooks': [dict(type='HeadHook')]})
    assert hook_errors.name_hook_error(error_of(runner)) is None
    assert hook_errors.name_hook_error(ValueError('of no hook')) is None
