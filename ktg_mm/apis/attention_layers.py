"""Which layer of a network its attention map is taken from: the option ``--layer``, and what to choose for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from mmengine.config import Config
from torch import Tensor, nn

from ktg_mm.errors import ConfigError, UserError, did_you_mean
from ktg_mm.models import KnowledgeTransferGraph

FEWEST_CELLS = 5  # along a side; with fewer, a map says no more than which quarter of an image


class Layer(NamedTuple):
    """A layer of a network that gives a feature map.

    Args:
        name: Its module, such as ``'backbone.layer2'``.
        rows: Cells from top to bottom.
        columns: Cells from left to right.
    """

    name: str
    rows: int
    columns: int


def with_layers(configs: Sequence[Config], layers: Sequence[str]) -> list[Config]:
    """The configs with other layers to take attention maps from.

    Args:
        configs: They stay as they are.
        layers: Each ``LAYER``, for all networks, or ``NODE=LAYER``; later ones hold over earlier ones.

    Raises:
        UserError: If none of the configs has such a node, or it is no network.

    Example:
        >>> cfg = Config(dict(model=dict(nodes=dict(a=dict(type='NetworkNode', network=dict(type='X'))))))
        >>> with_layers([cfg], ['a=backbone.layer1'])[0].model.nodes.a.attention_layer
        'backbone.layer1'
    """
    if not layers:
        return list(configs)
    changed = [Config(cfg.to_dict(), cfg.text, cfg.filename, format_python_code=False) for cfg in configs]
    nodes = [dict((cfg.get('model') or {}).get('nodes') or {}) for cfg in changed]
    networks = [
        {name: node for name, node in some.items() if isinstance(node, dict) and 'network' in node} for some in nodes
    ]
    for one in layers:
        name, equals, layer = one.rpartition('=')
        if not layer or (equals and not name):
            raise UserError(f'--layer {one}: must be LAYER or NODE=LAYER')
        known = {network for some in networks for network in some}
        if equals and name not in known:
            raise UserError(f'--layer {one}: no network is named {name!r}; {did_you_mean(name, known)}')
        for some in networks:
            for network in [name] if equals else some:
                if network in some:
                    some[network]['attention_layer'] = layer
    return changed


@contextlib.contextmanager
def named_layer_errors(layers: Sequence[str]) -> Iterator[None]:
    """Makes mistakes in ``attention_layer`` those of the option, where it was given.

    Args:
        layers: What it was given.
    """
    try:
        yield
    except ConfigError as error:
        if not layers or not error.key.endswith('.attention_layer'):
            raise
        raise UserError(f'--layer {" ".join(layers)}: {error}') from error


def is_small(rows: int, columns: int) -> bool:
    """Whether a map has too few cells to show where a network looks.

    Example:
        >>> is_small(4, 4), is_small(7, 7)
        (True, False)
    """
    return min(rows, columns) < FEWEST_CELLS


def larger_layer(graph: KnowledgeTransferGraph, name: str, images: Tensor) -> Layer | None:
    """The layer with the smallest map that has cells enough; None, if there is none.

    Args:
        graph: The graph.
        name: A network of it.
        images: A few images as the graph's networks get them.
    """
    network = graph.nodes[name].network
    came: dict[str, tuple[Tensor, int]] = {}

    def keep(layer: str, module: nn.Module, args: Any, output: Any) -> None:
        output = output[-1] if isinstance(output, (list, tuple)) and output else output
        if isinstance(output, Tensor) and output.dim() == 4:
            came.pop(layer, None)
            came[layer] = output, output._version

    hooks = [module.register_forward_hook(partial(keep, layer)) for layer, module in network.named_modules() if layer]
    try:
        graph.node_outputs(images, [name])
    finally:
        for hook in hooks:
            hook.remove()
    layers = [
        Layer(layer, *map(int, feature.shape[2:]))
        for layer, (feature, version) in came.items()
        if feature._version == version and not is_small(*feature.shape[2:])  # what is overwritten cannot be taken
    ]
    # Of the deepest, whole stages before the modules in them, and the last of these.
    return min(reversed(layers), key=lambda layer: (layer.rows * layer.columns, layer.name.count('.')), default=None)


def small_maps_warning(sizes: Mapping[str, tuple[int, int]], larger: Mapping[str, Layer]) -> str | None:
    """What to say of maps with too few cells, in one line; None, if all have enough.

    Args:
        sizes: Rows and columns of the maps by node; a node's name may begin with its run's, as in ``seed0/net1``.
        larger: Layers with larger maps, of the nodes that have some.

    Example:
        >>> small_maps_warning(dict(a=(2, 2), b=(8, 8)), dict(a=Layer('backbone.layer1', 8, 8)))
        'the maps of a have 2x2 cells, too few to show where a network looks; take --layer a=backbone.layer1 (8x8)'
    """
    small = {name: size for name, size in sizes.items() if is_small(*size)}
    if not small:
        return None
    cells = _unique(f'{rows}x{columns}' for rows, columns in small.values())
    which = ', '.join(_unique(name.rpartition('/')[2] for name in small))
    found = {name.rpartition('/')[2]: larger[name] for name in small if name in larger}
    layers = {(layer.name, layer.rows, layer.columns) for layer in found.values()}
    for_all = len(layers) == 1 and small.keys() == sizes.keys() == larger.keys()
    options = [layer.name if for_all else f'{name}={layer.name}' for name, layer in found.items()]
    sizes_found = _unique(f'{layer.rows}x{layer.columns}' for layer in found.values())
    advice = f'take --layer {" ".join(_unique(options))} ({", ".join(sizes_found)})' if found else 'no layer has more'
    return f'the maps of {which} have {", ".join(cells)} cells, too few to show where a network looks; {advice}'


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
