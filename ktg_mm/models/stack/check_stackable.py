"""What cannot be trained in a stack."""

from __future__ import annotations

import copy
from typing import cast

import torch
from mmengine.dist import is_distributed
from mmengine.optim import OptimWrapper
from torch import nn
from torch.optim import SGD

from ktg_mm.config import LABEL
from ktg_mm.errors import ConfigError, first_line
from ktg_mm.mmengine_private import accumulative_counts
from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.graph import KnowledgeTransferGraph
from ktg_mm.models.likeness import likeness
from ktg_mm.models.needs import Labels
from ktg_mm.models.nodes import NetworkNode
from ktg_mm.models.nodes.probe import evaluated, made_up_images
from ktg_mm.models.updates import SimultaneousUpdate
from ktg_mm.structures import LabelOutput

from .edge_stack import EdgeStack, PlacedEdge
from .network_stack import NetworkStack

_RANDOM = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout, nn.RReLU)
_ALONE = 'train it alone'


def check_stackable(graph: KnowledgeTransferGraph, optim_wrapper: OptimWrapper) -> None:
    """Refuses a graph that a stack cannot train.

    Args:
        graph: It.
        optim_wrapper: Of its trained nodes.

    Raises:
        ConfigError: If there is something in it that does not fit; the message names the key and what would.
    """
    if is_distributed():
        raise ConfigError('launcher', f'a stack is trained by one process, not by several; {_ALONE}')
    _check_optimizer(optim_wrapper)
    if type(graph.update) is not SimultaneousUpdate:
        raise ConfigError('model.update', f'{type(graph.update).__name__} is no SimultaneousUpdate; {_ALONE}')
    if graph.averages:
        raise ConfigError(f'model.edges[{graph.averages[0].key!r}]', f'is a moving average; {_ALONE}')
    if len(graph.views):
        raise ConfigError('model.views', f'a stack makes no views; {_ALONE}')
    if getattr(graph.data_preprocessor, 'batch_augments', None) is not None:
        raise ConfigError('data_preprocessor.batch_augments', f'draws at random, which a stack does not; {_ALONE}')
    for name, node in graph.nodes.items():
        if node.has_parameters:
            _check_node(f'model.nodes.{name}', node)
    for edge in graph._transfers.values():
        path = f'model.edges[{edge.key!r}]'
        for name in {edge.source_name, edge.target_name} - {LABEL}:
            if not graph.nodes[name].has_parameters:
                raise ConfigError(path, f'{name!r} is no network, so a stack cannot compute the edge; {_ALONE}')
        if edge.views or edge.align is not None or edge.samples == 'unlabeled':
            entry = 'views' if edge.views else 'samples' if edge.align is None else 'align'
            raise ConfigError(f'{path}.{entry}', f'a stack has one view of labelled images, as it is; {_ALONE}')
        for key, part in edge.parts:
            state = part.adaptive or part.learns or getattr(part, 'draws', False)
            if state or any(not isinstance(need, Labels) for need in part.needs if need.applies(part)):
                what = type(part).__name__
                raise ConfigError(key, f'{what} looks at more than logits and labels, or keeps a state; {_ALONE}')
        _check_edge_runs(path, edge)


def check_alike(graph: KnowledgeTransferGraph, first: KnowledgeTransferGraph) -> None:
    """Refuses a graph whose networks or images are not prepared as those of another one.

    Args:
        graph: The graph.
        first: One that is in the stack.

    Raises:
        ConfigError: If a node is not the same but for its weights; the message names it.
    """
    if list(graph.nodes) != list(first.nodes):
        raise ConfigError('model.nodes', f'are {_names(graph)}, but those of the stack {_names(first)}; {_ALONE}')
    for name, node in graph.nodes.items():
        own, other = (getattr(one, 'network', one) for one in (node, first.nodes[name]))
        if type(node) is not type(first.nodes[name]) or likeness(own) != likeness(other):
            raise ConfigError(f'model.nodes.{name}', f'is not of one architecture with that of the stack; {_ALONE}')
    buffers, others = (dict(one.data_preprocessor.named_buffers()) for one in (graph, first))
    same = buffers.keys() == others.keys() and all(torch.equal(buffers[key], others[key]) for key in buffers)
    if not same or likeness(graph.data_preprocessor) != likeness(first.data_preprocessor):
        raise ConfigError('data_preprocessor', f"is not that of the stack's graphs, which share their images; {_ALONE}")


