"""Optimisers with a parameter group for each node."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.optim import OptimWrapper
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from ktg_mm.config.phases import optimizer_phases, wrapper_of_phase
from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.errors import ConfigError, did_you_mean

from .phase_optim_wrapper import PhaseOptimWrapper


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class NodeOptimWrapperConstructor:
    """Builds one optimiser with a parameter group per trained node; frozen and averaged nodes have none.

    With an update of several phases (SuccessiveUpdate) it builds one for each of them, with a group per node that the
    phase's edges teach.

    Args:
        optim_wrapper_cfg: Config of the wrapper, with ``optimizer``; or, for phases, with an entry for each, a dict of
            its ``optimizer`` and, if wanted, ``paramwise_cfg`` and ``clip_grad``; what stands beside is common to all.
        paramwise_cfg: ``dict(nodes=dict(net2=dict(lr=0.01)), edges=dict(momentum=0.5))`` gives a node options of its
            own, and what edges learn (adapters, discriminators) others than the nodes that they teach. Defaults to
            None.

    Raises:
        ConfigError: If paramwise_cfg names a node that does not learn, or is not made of dicts.

    Example:
        >>> constructor = NodeOptimWrapperConstructor(dict(optimizer=dict(type='SGD', lr=0.1)))
        >>> constructor.options
        {}
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        self.optim_wrapper_cfg = dict(optim_wrapper_cfg)
        self.phases = optimizer_phases(optim_wrapper_cfg)
        if self.phases and paramwise_cfg:
            raise ConfigError('optim_wrapper.paramwise_cfg', f'belongs into a phase, such as {next(iter(self.phases))}')
        self.options, self.of_edges = _options(paramwise_cfg, 'optim_wrapper')

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Builds the optimiser and its wrapper for a graph."""
        graph: Any = unwrapped(model)
        if not self.phases:
            groups = list(_groups(graph, None, self.options, self.of_edges, 'optim_wrapper'))
            return _build(self.optim_wrapper_cfg, groups)
        wrappers = {}
        for phase, edges in graph.update.edges.items():
            cfg, path = wrapper_of_phase(self.optim_wrapper_cfg, phase), f'optim_wrapper.{phase}'
            options, of_edges = _options(cfg.pop('paramwise_cfg', None), path)
            wrapper = _build(cfg, list(_groups(graph, edges, options, of_edges, path)))
            if wrapper.clip_grad_kwargs:
                wrapper.grad_name = f'{phase}.{wrapper.grad_name}'  # in the log
            wrappers[phase] = wrapper
        return PhaseOptimWrapper(**wrappers)


def _options(paramwise_cfg: Mapping[str, Any] | None, path: str) -> tuple[Mapping[str, dict], dict | None]:
    """The options of nodes, by name, and those of what edges learn."""
    rest = dict(paramwise_cfg or {})
    nodes, edges = rest.pop('nodes', {}), rest.pop('edges', None)
    named = {'nodes': nodes} | ({} if edges is None else {'edges': edges})
    named |= {f'nodes.{name}': options for name, options in (nodes.items() if isinstance(nodes, Mapping) else ())}
    for key, options in named.items():
        if not isinstance(options, Mapping):
            raise ConfigError(f'{path}.paramwise_cfg.{key}', f'must be a dict, got {options!r}')
    if rest:
        raise ConfigError(f'{path}.paramwise_cfg', f"takes 'nodes' and 'edges' alone, got {', '.join(map(repr, rest))}")
    return nodes, edges


def _groups(
    graph: Any, edges: list[str] | None, options: Mapping[str, dict], of_edges: dict | None, path: str
) -> Iterator[dict[str, Any]]:
    """The groups of the nodes that some edges teach (None: all edges)."""
    learnt = (
        set() if of_edges is None else {parameter for edge in graph.edges.values() for parameter in edge.parameters()}
    )
    names = []
    for name, parameters in graph.parameter_groups(edges):
        names.append(name)
        own = [parameter for parameter in parameters if parameter not in learnt]
        others = [parameter for parameter in parameters if parameter in learnt]
        if own or not others:
            yield dict(params=own, name=name, **options.get(name, {}))
        if others:
            yield dict(params=others, name=f'edges of {name}', **{**options.get(name, {}), **(of_edges or {})})
    for name in options:
        if name not in names:
            raise ConfigError(
                f'{path}.paramwise_cfg.nodes.{name}', f'is no node that learns; {did_you_mean(name, names)}'
            )


def _build(cfg: Mapping[str, Any], groups: list[dict[str, Any]]) -> OptimWrapper:
    cfg = dict(cfg)
    optimizer = OPTIMIZERS.build(dict(cfg.pop('optimizer'), params=groups))
    return OPTIM_WRAPPERS.build(dict(cfg, type=cfg.get('type', 'OptimWrapper'), optimizer=optimizer))
