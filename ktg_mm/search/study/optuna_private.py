"""The private names of Optuna that a search cannot do without, all in this module.

``setup.cfg`` bounds the version, and ``tests/search/study/test_optuna_private.py`` says which name a new one lacks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from optuna.storages import BaseStorage, RDBStorage
from optuna.storages._heartbeat import BaseHeartbeat
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial


class BirthStorage(RDBStorage):
    """Optuna's database, whose trials have user attributes from birth."""

    attributes_at_birth: dict[str, Any] = {}

    def _create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> FrozenTrial:
        if template_trial is None:
            template_trial = create_trial(state=TrialState.RUNNING, user_attrs=self.attributes_at_birth)
        return super()._create_new_trial(study_id, template_trial)


def record_heartbeat(trial: Trial) -> None:
    """Records a sign of life of a running trial; does nothing where the storage has no heartbeat."""
    if isinstance(storage := trial.study._storage, BaseHeartbeat):
        storage.record_heartbeat(trial._trial_id)


def storage_of(study: Study) -> BaseStorage:
    """Where a study is kept."""
    return study._storage


def writable(study: Study, trial: FrozenTrial) -> Trial:
    """A running trial to write to."""
    return Trial(study, trial._trial_id)


def study_through(study: Study, wrap: Callable[[Any], Any]) -> Study:
    """A view of a study through another storage, which ``wrap`` makes of its own."""
    view = Study.__new__(Study)
    view.__dict__.update(study.__dict__, _storage=wrap(study._storage))
    return view
