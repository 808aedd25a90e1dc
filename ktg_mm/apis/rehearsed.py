"""What a process that trains many graphs has rehearsed."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmengine.config import Config
from mmengine.runner import Runner

_OF_ONE_RUN = ('work_dir', 'experiment_name')
_passed: set[str] | None = None  # the texts of edges among the rest of their config; None where nothing is kept


@contextmanager
def rehearsing_once() -> Iterator[None]:
    """Within it a run of which everything has passed is not rehearsed again (:func:`unless_passed`).

    Example:
        >>> with rehearsing_once():
        ...     pass  # a search
    """
    global _passed
    before, _passed = _passed, set() if _passed is None else _passed
    try:
        yield
    finally:
        _passed = before


def unless_passed(rehearse: Callable[[Runner], None]) -> Callable[[Runner], None]:
    """Makes a rehearsal leave out a run of which nothing is new.

    Edges do not see one another: a graph whose every edge has passed with the same nodes, data, optimiser and all else
    is not rehearsed again.

    Args:
        rehearse: Raises an error if the run is wrong.
    """

    @functools.wraps(rehearse)
    def rehearse_anew(runner: Runner) -> None:
        passed = set() if _passed is None else _passed
        edges = _edges(runner.cfg) if _passed is not None else set()
        if not edges or not edges <= passed:
            rehearse(runner)
            passed |= edges

    return rehearse_anew


def _edges(cfg: Config) -> set[str]:
    """A text for each edge, with all of the config but the other edges; none if an object may look like another."""
    config = {key: value for key, value in cfg.to_dict().items() if key not in _OF_ONE_RUN}
    model = dict(config.pop('model'))
    edges = model.pop('edges', {})
    try:
        rest = json.dumps([config, model])
        return {f'{json.dumps([key, edge])} {rest}' for key, edge in edges.items()}
    except (TypeError, ValueError):
        return set()
