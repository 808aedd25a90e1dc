"""Graphs that people know, made from a search space by their names or out of a config."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

from ktg_mm.config import LABEL, class_of, parse_edge_key
from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.registry import LOSSES

from .parameter import ConfigPath, Parameter, at
from .space import SearchSpace, put

THROUGH, CUTOFF, CORRECT = 'ThroughGate', 'CutoffGate', 'CorrectGate'
_USUAL = ('KLDivergence', 'CrossEntropy')  # what edges of mutual learning have, of several that they may have

WantedGate = Callable[[str, str, str], str]
# The gate of an edge between two networks, by its source, its target and the graph's target; labels teach everybody.
_GATES: dict[str, WantedGate] = dict(
    independent=lambda source, target, scored: CUTOFF,
    dml=lambda source, target, scored: THROUGH,
    kd=lambda source, target, scored: THROUGH if target == scored else CUTOFF,
    correct=lambda source, target, scored: CORRECT,
)
NAMES = tuple(_GATES)


def named_graphs(name: str, space: SearchSpace) -> dict[str, dict[str, Any]]:
    """The values of a graph that is known by its name; several, where the space has temperatures.

    ``independent``: nobody teaches another; ``dml``: all teach one another (deep mutual learning); ``kd``: all others
    teach the target alone, one-way; ``correct``: as ``dml``, with correct gates (Minami et al., ACCV 2020). Networks
    are of the target's architecture where the space has it, and whatever else is searched is as in the base.

    Args:
        name: One of these, or with a temperature, ``dml_temperature_2``.
        space: The space.

    Returns:
        Values by the graphs' names: ``dml`` alone, or ``dml_temperature_1``, ``dml_temperature_2``, ...

    Raises:
        ConfigError: If there is no such name, or the space does not hold the graph.

    Example:
        >>> gates = dict(through=dict(type='ThroughGate'), cutoff=dict(type='CutoffGate'))
        >>> edges = {'label->a': {}, 'b->a': dict(gate=gates['through'])}
        >>> base = dict(model=dict(target='a', nodes=dict(a={}, b={}), edges=edges))
        >>> named_graphs('independent', SearchSpace({'model.edges.b->a.gate': gates}, base))
        {'independent': {'model.edges.b->a.gate': 'cutoff'}}
    """
    kind = name.partition('_temperature_')[0]
    if kind not in _GATES:
        hint = did_you_mean(name, NAMES)
        raise ConfigError('search.enqueue', f'{name!r} is neither the name of a known graph nor a config; {hint}')
    temperatures = _temperatures(space) if kind != 'independent' else []
    graphs: dict[str, float | None] = {f'{kind}_temperature_{number:g}': number for number in temperatures}
    graphs = graphs or {kind: None}
    if name != kind:
        if name not in graphs:
            raise ConfigError('search.enqueue', f'{name!r} is not in the space; it has: {", ".join(graphs)}')
        graphs = {name: graphs[name]}
    return {found: _values(found, _GATES[kind], space, number) for found, number in graphs.items()}


def fitting_values(name: str, config: Mapping[str, Any], space: SearchSpace) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values that make a config's graph, and whatever else is searched of it.

    Args:
        name: What a message calls the config.
        config: Plain dicts; its nodes have the names that they have in the base.
        space: The space.

    Returns:
        The values, and the config with the defaults that it leaves unsaid and the space says.

    Raises:
        ConfigError: If a place has what the space does not.
    """
    by_name = {parameter.name: parameter for parameter in space.parameters}

    def ask(key: str, _: Any) -> Any:
        parameter = by_name[key]
        found, gone = at(config, parameter.path), at(config, parameter.path[:3]) is None
        if found is None and not gone:
            found = _default(config, parameter.path)
        if parameter.choices:
            alike = [choice for choice, value in parameter.choices.items() if _plain(value) == _plain(found)]
            if not alike and gone and parameter.path[0] == 'model':
                # No edge is as one that is cut off, and of that, or of a node that nobody hears, nothing else matters.
                alike = _with_gate(parameter, CUTOFF) if parameter.path[-1] == 'gate' else [space.firsts[key]]
            if alike:
                return alike[0]
        elif _is_in_range(found, parameter):
            return found
        raise ConfigError('search.enqueue', f'{name} is outside the space: {key} is {found!r} there')

    values, _ = space.draw(ask)
    filled = copy.deepcopy(dict(config))
    for parameter in space.parameters:
        if parameter.name in values and at(filled, parameter.path[:-1]) is not None:
            put(filled, parameter.path, parameter.value(values[parameter.name]))
    return values, filled


def _default(config: Mapping[str, Any], path: ConfigPath) -> Any:
    """What an edge's entry is that a config leaves out: an open gate, or the default of the loss's argument."""
    if path[:2] == ('model', 'edges') and path[3:] == ('gate',):
        return dict(type=THROUGH)
    loss = at(config, path[:-1])
    if path[:2] == ('model', 'edges') and path[3:4] == ('loss',) and isinstance(loss, Mapping) and 'type' in loss:
        known = inspect.signature(class_of(LOSSES, loss)).parameters
        return known[path[-1]].default if path[-1] in known else None
    return None


