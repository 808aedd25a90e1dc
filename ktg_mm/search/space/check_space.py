"""Checks each choice of a search space before the search begins, not when a trial draws it."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmpretrain.registry import METRICS

from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.made_up_loader import MadeUpLoader
from ktg_mm.apis.undisturbed import undisturbed
from ktg_mm.config import EdgeConfig, GraphConfig, without_absent
from ktg_mm.config.stages import STAGES, resolved_last
from ktg_mm.config.type_check import class_of
from ktg_mm.errors import ConfigError, UntaughtError
from ktg_mm.models.build import build_edge

from .candidates import Candidates, mark_pretrained
from .check_fit import FitCheck, looks_into_networks, networks_at
from .metrics import read_scores
from .parameter import Parameter
from .search_data import check_search_data
from .space import SearchSpace
from .space_keys import key_path

_CLASSES = 1000  # of the made-up sample, enough for any top k


def check_space(candidates: Candidates) -> None:
    """Checks that the metric exists, and that every choice, and both ends of every range, make a sound config.

    Choices are tried one at a time; those of a loss that looks into networks with all networks that may stand at the
    edge's ends. A graph that cannot learn is no mistake: the search draws another. Each network is built once, without
    its weights being loaded.

    Raises:
        ConfigError: At the first choice that is wrong; the message names its key in the space.
    """
    _check_metrics(candidates)
    space = candidates.space
    fit = FitCheck()
    fill = False
    try:
        _check(candidates, space.base, (), fit)
    except ConfigError:  # it may lack what the space alone gives
        fill = True
        _check(candidates, space.draw_first(), (), fit)
    _ = candidates.directions  # refuses a metric of which nobody says which way it is better
    for parameter in space.parameters:
        for given, drawn in itertools.product(space.grounds(parameter), parameter.ends):
            under = given
            try:
                config = space.example(parameter, drawn, given, fill)
                if config is not None:
                    _check(candidates, config, parameter.path, fit)
                for under in _under(space, parameter, config, given):
                    if (other := space.example(parameter, drawn, under, fill)) is not None:
                        fit.edge(resolved_last(other, STAGES)['model'], parameter.path[2])
            except ConfigError as error:
                where = ''.join(f' under choice {name!r} of {other!r}' for other, name in under.items())
                raise ConfigError(f'{key_path(parameter.key)}, choice {drawn!r}{where}', str(error)) from error


def _under(
    space: SearchSpace, parameter: Parameter, config: Mapping[str, Any] | None, given: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """What the networks at the ends of an edge may be, if one of its parts looks into them."""
    if config is not None and parameter.path[:2] == ('model', 'edges') and len(parameter.path) > 2:
        cfg = config['model']['edges'].get(parameter.path[2])
        if cfg and looks_into_networks(EdgeConfig(parameter.path[2], cfg)):
            for networks in networks_at(space, parameter):
                yield {**given, **networks}


def _check_metrics(candidates: Candidates) -> None:
    found = reported(candidates.base, 'val_evaluator')
    if found is not None:
        read_scores(candidates.metrics, found, tuple(candidates.base['model']['nodes']))


def reported(config: Mapping[str, Any], key: str) -> dict[str, float] | None:
    """Evaluates one made-up sample, to see under which names a run will report.

    Args:
        config: The config of a run, plain dicts.
        key: ``'val_evaluator'`` or ``'test_evaluator'``.

    Returns:
        The metrics by name; None if there is no evaluator, or it needs more than such a sample.
    """
    nodes = tuple(config['model']['nodes'])
    sample: dict[str, Any] = dict(
        node_names=nodes, network_names=GraphConfig(config['model']).networks, gt_label=torch.tensor([0])
    )
    metrics = config.get(key) or []
    metrics = [metrics] if isinstance(metrics, dict) else metrics
    if not metrics:
        return None
    try:
        if any(getattr(class_of(METRICS, metric), 'of_tokens', False) for metric in metrics):
            sample['node_log_probabilities'] = torch.zeros(len(nodes), 1)
        else:
            sample['node_scores'] = torch.eye(1, _CLASSES).repeat(len(nodes), 1)
        evaluator = Evaluator([METRICS.build(metric) for metric in metrics])
        evaluator.process([sample])
        return evaluator.evaluate(1)
    except ConfigError:
        raise
    except Exception:  # a metric that needs more than this; the first validation will tell
        return None


def _check(candidates: Candidates, config: Mapping[str, Any], changed: tuple[str, ...], fit: FitCheck) -> None:
    """Checks a config of which one place differs from the base, which has been checked."""
    config = resolved_last(config, STAGES)
    model = dict(config['model'])
    try:
        if candidates.pretrains:
            model['nodes'] = {name: dict(node) for name, node in model['nodes'].items()}
            mark_pretrained(model)
        if changed[:1] == ('model',) and changed[1:2] in (('nodes',), ('edges',)):
            GraphConfig(model).check()
        else:
            check_config(Config(without_absent({**config, 'model': model}, model)))
    except UntaughtError:
        pass
    if changed and changed[0].endswith('_dataloader'):
        _check_loader(Config(dict(config)), changed[0])
    candidates.scored_nodes(model)  # refuses a choice that removes one
    if changed[:2] == ('model', 'edges'):
        for key in changed[2:3] or model['edges']:
            if key in model['edges'] and not (edge := EdgeConfig(key, model['edges'][key])).is_average:
                build_edge(edge)
                fit.edge(model, key)
    if changed[:2] == ('model', 'nodes'):
        for name, node in model['nodes'].items():
            if node.get('network'):
                fit.node(model, name)
    if changed[:2] == ('model', 'nodes') or not changed:
        for key in model['edges']:
            fit.edge(model, key)
        fit.graph(config)


def _check_loader(cfg: Config, name: str) -> None:
    """Builds a loader's data set and pipeline, on made-up images."""
    check_search_data(cfg.to_dict())
    with undisturbed(), tempfile.TemporaryDirectory() as folder:
        classes = (cfg.get('data_preprocessor') or {}).get('num_classes') or 2
        MadeUpLoader(cfg, name, Path(folder), classes).batch()
