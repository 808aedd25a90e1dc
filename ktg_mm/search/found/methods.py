"""What a found graph must beat: its networks under other teaching, and other configs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from mmengine.config import Config

from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.stages import check_stages
from ktg_mm.config import GraphConfig, deep_mutual_learning, independent, without_absent, without_weights
from ktg_mm.config.stages import STAGES, as_last_stage, is_staged, resolved_last
from ktg_mm.config.taken_node import is_taken
from ktg_mm.errors import ConfigError, UserError

from .method_names import FOUND, METHODS


def say_it(line: str) -> None:
    """Shows a line to the user, beside what a tool prints."""
    print(line, file=sys.stderr, flush=True)


def method_configs(
    cfg: Config, against: Mapping[str, Config], say: Callable[[str], None] = say_it
) -> dict[str, Config]:
    """The config of each method, without a seed.

    Of stages the last one's graph is compared; the networks under other teaching have no earlier stages.

    Args:
        cfg: The found graph's.
        against: Other configs by name.
        say: Shows a line for what is left out.

    Raises:
        ConfigError: If one of them is wrong.
    """
    whole = as_last_stage(cfg)
    model = whole.get('model') or {}
    if not isinstance(model.get('nodes'), Mapping) or not isinstance(model.get('edges'), Mapping):
        raise ConfigError('model', 'must be a KnowledgeTransferGraph with nodes and edges')
    check_runs(cfg)
    alone = resolved_last(whole, STAGES)
    configs = {FOUND: cfg.to_dict()}
    for name, method in dict(dml=deep_mutual_learning, independent=independent).items():
        configs[name] = {**alone, 'model': _from_the_beginning(method(alone['model']), model)}
    if len(GraphConfig(configs['dml']['model']).networks) == 1:
        del configs['dml']
        say('dml: left out, as the graph trains one network alone')
    for name, other in against.items():
        if name in (*METHODS, '..'):  # it becomes a folder's
            raise UserError(f'--against {other.filename}: a config that is compared must not be named {name}')
        configs[name] = other.to_dict()
    checked = {}
    for name, config in configs.items():
        if name in METHODS and not is_staged(config):
            config = without_absent(config, config['model'])
        # The last epoch's weights are what counts.
        hooks = dict(config.get('default_hooks') or {})
        hooks['checkpoint'] = dict(hooks.get('checkpoint') or dict(type='SafeCheckpointHook'), save_best=None)
        checked[name] = Config({**config, 'default_hooks': hooks})
        check_runs(checked[name])
        last = as_last_stage(checked[name])
        if not last.get('test_dataloader') and not last.get('val_dataloader'):
            raise ConfigError('test_dataloader', f'is missing; there are no data to measure {name} on')
    return checked


def _from_the_beginning(model: dict[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """A graph whose networks, other than those of the whole config, begin with the weights of no earlier stage."""
    nodes = {
        name: without_weights(node) if is_taken(whole['nodes'].get(name)) else node
        for name, node in model['nodes'].items()
    }
    return {**model, 'nodes': nodes}


def check_runs(cfg: Config) -> None:
    """Refuses a config in whose run, or one of whose stages, something is wrong.

    Args:
        cfg: The config.

    Raises:
        ConfigError: At the first mistake.
    """
    if is_staged(cfg):
        check_stages(cfg, STAGES)
    else:
        check_config(cfg)