def _values(name: str, wanted: WantedGate, space: SearchSpace, temperature: float | None) -> dict[str, Any]:
    by_name = {parameter.name: parameter for parameter in space.parameters}
    scored = space.base['model']['target']

    def gate_of(key: str) -> str:
        source, target = parse_edge_key(key)[:2]
        return THROUGH if source == LABEL else wanted(source, target, scored)

    def ask(key: str, _: Any) -> Any:
        parameter = by_name[key]
        path = parameter.path
        is_edge = path[:2] == ('model', 'edges')
        if is_edge and path[3:] == ('gate',) and parameter.choices:
            fitting = _with_gate(parameter, gate_of(path[2]))
        elif is_edge and path[3:] == ('loss',) and parameter.choices:
            fitting = _with_usual_loss(parameter, space)
        elif is_edge and len(path) == 3:
            fitting = _whole_edges(parameter, gate_of(path[2]))
        elif _is_temperature(path) and temperature is not None:
            fitting = [choice for choice, value in parameter.choices.items() if value == temperature]
        else:
            return _as_in_base(parameter, space)
        if not fitting:
            raise ConfigError('search.enqueue', f'{name!r} is not in the space: {key} has no choice for it')
        return fitting[0]

    values, config = space.draw(ask)
    for key, edge in config['model']['edges'].items():
        if _gate(edge.get('gate')) != gate_of(key):
            raise ConfigError('search.enqueue', f'{name!r} is not in the space: the gate of {key} is not searched')
        if gate_of(key) != CUTOFF and 'loss' in edge and not _is_usual(edge['loss']):
            problem = f'{name!r} is not in the space: the loss of {key} is not {" or ".join(_USUAL)}'
            raise ConfigError('search.enqueue', problem)
    return values


def _with_gate(parameter: Parameter, gate: str) -> list[str]:
    return [name for name, value in parameter.choices.items() if _gate(value) == gate]


def _with_usual_loss(parameter: Parameter, space: SearchSpace) -> list[str]:
    """The choices of a loss that mutual learning has, the base's or else the plainest first; all where none is."""
    there = parameter.choices
    usual = sorted((name for name, value in there.items() if _is_usual(value)), key=lambda name: len(there[name]))
    base = _as_in_base(parameter, space)
    return [base] if base in usual else usual or list(there)


def _is_usual(loss: Any) -> bool:
    return isinstance(loss, Mapping) and loss.get('type') in _USUAL


def _whole_edges(parameter: Parameter, gate: str) -> list[str]:
    """The choices of a whole edge that may have a gate, the losses of mutual learning first."""
    if gate == CUTOFF and None in parameter.choices.values():
        return [name for name, value in parameter.choices.items() if value is None]
    there = {name: value for name, value in parameter.choices.items() if value is not None}

    def unlike(name: str) -> tuple[bool, bool]:
        has_gate = _gate(there[name].get('gate')) == gate  # if it is not searched for itself
        return not has_gate, not _is_usual(there[name].get('loss'))

    return sorted(there, key=unlike)


def _as_in_base(parameter: Parameter, space: SearchSpace) -> Any:
    """What the base has there; of networks what the target has, as graphs of alike networks are the usual ones."""
    model, path = space.base['model'], parameter.path
    there = at(space.base, path)
    if path[:2] == ('model', 'nodes') and path[3:] == ('network',):
        there = model['nodes'][model['target']].get('network')
    if not parameter.choices:
        return there if _is_in_range(there, parameter) else parameter.ends[0]
    same = (name for name, value in parameter.choices.items() if _plain(value) == _plain(there))
    return next(same, space.firsts[parameter.name])


def _temperatures(space: SearchSpace) -> list[float]:
    """The temperatures that edges may have, of the first edge that has a choice."""
    found = ([*parameter.choices.values()] for parameter in space.parameters if _is_temperature(parameter.path))
    return [number for number in next(filter(None, found), []) if isinstance(number, (int, float))]


def _is_temperature(path: ConfigPath) -> bool:
    return path[:2] == ('model', 'edges') and path[3:] == ('loss', 'temperature')


def _is_in_range(value: Any, parameter: Parameter) -> bool:
    """Whether a number may be drawn from a range: between its ends, and a whole number of steps from the lower."""
    (low, high), step = parameter.ends, parameter.distribution.step  # type: ignore[attr-defined]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        return False
    steps = (value - low) / (step or 1)
    return not step or math.isclose(steps, round(steps), abs_tol=1e-9)


def _gate(gate: Any) -> str | None:
    """The type of a gate; an edge that has none lets everything through."""
    return THROUGH if gate is None else gate.get('type')


def _plain(value: Any) -> Any:
    """A value as the file of a config may have it: tuples as lists."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value
