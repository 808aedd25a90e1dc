"""A study's trials as they are at one moment, read once."""

from __future__ import annotations

import copy
from collections.abc import Container
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from .optuna_private import study_through


class Snapshot:
    """A study's storage that reads its trials once, and again only after a trial was written to through it.

    A database sends the whole of every running trial at each read, so that with many workers reading costs the most.

    Args:
        storage: A storage of Optuna, to which all else is passed on.
    """

    def __init__(self, storage: Any) -> None:
        self._wrapped = storage
        self._trials: list[FrozenTrial] | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith(('set_trial', 'create_new_trial', 'delete_study')):
            self._trials = None
        return getattr(self._wrapped, name)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """As the storage's, as they were when they were first asked for."""
        if self._trials is None:
            self._trials = self._wrapped.get_all_trials(study_id, deepcopy=False)
        found = [trial for trial in self._trials if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found


def snapshot_of(study: Study) -> Study:
    """A view of a study for one piece of work, which sees the same trials all along, but for what it writes itself.

    Args:
        study: The study. What is written to it by other ways the view does not see.

    Example:
        >>> import optuna
        >>> study = optuna.create_study()
        >>> seen = snapshot_of(study)
        >>> len(seen.trials), study.ask().number, len(seen.trials), len(study.trials)
        (0, 0, 0, 1)
    """
    return study_through(study, Snapshot)
