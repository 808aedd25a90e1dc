"""Nodes that take the networks of earlier stages."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ktg_mm.errors import ConfigError, did_you_mean

from .kept_checkpoint import kept_checkpoint
from .pretrained import without_weights
from .stage import Stage
from .taken_node import check_taken, is_taken


def resolved_nodes(
    config: Mapping[str, Any], earlier: Sequence[Stage], later: Sequence[str], folder: str | Path
) -> dict[str, Any]:
    """A config whose nodes take networks of earlier stages, with these networks.

    Args:
        config: Of a stage, plain dicts; it stays as it is.
        earlier: The stages before it, resolved.
        later: The names of the stage itself and of those after it.
        folder: Of the whole run.

    Raises:
        ConfigError: If a node takes what is not there; the key is the one in this config.
    """
    model = config.get('model')
    nodes = model.get('nodes') if isinstance(model, Mapping) else None
    if not isinstance(nodes, Mapping) or not any(map(is_taken, nodes.values())):
        return dict(config)
    assert isinstance(model, Mapping)
    changed = {
        name: _resolved(node, f'model.nodes.{name}', earlier, later, folder) if is_taken(node) else node
        for name, node in nodes.items()
    }
    return {**config, 'model': {**model, 'nodes': changed}}


def _resolved(
    node: Mapping[str, Any], key: str, earlier: Sequence[Stage], later: Sequence[str], folder: str | Path
) -> dict[str, Any]:
    """A node with the network of another stage's."""
    taken = check_taken(node, key)
    if taken is None:  # the graph's check says why
        return dict(node)
    key = f'{key}.stage'
    stage = next((stage for stage in earlier if stage.name == taken['name']), None)
    if stage is None:
        names = [stage.name for stage in earlier]
        what = f'{taken["name"]!r} is not earlier' if taken['name'] in later else f'no stage is named {taken["name"]!r}'
        hint = did_you_mean(taken['name'], names) if names else 'there is none before the first one'
        raise ConfigError(f'{key}.name', f'{what}; must be an earlier stage, {hint}')
    model = stage.config.get('model')
    nodes = model.get('nodes') if isinstance(model, Mapping) else None
    nodes = nodes if isinstance(nodes, Mapping) else {}
    networks = [name for name, other in nodes.items() if isinstance(other, Mapping) and 'network' in other]
    if taken['node'] not in networks:
        what = 'has no network' if taken['node'] in nodes else 'is not there'
        hint = did_you_mean(taken['node'], networks)
        raise ConfigError(f'{key}.node', f'{taken["node"]!r} {what} in stage {stage.name!r}; {hint}')
    try:
        checkpoint = kept_checkpoint(stage.config, taken.get('epoch'))
    except ValueError as error:
        where = 'name' if taken.get('epoch') is None else 'epoch'
        raise ConfigError(f'{key}.{where}', f'stage {stage.name!r} {error}') from error
    network = without_weights(dict(network=copy.deepcopy(nodes[taken['node']]['network'])))['network']
    return {
        **{entry: value for entry, value in node.items() if entry != 'stage'},
        'network': network,
        'checkpoint': str(Path(folder) / stage.name / checkpoint),
        'prefix': f'nodes.{taken["node"]}.network.',
    }