def _names(graph: KnowledgeTransferGraph) -> str:
    return ', '.join(map(str, graph.nodes))


def _check_optimizer(optim_wrapper: OptimWrapper) -> None:
    if type(optim_wrapper) is not OptimWrapper:
        name = type(optim_wrapper).__name__
        raise ConfigError('optim_wrapper.type', f"must be 'OptimWrapper' in a stack, got {name!r}; {_ALONE}")
    if type(optim_wrapper.optimizer) is not SGD:
        name = type(optim_wrapper.optimizer).__name__
        raise ConfigError('optim_wrapper.optimizer.type', f"must be 'SGD' in a stack, got {name!r}; {_ALONE}")
    if optim_wrapper.clip_grad_kwargs:
        raise ConfigError('optim_wrapper.clip_grad', f'a stack cuts no gradients off; {_ALONE}')
    if (count := accumulative_counts(optim_wrapper)) != 1:
        raise ConfigError('optim_wrapper.accumulative_counts', f'must be 1 in a stack, got {count}; {_ALONE}')
    for group in optim_wrapper.optimizer.param_groups:
        for name in ('dampening', 'maximize', 'differentiable'):
            if group[name]:
                raise ConfigError(
                    f'optim_wrapper.optimizer.{name}', f'must be {type(group[name])()} in a stack, got {group[name]!r}'
                )


def _check_node(path: str, node: nn.Module) -> None:
    if type(node) is not NetworkNode:
        raise ConfigError(f'{path}.type', f'must be NetworkNode in a stack, got {type(node).__name__}; {_ALONE}')
    if node.share is not None or node.shared:
        raise ConfigError(f'{path}.share', f'a network of a stack shares no modules; {_ALONE}')
    if node.has_attention_branch:
        raise ConfigError(f'{path}.network.backbone', f'has an attention branch, which a stack has not; {_ALONE}')
    for place, module in node.network.named_modules():
        draws = getattr(module, 'p', 0) or getattr(module, 'drop_prob', 0) or isinstance(module, nn.RReLU)
        if module.training and draws and (isinstance(module, _RANDOM) or hasattr(module, 'drop_prob')):
            raise ConfigError(f'{path}.network', f'{place} draws at random, which a stack does not; {_ALONE}')
    _check_runs(f'{path}.network', node.network)


@torch.no_grad()
def _check_runs(path: str, network: nn.Module) -> None:
    """Runs a network on made-up images alone and as a stack would, on a copy, and compares."""
    alone = copy.deepcopy(network)
    problem: Exception | None = None
    for images in made_up_images(network):
        try:
            with evaluated(alone):
                alone(images, mode='tensor')
        except (AssertionError, RuntimeError, ValueError) as error:  # too small, or not the size that it is for
            problem = problem or error
            continue
        try:
            stack = NetworkStack([copy.deepcopy(alone)])
            logits = stack(images, mode='tensor')[0]
        except (RuntimeError, ValueError) as error:
            problem = error
            break
        expected = alone(images, mode='tensor')
        stack.copy_back(0)
        pairs = [(logits, expected), *zip(stack.networks[0].buffers(), alone.buffers(), strict=True)]
        if all(torch.allclose(one, other, rtol=1e-3, atol=1e-4) for one, other in pairs):
            return
        raise ConfigError(path, f'something in it is overwritten in place and read again; {_ALONE}')
    raise ConfigError(path, f'does not run in a stack ({first_line(cast(Exception, problem))}); {_ALONE}')


@torch.no_grad()
def _check_edge_runs(path: str, edge: TransferEdge) -> None:
    """Runs an edge on made-up logits as a stack would."""
    logits, labels = torch.eye(4).repeat(2, 1, 1), torch.tensor([0, 1, 2, 0])
    placed = PlacedEdge(edge, 0, 0, None if edge.source_name == LABEL else 1)
    try:
        EdgeStack([placed], logits.device)(logits, LabelOutput(labels, 4), labels, torch.ones(1, dtype=torch.float64))
    except (RuntimeError, TypeError, ValueError) as error:
        raise ConfigError(path, f'does not run in a stack ({first_line(error)}); {_ALONE}') from error
