"""What a graph picture says: the nodes and edges of a config, their networks, losses and gates in short."""

from collections.abc import Mapping
from typing import Any

from ktg_mm.config import LABEL, EdgeConfig, GraphConfig
from ktg_mm.config.edge_config import PartConfig
from ktg_mm.config.type_check import class_of, default_arguments
from ktg_mm.errors import ConfigError, did_you_mean
from ktg_mm.models.losses.feature_loss import check_layers
from ktg_mm.registry import NODES

# Short names and what they stand for.
LOSSES = {
    'CrossEntropy': ('CE', 'cross-entropy'),
    'KLDivergence': ('KL', 'Kullback-Leibler divergence'),
    'ProbabilityCosine': ('P−', 'probabilities are pushed apart'),  # noqa: RUF001, a minus sign is as wide as a plus
    'AttentionMSE': ('A+', 'attention maps are drawn together'),
    'AttentionCosine': ('A−', 'attention maps are pushed apart'),  # noqa: RUF001
    'ProbabilityMSE': ('MSE', 'squared distance of probabilities'),
    'PseudoLabel': ('PL', 'cross-entropy with the predicted class'),
    'CWTM': ('CWTM', 'cross-entropy with the label, weighed by how sure the source is'),
    'DIST': ('DIST', 'correlation of probabilities'),
    'DKD': ('DKD', 'decoupled knowledge distillation'),
    'DKPP': ('DKPP', 'cross-entropy with the source, its wrong classes permuted'),
    'SelfAdaptiveFairness': ('SAF', 'self-adaptive fairness'),
    'Entropy': ('H', 'entropy'),
    'ClassifierDiversity': ('CD', 'classifiers are pushed apart'),
    'FitNets': ('FitNets', 'feature maps are regressed'),
    'FT': ('FT', 'factor transfer'),
    'FEED': ('FEED', 'feature maps are transformed'),
    'AttentionTransfer': ('AT', 'attention transfer'),
    'NST': ('NST', 'neuron selectivity transfer'),
    'PKT': ('PKT', 'probabilistic knowledge transfer'),
    'RKD': ('RKD', 'relational knowledge distillation'),
    'CRD': ('CRD', 'contrastive representation distillation'),
    'SRD': ('SRD', 'simple recipe distillation'),
    'SP': ('SP', 'similarity-preserving distillation'),
    'CC': ('CC', 'correlation congruence'),
    'ICKD': ('ICKD', 'inter-channel correlation distillation'),
    'FSP': ('FSP', 'flow of the solution procedure'),
    'ReviewKD': ('KR', 'knowledge review'),
    'SVD': ('SVD', 'singular vectors are drawn together'),
    'VID': ('VID', 'variational information distillation'),
}
LEARNS = '⊕'
"""Marks a loss that has parts that learn."""
_ARGUMENT_NAMES = {'frequency': 'f', 'phase': 'φ', 'threshold': 'τ'}
_SAMPLE_NAMES = {'labeled': 'labelled', 'unlabeled': 'unlabelled'}


def read_graph(model_cfg: Mapping[str, Any]) -> GraphConfig:
    """Returns the graph of a model, after a look at what a picture takes; it need not be one that can be trained.

    Args:
        model_cfg: The ``model`` of a config.

    Raises:
        ConfigError: If there are no nodes, an edge or the target names none of them, or a part is no dict.

    Example:
        >>> list(read_graph(dict(nodes=dict(net1=dict(type='NetworkNode')), target='net1')).nodes)
        ['net1']
    """
    nodes = model_cfg.get('nodes')
    if not nodes or not isinstance(nodes, Mapping):
        raise ConfigError('model.nodes', 'config has no model.nodes')
    for name, node in nodes.items():
        if not isinstance(node, Mapping):
            raise ConfigError(f'model.nodes.{name}', f'a node is a dict, not {node!r}')
    graph = GraphConfig({**model_cfg, 'edges': model_cfg.get('edges') or {}})
    for name, view in graph.made_views.items():
        if not isinstance(view, Mapping):
            raise ConfigError(f'model.views.{name}', f'a view is a dict, not {view!r}')
    ends = [('model.target', graph.target, list(nodes))] if graph.target else []
    for edge in graph.edges.values():
        ends += [(edge.path, edge.source, [LABEL, *nodes]), (edge.path, edge.target, list(nodes))]
    for path, name, known in ends:
        if name not in known:
            raise ConfigError(path, f'no node is named {name!r}; {did_you_mean(name, known)}')
    for edge in graph.edges.values():
        if not isinstance(edge.cfg, Mapping):
            raise ConfigError(edge.path, f'an edge is a dict, not {edge.cfg!r}')
        for part in (*edge.losses, *(loss.inner for loss in edge.losses), edge.gate):
            if part is not None and not isinstance(part.cfg, Mapping):
                raise ConfigError(edge.path, f'losses and gates are dicts, not {part.cfg!r}')
    return graph


