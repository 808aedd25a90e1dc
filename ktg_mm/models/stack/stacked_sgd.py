"""SGD on stacked parameters, as the optimisers of the graphs in the stack would do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import SGD
from torch.optim.sgd import sgd

Options = tuple[Any, ...]
_OPTIONS = ('lr', 'momentum', 'weight_decay', 'nesterov')


class Row(NamedTuple):
    """A parameter of a stack as one of its graphs knows it.

    Args:
        parameter: The network's own.
        optimizer: The graph's.
    """

    parameter: nn.Parameter
    optimizer: SGD


class StackedSGD:
    """Makes the steps of several SGD optimisers on parameters that are stacked.

    Rates and the other options are read from the optimisers' groups at each step, so whatever sets them there, such as
    a schedule, works on. Where all rows have the same, the whole stack is moved as one, else row by row.

    Args:
        stacked: The stacked parameters, shapes (M, ...).
        rows: For each of them its M rows. Momenta that their optimisers have are taken over.

    Example:
        >>> own = [nn.Parameter(torch.zeros(2)) for _ in range(3)]
        >>> stacked = torch.stack(list(own)).detach().requires_grad_()
        >>> rows = [Row(parameter, SGD([parameter], lr=rate)) for parameter, rate in zip(own, (1.0, 1.0, 2.0))]
        >>> StackedSGD([stacked], [rows]).step([torch.ones(3, 2)])
        >>> stacked[:, 0].tolist()
        [-1.0, -1.0, -2.0]
    """

    def __init__(self, stacked: Sequence[Tensor], rows: Sequence[Sequence[Row]]) -> None:
        self._stacked, self._rows = list(stacked), [list(one) for one in rows]
        self._groups = [[_group_of(row) for row in one] for one in self._rows]
        # A parameter that never gets a gradient has no momentum, neither here nor there.
        self._momenta: list[Tensor | None] = [None] * len(self._stacked)
        self._moved: list[set[int]] = [set() for _ in self._stacked]  # rows whose momenta are others by now

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor | None]) -> None:
        """Moves the parameters; None leaves one as it is.

        Args:
            gradients: Of the stacked parameters.
        """
        calls: dict[Options, tuple[list[Tensor], list[Tensor], list[Tensor | None]]] = {}
        read: dict[tuple[int, int], Options] = {}
        for i, gradient in enumerate(gradients):
            if gradient is None:
                continue
            options = [self._read(read, *group) for group in self._groups[i]]
            parameter, momentum = self._stacked[i], self._momentum(i, any(one[1] for one in options))
            self._moved[i].update(row for row, one in enumerate(options) if one[1])
            # Rows with the same options are one call; all of them are the stacked tensor itself.
            parts = [(slice(None), options[0])] if len(set(options)) == 1 else list(enumerate(options))
            for row, chosen in parts:
                found = calls.setdefault(chosen, ([], [], []))
                found[0].append(parameter[row])
                found[1].append(gradient[row])
                found[2].append(None if momentum is None else momentum[row])
        for chosen, (parameters, moves, momenta) in calls.items():
            named = dict(zip(_OPTIONS, chosen, strict=True))
            sgd(parameters, moves, momenta, **named, dampening=0.0, maximize=False)

    def copy_back(self, i: int, row: int) -> None:
        """Gives a row's optimiser the momentum that it has in the stack.

        Args:
            i: The parameter's place among the stacked ones.
            row: The row in it.
        """
        momentum = self._momenta[i]
        if momentum is not None and row in self._moved[i]:
            parameter, optimizer = self._rows[i][row]
            optimizer.state[parameter]['momentum_buffer'] = momentum[row].clone()

    def _momentum(self, i: int, wanted: bool) -> Tensor | None:
        if wanted and self._momenta[i] is None:
            # The first step's momentum is the gradient itself, which is what it adds to zero.
            momentum = torch.zeros_like(self._stacked[i])
            for row, (parameter, optimizer) in enumerate(self._rows[i]):
                known = optimizer.state.get(parameter, {}).get('momentum_buffer')
                if known is not None:
                    momentum[row].copy_(known)
            self._momenta[i] = momentum
        return self._momenta[i]

    @staticmethod
    def _read(read: dict[tuple[int, int], Options], optimizer: SGD, number: int) -> Options:
        """The options of a group, looked up once a step."""
        key = id(optimizer), number
        if key not in read:
            read[key] = tuple(map(optimizer.param_groups[number].__getitem__, _OPTIONS))
        return read[key]


def _group_of(row: Row) -> tuple[SGD, int]:
    """The optimiser and the place of the group that has a parameter; a loaded state replaces the group itself."""
    for number, group in enumerate(row.optimizer.param_groups):
        if any(parameter is row.parameter for parameter in group['params']):
            return row.optimizer, number
    raise ValueError('rows: the optimizer has no such parameter')
