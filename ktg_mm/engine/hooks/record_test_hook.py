"""Test results beside the curves."""

from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.runner import Runner

from ktg_mm.mmengine_private import built_loop


class RecordTestHook(Hook):
    """Gives the metrics of a test to the visualizer, as ``test/node/metric``; mmengine's LoggerHook does not.

    They stand at the iterations that the run has trained for, at 0 if it has only been tested.

    Example:
        >>> RecordTestHook().priority
        'NORMAL'
    """

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Gives them."""
        numbers = {f'test/{name}': value for name, value in (metrics or {}).items() if isinstance(value, (int, float))}
        if numbers:
            runner.visualizer.add_scalars(numbers, step=runner.iter if built_loop(runner, 'train') else 0)
