"""The study that all workers of a search share, and that it is the right one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.storages import BaseStorage
from optuna.study import Study

from ktg_mm.errors import UserError

from .address import StudyAddress
from .storage import open_storage

_DIFFERENT = dict(
    space='another search space',
    recipe='another base config (model, schedule, data or seed)',
    sampler='another sampler, seed of it, or pretrain',
)
_ADVICE = 'give another name'


def create_study(
    storage: BaseStorage,
    name: str,
    directions: Sequence[Literal['maximize', 'minimize']],
    identity: Mapping[str, Any],
) -> Study:
    """Creates a study, or opens the one of this name after a look whether it is of the same search.

    Args:
        storage: From :func:`open_storage`.
        name: Name of the study.
        directions: ``'maximize'`` or ``'minimize'``, for each metric.
        identity: From :func:`ktg_mm.search.study.identity.identity`.

    Raises:
        UserError: If there is a study of that name with another space, recipe or sampler.
    """
    study = optuna.create_study(storage=storage, study_name=name, directions=list(directions), load_if_exists=True)
    if [direction.name.lower() for direction in study.directions] != list(directions):
        raise _other_search(name, 'other metrics')
    check_identity(study, identity)
    for what, value in identity.items():
        if what not in study.user_attrs:
            study.set_user_attr(what, _fingerprint(value))
    return study


def check_identity(study: Study, identity: Mapping[str, Any], advice: str = _ADVICE) -> None:
    """Checks that a study is of a search.

    Args:
        study: The study.
        identity: From :func:`ktg_mm.search.study.identity.identity`.
        advice: What the user can do if it is not.

    Raises:
        UserError: If it is of another.
    """
    for what, value in identity.items():
        if study.user_attrs.get(what, _fingerprint(value)) != _fingerprint(value):
            raise _other_search(study.study_name, _DIFFERENT[what], advice)


def find_study(address: StudyAddress) -> Study:
    """Opens the study that ``tools/search.py`` made.

    Args:
        address: Of the search.

    Raises:
        UserError: If there is none; one line.
    """
    # Opening an address that leads nowhere would make a new file there.
    file = address.storage.removeprefix('sqlite:///')
    if file != address.storage and not Path(file).expanduser().is_file():
        raise UserError(f'--storage {address.storage}: no such file; give the --work-dir or --storage of the search')
    return load_study(open_storage(address.storage), address.study)


def load_study(storage: BaseStorage, name: str) -> Study:
    """Opens a study that exists.

    Raises:
        UserError: If there is none of that name.
    """
    try:
        return optuna.load_study(study_name=name, storage=storage)
    except KeyError as error:
        known = ', '.join(sorted(optuna.get_all_study_names(storage))) or 'none'
        raise UserError(f'--study {name}: the storage has no study of this name; it has: {known}') from error


def _other_search(name: str, reason: str, advice: str = _ADVICE) -> UserError:
    return UserError(f'--study {name}: the storage holds a study of this name with {reason}; {advice}')


def _fingerprint(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()
