"""Successive update: several optimisers on one forward."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.dist import all_reduce_params
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from ktg_mm.config.phases import check_phases, edges_of_phases
from ktg_mm.errors import ConfigError
from ktg_mm.registry import UPDATES
from ktg_mm.structures import EdgeValue

from .base import Update, total_loss


@UPDATES.register_module()
class SuccessiveUpdate(Update):
    """One forward of all nodes, then a step for each phase, a group of edges with an optimiser of its own.

    So adversarial feature distillation takes a step on its logits' losses and another one on its features' (Chung et
    al., ICML 2020, 3.2), and DOT one on the label's losses and one on the teachers' (Zhao et al., ICCV 2023). All
    gradients are taken before the first step, of the same weights; the steps follow one another in the phases' order,
    so that a weight decay sees what the steps before it have left. A parameter that a phase gives no gradient is left
    alone by its step. It costs one backward pass per phase.

    The config's ``optim_wrapper`` has an optimiser for each phase, ``dict(constructor='NodeOptimWrapperConstructor',
    logits=dict(optimizer=dict(type='SGD', lr=0.1)), features=dict(optimizer=dict(type='Adam', lr=2e-5)))``, and its
    ``param_scheduler`` schedules that hold for all phases, or for each its own, ``dict(logits=..., features=...)``.

    Args:
        phases: A name and a pattern of edges' keys, or several, for each, such as ``[dict(name='logits', edges='*'),
            dict(name='features', edges='*:features')]``; an edge is of the last phase that matches it.

    Raises:
        ValueError: If the phases are no such list.
        ConfigError: If an edge is of no phase, or no edge that teaches of a phase; at the first step, if all that a
            phase's edges end in is frozen.

    Example:
        >>> update = SuccessiveUpdate([dict(name='logits', edges='*'), dict(name='features', edges='*:features')])
        >>> update.set_edges(['label->net1', 'net2->net1:features'])
        >>> update.edges
        {'logits': ['label->net1'], 'features': ['net2->net1:features']}
    """

    takes_apart = True

    def __init__(self, phases: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.phases = check_phases(phases)
        self._gradients: dict[str, Sequence[Tensor | None]] = {}

    def set_edges(self, keys: Sequence[str]) -> None:
        """Finds out which edges are of which phase."""
        self.edges = edges_of_phases(self.phases, keys)
        for phase, edges in self.edges.items():
            if not edges:
                raise ConfigError(
                    f'model.update.phases.{phase}',
                    f'no edge that teaches is of it, of {", ".join(keys)}; remove it, with its optimiser',
                )

    def __call__(
        self, model: nn.Module, graph: nn.Module, batch: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, EdgeValue]:
        """Trains all nodes on a batch."""
        # Not the distributed wrapper: it averages the gradient of one backward pass.
        with optim_wrapper.optim_context(graph):
            values: dict[str, EdgeValue] = graph(**batch, mode='loss')
        parameters = list(graph.parameters())
        wrappers = {phase: optim_wrapper[phase] for phase in self.edges}
        last = list(wrappers)[-1]
        for phase, wrapper in wrappers.items():
            _put(self._gradients.get(phase), parameters)
            loss = total_loss({key: values[key] for key in self.edges[phase]})
            if not loss.requires_grad:
                raise ConfigError(
                    f'model.update.phases.{phase}',
                    'nothing learns from its edges, which end in frozen modules; remove it, with its optimiser',
                )
            wrapper.backward(wrapper.scale_loss(loss), retain_graph=phase != last)
            self._gradients[phase] = [parameter.grad for parameter in parameters]
        if optim_wrapper.should_update():
            for phase, wrapper in wrappers.items():
                _put(self._gradients.pop(phase), parameters)
                all_reduce_params([p.grad for p in parameters if p.grad is not None], op='mean')
                wrapper.step()
        _put(None, parameters)
        return values


def _put(gradients: Sequence[Tensor | None] | None, parameters: list[nn.Parameter]) -> None:
    """Makes gradients those of the parameters; None takes them away."""
    for i, parameter in enumerate(parameters):
        parameter.grad = None if gradients is None else gradients[i]
