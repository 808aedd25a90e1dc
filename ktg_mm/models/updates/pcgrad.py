"""Update with conflict-free gradients."""

import itertools
from collections.abc import Sequence

import torch
from mmengine.dist import all_reduce
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import Tensor, nn

from ktg_mm.config import LABEL, parse_edge_key
from ktg_mm.config.check_argument import check_flag
from ktg_mm.errors import ConfigError
from ktg_mm.mmengine_private import accumulative_counts
from ktg_mm.models.step_random import step_uniform
from ktg_mm.registry import UPDATES
from ktg_mm.structures import EdgeValue

from .base import Update


@UPDATES.register_module()
class PCGradUpdate(Update):
    """Takes conflicts out of what a node's teachers ask of it, then steps (PCGrad, Yu et al., NeurIPS 2020, alg. 1).

    Each edge into a node is a teacher and gives a gradient. Where two of them conflict, g_i . g_j < 0, g_i loses its
    component along g_j; g_i is compared with the others' original gradients one after the other, in an order drawn anew
    at each iteration. The node learns from the sum of what is left. How long g_j is does not matter for what g_i loses:
    an edge of small weight takes out as much. It costs one backward pass per edge.

    For every pair of a node's teachers the log has the share of iterations in which their original gradients
    conflicted: ``conflict/net1/net2,net3`` is that of net2 and net3 about net1. An edge that ends in another node, but
    teaches this one as well, goes by its whole key.

    Args:
        label: True if the label is one of the teachers; False adds its gradient as it is. Defaults to False.

    Raises:
        ValueError: If ``label`` is neither True nor False.
        ConfigError: At the first step, if the optimiser scales losses or accumulates gradients over several batches.

    Example:
        >>> conflict_free(torch.tensor([[1.0, 0.0], [-1.0, 1.0]]), [[1], [0]])
        tensor([0.5000, 1.5000])
    """

    takes_apart = True

    def __init__(self, label: bool = False) -> None:
        super().__init__()
        self.label = check_flag('label', label)

    def __call__(
        self, model: nn.Module, graph: nn.Module, batch: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, EdgeValue]:
        """Trains all nodes at once on a batch."""
        if accumulative_counts(optim_wrapper) > 1:
            raise ConfigError('optim_wrapper.accumulative_counts', 'must be 1 with PCGradUpdate')
        if isinstance(optim_wrapper, AmpOptimWrapper):
            raise ConfigError('optim_wrapper.type', 'scales losses; with PCGradUpdate take AutocastOptimWrapper')
        # Not the distributed wrapper: it averages the gradient of a sum, and each edge's is wanted.
        with optim_wrapper.optim_context(graph):
            values: dict[str, EdgeValue] = graph(**batch, mode='loss')
        optim_wrapper.zero_grad()
        self.report = {}
        for node, parameters in graph.parameter_groups():  # type: ignore[operator]
            keys = graph.edges_that_teach(node)  # type: ignore[operator]
            gradients, reached = _gradients([values[key].loss for key in keys], parameters)
            all_reduce(gradients, op='mean')
            teachers = [i for i, key in enumerate(keys) if self.label or parse_edge_key(key).source != LABEL]
            others = [i for i in range(len(keys)) if i not in teachers]
            teaching = _rows(gradients, teachers)
            self._count_conflicts(node, [keys[i] for i in teachers], teaching)
            orders = _orders(len(teachers), graph.seed, graph.progress, node)  # type: ignore[arg-type]
            _put(conflict_free(teaching, orders) + _rows(gradients, others).sum(dim=0), reached)
        optim_wrapper.step()
        optim_wrapper.zero_grad()
        return values

    def _count_conflicts(self, node: str, keys: list[str], gradients: Tensor) -> None:
        products = gradients @ gradients.T
        for (i, first), (j, second) in itertools.combinations(enumerate(keys), 2):
            names = f'{_teacher(first, node)},{_teacher(second, node)}'
            self.report[f'conflict/{node}/{names}'] = (products[i, j] < 0).float()


def _teacher(key: str, node: str) -> str:
    """An edge's key, without its target if that is the node that it teaches."""
    source, target, suffix = parse_edge_key(key)
    if target != node:
        return key
    return source if suffix is None else f'{source}:{suffix}'


def _rows(table: Tensor, numbers: list[int]) -> Tensor:
    """Some rows; an index that is a list would go from the host to the device in the middle of a step."""
    return torch.cat([table[i : i + 1] for i in numbers] or [table[:0]])


def _orders(number: int, seed: int, progress: Tensor, node: str) -> Tensor:
    """For each of a node's teachers the others in a random order, shape (M, M - 1).

    Drawn from the seed and the progress, all processes and a resumed run have the same.
    """
    drawn = step_uniform(seed, progress, (number, number), salt=f'PCGradUpdate/{node}')
    itself_last = drawn + torch.eye(number, dtype=drawn.dtype, device=drawn.device)
    return itself_last.argsort(dim=1)[:, :-1]


def conflict_free(gradients: Tensor, orders: Tensor | Sequence[Sequence[int]]) -> Tensor:
    """The sum of gradients without their conflicts.

    Args:
        gradients: One a row, shape (M, P).
        orders: For each gradient the others, in the order in which it is compared with them, shape (M, M - 1).

    Returns:
        The sum, shape (P,).
    """
    # All that happens is a matter of the gradients' products: row i says how much of each gradient is in g_i.
    products = (gradients @ gradients.T).double()
    shares = torch.eye(len(gradients), dtype=products.dtype, device=products.device)
    # Of gradients so small that their squares vanish, the others lose nothing.
    squares = products.diagonal().clamp(min=torch.finfo(gradients.dtype).tiny)
    for others in torch.as_tensor(orders, dtype=torch.long, device=products.device).unbind(dim=1):
        product = (shares * products[:, others].T).sum(dim=1)
        shares.scatter_add_(1, others[:, None], (product.clamp(max=0) / squares[others]).neg()[:, None])
    return shares.sum(dim=0).to(gradients.dtype) @ gradients


def _gradient(loss: Tensor, parameters: list[nn.Parameter]) -> Sequence[Tensor | None]:
    if not loss.requires_grad:  # it ends in a part of the network that is frozen
        return [None] * len(parameters)
    return torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)


def _gradients(losses: list[Tensor], parameters: list[nn.Parameter]) -> tuple[Tensor, list[nn.Parameter]]:
    """Each loss's gradient as a row, and the parameters that it is about: those that some loss reaches."""
    found = [_gradient(loss, parameters) for loss in losses]
    columns = [i for i in range(len(parameters)) if any(gradients[i] is not None for gradients in found)]
    rows = []
    for gradients in found:
        parts = [parameters[i].new_zeros(parameters[i].shape) if (g := gradients[i]) is None else g for i in columns]
        rows.append(torch.cat([part.flatten() for part in parts] or [losses[0].new_zeros(0)]))
    return torch.stack(rows), [parameters[i] for i in columns]


def _put(gradient: Tensor, parameters: list[nn.Parameter]) -> None:
    sizes = [parameter.numel() for parameter in parameters]
    for part, parameter in zip(gradient.split(sizes), parameters, strict=True):
        grad = part.view_as(parameter)
        # Fused optimisers go by the order in memory, and do not look whether both have the same.
        parameter.grad = grad if parameter.is_contiguous() else torch.empty_like(parameter).copy_(grad)