def shown_edges(graph: GraphConfig) -> list[EdgeConfig]:
    """Returns the edges that teach somebody, and those that make moving averages.

    Args:
        graph: From :func:`read_graph`.
    """
    taught = graph.teaches()
    return [edge for key, edge in graph.edges.items() if edge.is_average or taught[key]]


def node_lines(graph: GraphConfig, name: str) -> tuple[list[str], list[str]]:
    """Returns a node's name and model, line by line, and its roles.

    Args:
        graph: From :func:`read_graph`.
        name: The node's name.

    Example:
        >>> graph = read_graph(dict(nodes=dict(teacher=dict(type='NetworkNode', network=dict(type='HuggingFace')))))
        >>> node_lines(graph, 'teacher')
        (['teacher', 'HuggingFace'], ['frozen'])
    """
    roles = ['target'] if name == graph.target else []
    if (role := graph.roles.get(name, 'trained')) != 'trained':
        roles.append(dict(ema='moving average').get(role, role))
    elif name in graph.roles and graph.members(name):
        roles.append('learns')
    model = model_name(graph.nodes[name])
    lines = (model.replace(' ', '\n') if len(model) > 20 else model).split('\n')
    lines += [f'reads {_short_layer(layer)}' for layer in [_arguments(graph.nodes[name]).get('layer')] if layer]
    lines += [f'shares {shared} with {graph.owner(name)}' for shared in [shared_text(graph, name)] if shared]
    lines += [f'makes {view}' for view, cfg in graph.made_views.items() if cfg.get('node') == name]
    return [name, *(line for line in lines if line.lower() != name.lower())], roles


def shared_text(graph: GraphConfig, name: str) -> str:
    """Returns which modules a node has of another one, in short; nothing if it has none.

    Args:
        graph: From :func:`read_graph`.
        name: The node's name.

    Example:
        >>> share = dict(node='b1', until='backbone.layer1')
        >>> shared_text(read_graph(dict(nodes=dict(b1={}, b2=dict(share=share)))), 'b2')
        'until layer1'
    """
    if graph.owner(name) is None:
        return ''
    share = graph.nodes[name]['share']
    if 'until' in share:
        return f'until {_short_layer(share["until"])}'
    modules = list(map(_short_layer, share.get('modules') or ()))
    return ', '.join(modules if len(modules) < 4 else [*modules[:2], f'{len(modules) - 2} more'])


def taught_members(graph: GraphConfig) -> set[tuple[str, str]]:
    """Returns nodes that read others, each with one that what teaches it teaches as well, as it reads it undetached.

    Args:
        graph: From :func:`read_graph`.
    """
    reached = set().union(*graph.reached.values())
    pairs = [(name, member) for name in reached for member in graph.members(name) if member in graph.attached([name])]
    return {(name, member) for name, member in pairs if graph.roles.get(member, 'trained') == 'trained'}


def type_name(config: Mapping[str, Any]) -> str:
    """Returns the bare name of a config's type, whether it is a string, has a scope or is a class.

    Args:
        config: A config with a ``type``.

    Example:
        >>> type_name(dict(type='mmpretrain.ResNet'))
        'ResNet'
    """
    kind = config.get('type', '?')
    return kind.rsplit('.', 1)[-1] if isinstance(kind, str) else getattr(kind, '__name__', str(kind))


