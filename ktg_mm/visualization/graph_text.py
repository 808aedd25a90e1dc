"""The short names that a graph picture gives to networks, losses and gates."""

from collections.abc import Mapping
from typing import Any

# Short names and what they stand for.
LOSSES = {
    'CrossEntropy': ('CE', 'cross-entropy'),
    'KLDivergence': ('KL', 'Kullback-Leibler divergence'),
    'ProbabilityCosine': ('P−', 'probabilities are pushed apart'),  # noqa: RUF001, a minus sign is as wide as a plus
    'AttentionMSE': ('A+', 'attention maps are drawn together'),
    'AttentionCosine': ('A−', 'attention maps are pushed apart'),  # noqa: RUF001
    'ProbabilityMSE': ('MSE', 'squared distance of probabilities'),
    'PseudoLabel': ('PL', 'cross-entropy with the predicted class'),
    'SelfAdaptiveFairness': ('SAF', 'self-adaptive fairness'),
}
_ARGUMENT_NAMES = {'frequency': 'f', 'phase': 'φ', 'threshold': 'τ'}
_SAMPLE_NAMES = {'labeled': 'labelled', 'unlabeled': 'unlabelled'}


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


def losses_of(edge: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns an edge's losses as a list, however they are written.

    Args:
        edge: The edge's config.

    Example:
        >>> losses_of(dict(loss=dict(type='KLDivergence')))
        [{'type': 'KLDivergence'}]
    """
    losses = edge.get('loss') or []
    return [losses] if isinstance(losses, Mapping) else list(losses)


def gate_name(edge: Mapping[str, Any]) -> str:
    """Returns the name of an edge's gate, or 'EMA' for a moving average, which has none.

    Args:
        edge: The edge's config.

    Example:
        >>> gate_name(dict(loss=dict(type='KLDivergence')))
        'Through'
    """
    if type_name(edge) == 'EMAEdge':
        return 'EMA'
    return type_name(edge.get('gate') or dict(type='ThroughGate')).removesuffix('Gate')


def edge_text(edge: Mapping[str, Any]) -> str:
    """Returns what an edge teaches and when, in short.

    Args:
        edge: The edge's config.

    Example:
        >>> edge_text(dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='LinearGate')))
        'KL T=2 · Linear'
    """
    if type_name(edge) == 'EMAEdge':
        return f'EMA {short_number(edge["decay"])}' if 'decay' in edge else 'EMA'
    losses = ' + '.join(_loss_text(loss) for loss in losses_of(edge)) or 'no loss'
    if _factor(edge):
        losses = f'{_factor(edge)}({losses})' if ' + ' in losses else _factor(edge) + losses
    gate = edge.get('gate') or {}
    arguments = ', '.join(
        f'{_ARGUMENT_NAMES.get(name, name)}={short_number(value)}' for name, value in gate.items() if name != 'type'
    )
    parts = [losses, f'{gate_name(edge)}({arguments})' if arguments else gate_name(edge)]
    views = edge.get('views')
    if isinstance(views, Mapping):
        parts.append('→'.join(str(views[end]) for end in ('source', 'target') if end in views))
    if isinstance(edge.get('samples'), str):
        parts.append(_SAMPLE_NAMES.get(edge['samples'], edge['samples']))
    return ' · '.join(parts)


def _loss_text(loss: Mapping[str, Any]) -> str:
    name = LOSSES.get(type_name(loss), [type_name(loss)])[0]
    temperature = loss.get('temperature', 1)
    name = _factor(loss) + name + ('' if temperature == 1 else f' T={short_number(temperature)}')
    return name + (f' τ={short_number(loss["threshold"])}' if loss.get('threshold') else '')


def _factor(config: Mapping[str, Any]) -> str:
    weight = config.get('weight', 1)
    return '' if weight == 1 else f'{short_number(weight)}×'  # noqa: RUF001
