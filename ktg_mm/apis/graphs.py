"""Graphs that are written in Python."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS

from ktg_mm.config import without_absent
from ktg_mm.config.named_nodes import existing_metrics
from ktg_mm.config.stages import STAGES, is_staged
from ktg_mm.errors import ConfigError
from ktg_mm.models import KnowledgeTransferGraph

from .check_config import check_config
from .config import load_config
from .part_errors import named_errors
from .shipped_configs import get_config


def read_config(config: Config | str | Path) -> Config:
    """A config of the caller's own, whatever it was given as: a Config, which stays as it is, or a file.

    Raises:
        UserError: If there is no such file, or it is not a config.
    """
    return copy.deepcopy(config) if isinstance(config, Config) else load_config(config)


def graph_config(
    nodes: Mapping[str, Any],
    edges: Mapping[str, Any],
    target: str,
    base: Config | str = 'ktg/ens_3node_digits',
    **others: Any,
) -> Config:
    """A config whose graph is written in Python, and which has data, schedule, hooks and search of another one.

    What the other config says of nodes that the graph has not is left out: a metric of such a node that says which
    checkpoint is the best becomes the target's.

    Args:
        nodes: The nodes' configs by their names, as in the ``model`` of a config.
        edges: The edges' configs by their keys, such as ``'net2->net1'``.
        target: The node to deploy.
        base: What to begin with, a Config, which stays as it is, or a name of :func:`ktg_mm.apis.list_configs`. Without
            stages. Defaults to the digits.
        **others: More entries of the graph: ``update``, ``views``, ``joint_views``.

    Returns:
        The config, which has been checked; what :func:`ktg_mm.apis.train`, :func:`ktg_mm.apis.search` and the others
        take.

    Raises:
        ConfigError: If something in it is wrong; the message begins with its key.
        UserError: If there is no config of that name.

    Example:
        >>> base = get_config('ktg/ens_3node_digits')
        >>> label = dict(loss=dict(type='CrossEntropy'))
        >>> cfg = graph_config(
        ...     nodes=dict(small=dict(type='NetworkNode', network=base.resnet8),
        ...                large=dict(type='NetworkNode', network=base.resnet20)),
        ...     edges={'label->small': label, 'label->large': label,
        ...            'large->small': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate'))},
        ...     target='small', base=base)
        >>> cfg.default_hooks.checkpoint.save_best
        'small/accuracy/top1'
    """
    whole = (read_config(base) if isinstance(base, Config) else get_config(base)).to_dict()
    if is_staged(whole):
        raise ConfigError('base', f'has {STAGES}, each with a graph of its own; give a config without')
    model = copy.deepcopy(dict(others, type='KnowledgeTransferGraph', nodes=nodes, edges=edges, target=target))
    if isinstance(search := whole.get('search'), dict):
        search.pop('retrain', None)  # a path beside the file of the base
    check_config(Config(dict(model=model)))
    whole = without_absent({**whole, 'model': model}, model)
    checkpoint = (whole.get('default_hooks') or {}).get('checkpoint') or {}
    if checkpoint.get('save_best'):
        checkpoint['save_best'] = existing_metrics(checkpoint['save_best'], model)
    check_config(cfg := Config(whole))
    return cfg


def build_graph(config: Mapping[str, Any] | Config, init_weights: bool = True) -> KnowledgeTransferGraph:
    """Builds a graph, with the weights that a run would begin with.

    Args:
        config: The ``model`` of a config, plain dicts, whose type need not be said; or a whole Config, of which the
            graph gets the preprocessing of images, too. It stays as it is.
        init_weights: False neither draws nor reads weights, for what looks at shapes alone. Defaults to True.

    Returns:
        The graph, on the CPU; called with images it answers with the target's logits.

    Raises:
        ConfigError: If something in it is wrong, as the tools say it; the message begins with its key.

    Example:
        >>> graph = build_graph(get_config('ktg/ens_3node_digits'))
        >>> list(graph.nodes)
        ['net1', 'net2', 'net3', 'ensemble']
    """
    if isinstance(config, Config):
        cfg = read_config(config)
        if not isinstance(cfg.get('model'), Mapping):
            raise ConfigError('model', 'is missing; a config describes a graph, model = dict(nodes=..., edges=...)')
        cfg.model.setdefault('data_preprocessor', cfg.get('data_preprocessor'))
    elif isinstance(config, Mapping):
        cfg = Config(dict(model=copy.deepcopy(dict(config))))
    else:
        raise ConfigError('config', f'must be a Config or the dict of its model, got {config!r}')
    cfg.model.setdefault('type', 'KnowledgeTransferGraph')
    check_config(cfg)
    scope = DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain'))
    with scope, named_errors(cfg, 'model'), _without_log():
        graph = MODELS.build(cfg.model)
        if init_weights:
            graph.init_weights()
    return graph


@contextmanager
def _without_log() -> Iterator[None]:
    """Keeps mmengine from saying how each weight was drawn."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)
