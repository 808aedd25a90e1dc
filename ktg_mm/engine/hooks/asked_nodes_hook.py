"""Leaves nodes out of evaluations that no metric asks for."""

from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ktg_mm.engine.unwrapped import unwrapped
from ktg_mm.evaluation.node_metric import NodeMetric


@HOOKS.register_module()
class AskedNodesHook(Hook):
    """Lets a graph predict with the nodes alone that the evaluator's metrics name, the target and what these are of.

    Only where every metric is a NodeMetric with ``nodes``; else, and outside of evaluations, all nodes predict.

    Example:
        >>> AskedNodesHook().priority
        'NORMAL'
    """

    def before_val_epoch(self, runner: Runner) -> None:
        """Looks at ``val_evaluator``."""
        self._set(runner, asked_nodes(runner.val_evaluator))

    def before_test_epoch(self, runner: Runner) -> None:
        """Looks at ``test_evaluator``."""
        self._set(runner, asked_nodes(runner.test_evaluator))

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """All nodes predict again."""
        self._set(runner, None)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """All nodes predict again."""
        self._set(runner, None)

    def _set(self, runner: Runner, names: Sequence[str] | None) -> None:
        model: Any = unwrapped(runner.model)
        # A name that there is not is the metric's to refuse.
        model.predicted = names if names is None or set(names) <= set(model.nodes) else None


def asked_nodes(evaluator: Evaluator) -> list[str] | None:
    """The nodes that an evaluator asks for; None for all.

    Args:
        evaluator: With its metrics.

    Example:
        >>> asked_nodes(Evaluator([NodeMetric(nodes=['net1']), NodeMetric(nodes=['net3', 'net1'])]))
        ['net1', 'net3']
        >>> asked_nodes(Evaluator([NodeMetric(nodes=['net1']), NodeMetric()])) is None
        True
    """
    names: list[str] = []
    for metric in evaluator.metrics:
        if type(metric) is not NodeMetric or metric.nodes is None:
            return None
        names += metric.nodes
    return list(dict.fromkeys(names))
