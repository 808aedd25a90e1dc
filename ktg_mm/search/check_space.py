"""Checks each choice of a search space before the search begins, not when a trial draws it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ktg_mm.errors import ConfigError
from ktg_mm.models.graph import build_edge
from ktg_mm.models.graph_spec import UntaughtError, is_ema, read_graph

from .candidates import Candidates, mark_pretrained
from .space_keys import Parameter, key_path
from .trial_config import check_candidate


def check_space(candidates: Candidates) -> None:
    """Checks that every choice, and both ends of every range, make a sound config, one at a time.

    A graph that cannot learn is no mistake: the search draws another. Networks are not built.

    Args:
        candidates: A search's candidates.

    Raises:
        ConfigError: At the first choice that is wrong; the message names its key in the space.
    """
    space = candidates.space
    fill = False
    try:
        _check(candidates, space.base, ())
    except ConfigError:  # it may lack what the space alone gives
        fill = True
        _check(candidates, space.draw_first(), ())
    for parameter in space.parameters:
        for drawn in _options(parameter):
            config = space.example(parameter, drawn, fill)
            if config is None:
                continue
            try:
                _check(candidates, config, parameter.path)
            except ConfigError as error:
                raise ConfigError(f'{key_path(parameter.key)}, choice {drawn!r}', str(error)) from error


def _options(parameter: Parameter) -> list[Any]:
    if parameter.choices:
        return list(parameter.choices)
    return [parameter.distribution.low, parameter.distribution.high]  # type: ignore[attr-defined]


def _check(candidates: Candidates, config: Mapping[str, Any], changed: tuple[str, ...]) -> None:
    """Checks a config of which one place differs from the base, which has been checked."""
    model = dict(config['model'])
    if candidates.pretrains:
        model['nodes'] = {name: dict(node) for name, node in model['nodes'].items()}
        mark_pretrained(model)
    try:
        if changed[:1] == ('model',) and changed[1:2] in (('nodes',), ('edges',)):
            read_graph(model['nodes'], model['edges'], model['target'])
        else:
            check_candidate({**config, 'model': model})
    except UntaughtError:
        pass
    candidates.check_scored(model)
    if changed[:2] == ('model', 'edges'):
        for key in changed[2:3] or model['edges']:
            if key in model['edges'] and not is_ema(model['edges'][key]):
                build_edge(key, model['edges'][key])
