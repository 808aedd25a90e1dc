"""The private names of mmengine and torch that are used: all are there, and one module alone has them."""

import ast
import importlib
import inspect
import re
from importlib.metadata import version
from pathlib import Path
from pkgutil import resolve_name

import pytest

PACKAGE = Path(__file__).parents[1] / 'ktg_mm'
MODULE = PACKAGE / 'mmengine_private.py'
USED = [
    'mmengine.runner.Runner:_resume',
    'mmengine.runner.Runner:_load_from',
    'mmengine.runner.Runner:_train_loop',
    'mmengine.runner.Runner:_val_loop',
    'mmengine.runner.Runner:_test_loop',
    'mmengine.runner.LogProcessor:_collect_scalars',
    'mmengine.runner.EpochBasedTrainLoop:_decide_current_val_interval',
    'mmengine.runner.IterBasedTrainLoop:_decide_current_val_interval',
    'mmengine.runner.loops._InfiniteDataloaderIterator:_iterator',
    'mmengine.runner.checkpoint:load_from_http',
    'mmengine.hooks.CheckpointHook:_save_checkpoint',
    'mmengine.optim.OptimWrapper:_accumulative_counts',
    'mmengine.optim.OptimWrapper:_clip_grad',
    'mmengine.optim.scheduler.param_scheduler._ParamScheduler:_get_value',
    'mmengine.optim.scheduler.param_scheduler._ParamScheduler:_global_step',
    'mmengine.dataset.BaseDataset:_metainfo',
    'mmengine.dataset.BaseDataset:_serialize_data',
    'mmengine.config.Config:_filename',
    'mmengine.config.Config:_get_base_files',
    'mmengine.config.Config:_get_cfg_path',
    'mmengine.config.Config:_format_python_code',
    'mmengine.utils.manager.ManagerMeta:_instance_dict',
    'mmengine.utils.manager:_lock',
    'torch:_assert_async',
    'torch._dynamo.config:recompile_limit',
    'torch._functorch.config:donated_buffer',
    'torch.utils.data.DataLoader:_iterator',
    'torch.utils.data.dataloader._MultiProcessingDataLoaderIter:_shutdown_workers',
]


@pytest.mark.parametrize('name', USED)
def test_a_private_name_that_is_used_is_there(name):
    owner, attribute = name.split(':')
    try:
        found = resolve_name(owner)
        # What an instance alone has stands in its class's text.
        there = hasattr(found, attribute) or re.search(rf"[.']{attribute}\b", inspect.getsource(found))
    except (ImportError, AttributeError):
        there = False
    library = owner.split('.')[0]
    if not there:
        pytest.fail(f'{library} {version(library)} has no {name} any more; {MODULE.name} uses it', pytrace=False)


def is_private(name):
    return name.startswith('_') and not name.startswith('__') and name != '_'


def bound_names(tree):
    """The names that a module gives to something: functions, classes, variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


def foreign_private_names(tree, own):
    """The private names in a module that are another library's: attributes and what is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and not node.level and not node.module.startswith('ktg_mm'):
            parts = [*node.module.split('.'), *(name.name for name in node.names)]
            yield from filter(is_private, parts)


@pytest.fixture(scope='module')
def trees():
    paths = [*PACKAGE.rglob('*.py'), *PACKAGE.with_name('tools').rglob('*.py')]
    return {path: ast.parse(path.read_text()) for path in paths}


def test_one_module_a_library_has_private_names(trees):
    own = {name for path, tree in trees.items() if not path.name.endswith('_private.py') for name in bound_names(tree)}
    found = {path: set(foreign_private_names(tree, own)) for path, tree in trees.items()}
    users = {path.name: names for path, names in found.items() if names}
    assert users.keys() == {MODULE.name, 'optuna_private.py'}, users


def test_no_class_overrides_a_private_method_of_a_library():
    for path in PACKAGE.rglob('*.py'):
        if path.name.endswith('_private.py'):
            continue
        module = importlib.import_module('.'.join(path.relative_to(PACKAGE.parent).with_suffix('').parts))
        for cls in (value for value in vars(module).values() if inspect.isclass(value)):
            if cls.__module__ != module.__name__:
                continue
            bases = [base for base in cls.__mro__ if not base.__module__.startswith(('ktg_mm', 'builtins', 'typing'))]
            private = {name for name, value in vars(cls).items() if is_private(name) and callable(value)}
            private -= {'_backward_cls'}  # torch's metaclass makes it for every autograd.Function
            overridden = private & {name for base in bases for name in vars(base)}
            assert not overridden, f'{cls.__name__}: {overridden}'


def test_the_list_of_names_is_whole(trees):
    nodes = list(ast.walk(trees[MODULE]))
    names = set(foreign_private_names(trees[MODULE], ()))
    names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    names |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = set(filter(is_private, names)) - {'_loop'}  # the end of _train_loop, _val_loop and _test_loop
    assert names and names <= {part for name in USED for part in re.split('[.:]', name)}
