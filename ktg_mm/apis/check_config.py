"""Checks the parts of a config around the graph, before any data are read; the graph checks its own."""

import inspect
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mmengine.config import Config
from mmpretrain.registry import MODELS

from ktg_mm.config import GraphConfig, check_type
from ktg_mm.config.check_views import check_views
from ktg_mm.config.signatures import arguments_of
from ktg_mm.config.stages import STAGES, is_staged
from ktg_mm.config.taken_node import check_taken
from ktg_mm.config.value_check import check_values
from ktg_mm.datasets.check_dataset import check_dataset
from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.models import KnowledgeTransferGraph

from .checks.fitting import check_fitting
from .checks.hooks import check_priority
from .checks.loaders import check_division, check_loader
from .checks.loop_type import train_loop
from .checks.names import check_names
from .checks.parts import Part, parts
from .checks.phases import check_phases_fit
from .checks.ranges import check_ranges
from .checks.settings import check_settings

# Entries that mmengine takes out before it builds the part.
_TAKEN_OUT = {
    'optim_wrapper': {'constructor', 'paramwise_cfg'},
    'scheduler': {'convert_to_iter_based'},
    'loop': {'by_epoch'},
    'hook': {'priority'},
    'step of a pipeline': {'magnitude_key'},  # RandAugment's
}
# Arguments that mmengine gives itself.
_GIVEN = {
    'optimizer': {'params'},
    'scheduler': {'optimizer'},
    'loop': {'runner', 'dataloader', 'evaluator'},
    'sampler': {'dataset'},
    'batch sampler': {'sampler', 'batch_size'},
    'model wrapper': {'module'},
}
# Those that it gives if the config does not.
_FILLED_IN = {'backend of a visualizer': {'save_dir'}, 'sampler': {'seed'}, 'optim_wrapper': {'optimizer'}}
_DEFAULT_TYPES = {
    'optim_wrapper': 'OptimWrapper',
    'val_cfg': 'ValLoop',
    'test_cfg': 'TestLoop',
    'data_preprocessor': 'GraphDataPreprocessor',
    'model_wrapper_cfg': 'MMDistributedDataParallel',
    'log_processor': 'LogProcessor',
    'visualizer': 'Visualizer',
}
# Whose annotations are often narrower than what they take.
_LOOSELY_ANNOTATED = ('step of a pipeline', 'data preprocessor')


def check_config(cfg: Config) -> None:
    """Checks that every name at the top is read, that every part exists, and what it is given.

    Args:
        cfg: The config of a run.

    Raises:
        ConfigError: At the first entry that nothing reads, or whose value is not what its reader means.
    """
    check_names(cfg)
    _check_one_run(cfg)
    check_settings(cfg)
    for name in ('train', 'val', 'test'):
        check_loader(cfg, f'{name}_dataloader')
    graph: GraphConfig | None = None
    for part in parts(cfg):
        if not isinstance(part.cfg, Mapping):
            raise ConfigError(part.path, f'must be a dict, got {part.cfg!r}')
        if part.path == 'model' and part.cfg.get('type') == 'KnowledgeTransferGraph':
            graph = GraphConfig(part.cfg).check()
        _check_part(cfg, part)
    check_division(cfg)
    if graph is not None:
        check_phases_fit(cfg, graph)
        check_views(graph, cfg.get('train_dataloader'))


def _check_one_run(cfg: Config) -> None:
    """Refuses a config of several runs, and a network of another one."""
    if is_staged(cfg):
        raise ConfigError(STAGES, 'are runs of their own, of which one is needed here: the config in the folder of one')
    model = cfg.get('model')
    nodes = model.get('nodes') if isinstance(model, Mapping) else None
    for name, node in nodes.items() if isinstance(nodes, Mapping) else ():
        if check_taken(node, key := f'model.nodes.{name}'):
            raise ConfigError(
                f'{key}.stage',
                f'names a stage, but the config has no {STAGES}; give network and checkpoint',
            )


def _check_part(cfg: Config, part: Part) -> None:
    path, what = part.path, part.what
    if what == 'hook':
        check_priority(part.cfg, path)
    given = {key: value for key, value in part.cfg.items() if key not in _TAKEN_OUT.get(what, ())}
    if path == 'train_cfg':
        given.setdefault('type', train_loop(part.cfg))
    if default := _DEFAULT_TYPES.get(what if what == 'optim_wrapper' else path):  # that of a phase, too
        given.setdefault('type', default)
    if what == 'model' and 'type' in given:
        _check_model_type(given)
    found = check_type(given, part.registry, path, what)
    for key in _GIVEN.get(what, set()) & given.keys():
        raise ConfigError(f'{path}.{key}', 'is given by the Runner; remove it')
    if what == 'model':
        return
    filled = {*given, *_GIVEN.get(what, ()), *_FILLED_IN.get(what, ())}
    # A search's base may lack what its loop needs; a run may not, see check_together.
    for key, argument in () if what == 'loop' else arguments_of(found)[0].items():
        if argument.default is inspect.Parameter.empty and key not in filled:
            raise ConfigError(f'{path}.{key}', f'is missing; {found.__name__} needs it')
    classes = [one.__name__ for one in found.__mro__] if inspect.isclass(found) else []
    check_ranges(given, (*classes, what), path)
    values = {key: value for key, value in given.items() if key not in ('pipeline', 'loss_scale')}
    check_values(found, values, path, strict=what not in _LOOSELY_ANNOTATED)
    check_fitting(cfg, given, found, what, path)
    if what == 'data set':
        check_dataset(given, path)
    if what == 'metric':
        if given.get('nodes') in ([], ()):
            raise ConfigError(f'{path}.nodes', 'names no node; leave it out for all of them')
        _check_nodes(given.get('nodes') or (), (cfg.get('model') or {}).get('nodes') or (), f'{path}.nodes')


def _check_model_type(model: Mapping[str, Any]) -> None:
    """Refuses a model that is no graph; nothing else here could train it."""
    found = check_type({'type': model['type']}, MODELS, 'model', 'model')
    if not inspect.isclass(found) or not issubclass(found, KnowledgeTransferGraph):
        raise ConfigError(
            'model.type',
            f'must be KnowledgeTransferGraph, got {found.__name__}; a single network is a graph of one node: '
            "nodes=dict(net1=dict(type='NetworkNode', network=...)), target='net1', "
            "edges={'label->net1': dict(loss=dict(type='CrossEntropy'))}",
        )


def _check_nodes(named: Iterable[str], known: Collection[str], path: str) -> None:
    """Refuses a metric of nodes that are not there, which would else show at the first validation."""
    for name in named if known else ():
        if name not in known:
            raise ConfigError(path, f'no node is named {name!r}; {did_you_mean(name, known)}')