def short_number(value: object) -> str:
    """Returns a value as short text: numbers with no trailing zeros, anything else as it prints.

    Args:
        value: What a config holds.

    Example:
        >>> short_number(2.0)
        '2'
    """
    return f'{value:g}' if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def model_name(node: Mapping[str, Any]) -> str:
    """Returns a node's model in short.

    Args:
        node: The node's config; a node with no ``network`` is called by its own type.

    Example:
        >>> backbone = dict(type='CIFARWideResNet', depth=28, widen_factor=2)
        >>> model_name(dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=backbone)))
        'WRN-28-2'
    """
    network = node.get('network')
    if not isinstance(network, Mapping):
        return type_name(node).removesuffix('Node')
    backbone = network.get('backbone')
    if type_name(network) != 'ImageClassifier' or not isinstance(backbone, Mapping):
        name = network.get('model_name')
        return f'{type_name(network)} {name}' if isinstance(name, str) else type_name(network)
    name = type_name(backbone)
    prefix = 'ABN ' if name.startswith('ABN') else ''
    family = name.removeprefix('ABN').removeprefix('CIFAR').removesuffix('_CIFAR')
    family = {'WideResNet': 'WRN'}.get(family, family)
    sizes = [backbone.get('depth', backbone.get('arch')), backbone.get('widen_factor')]
    # A setting in full (a dict of layer widths) is no name.
    return prefix + '-'.join([family, *(short_number(s) for s in sizes if isinstance(s, int | float | str))])


def gate_name(edge: EdgeConfig) -> str:
    """Returns the name of an edge's gate, or 'EMA' for a moving average, which has none.

    Args:
        edge: The edge.

    Example:
        >>> gate_name(EdgeConfig('a->b', dict(loss=dict(type='KLDivergence'))))
        'Through'
    """
    if edge.is_average:
        return 'EMA'
    return type_name(edge.gate.cfg).removesuffix('Gate')


def edge_text(edge: EdgeConfig, short: bool = True) -> str:
    """Returns what an edge teaches and when, in short.

    Args:
        edge: The edge.
        short: False writes types as a config has them, and does not mark what learns. Defaults to True.

    Example:
        >>> loss, gate = dict(type='KLDivergence', temperature=2.0), dict(type='LinearGate')
        >>> edge_text(EdgeConfig('a->b', dict(loss=loss, gate=gate)))
        'KL T=2 · Linear'
    """
    cfg, factor = edge.cfg, _factor(edge.cfg)
    if edge.is_average:
        return f'EMA {short_number(cfg["decay"])}' if 'decay' in cfg else 'EMA'
    losses = ' + '.join(_loss_text(loss, short) for loss in edge.losses) or 'no loss'
    if factor:
        losses = f'{factor}({losses})' if ' + ' in losses else factor + losses
    arguments = ', '.join(
        f'{_ARGUMENT_NAMES.get(name, name)}={short_number(value)}'
        for name, value in edge.gate.cfg.items()
        if name != 'type'
    )
    gate = gate_name(edge) if short else type_name(edge.gate.cfg)
    parts = [losses, f'{gate}({arguments})' if arguments else gate]
    if isinstance(views := cfg.get('views'), Mapping):
        parts.append('→'.join(str(views[end]) for end in ('source', 'target') if end in views))
    if isinstance(samples := cfg.get('samples'), str):
        parts.append(_SAMPLE_NAMES.get(samples, samples))
    return ' · '.join(parts)


def _loss_text(part: PartConfig, short: bool) -> str:
    loss, name = part.cfg, type_name(part.cfg)
    if part.inner is not part:
        inner = _loss_text(part.inner, short)
        return _factor(loss) + (f'{part.says("sign")}{inner}' if short else f'{name}({inner})')
    name = LOSSES[name][0] if short and name in LOSSES else name
    temperature = loss.get('temperature', 1)
    name = _factor(loss) + name + ('' if temperature == 1 else f' T={short_number(temperature)}')
    name += f' τ={short_number(loss["threshold"])}' if loss.get('threshold') else ''
    if layers := part.arguments.get('layers'):
        name += f' {_layers_text(layers)}'
    return f'{name} {LEARNS}' if short and part.says('learns') else name


def _layers_text(layers: Any) -> str:
    """The layers of both ends, source→target as views are."""
    try:
        ends = check_layers(layers)
    except ValueError:  # what cannot be trained is drawn all the same
        return str(layers)
    pairs = [tuple(map(_short_layer, pair)) for pair in zip(ends['source'], ends['target'], strict=True)]
    return ', '.join(source if source == target else f'{source}→{target}' for source, target in pairs)


def _short_layer(layer: object) -> str:
    return str(layer).removeprefix('backbone.')


def _arguments(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node's arguments, defaults included."""
    return {**default_arguments(class_of(NODES, node) if 'type' in node else None), **node}


def _factor(config: Mapping[str, Any]) -> str:
    weight = config.get('weight', 1)
    return '' if weight == 1 else f'{short_number(weight)}×'  # noqa: RUF001
