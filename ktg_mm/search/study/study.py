"""The study that all workers of a search share, and that it is the right one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from mmengine.config import Config
from optuna.storages import BaseStorage
from optuna.study import Study

from ktg_mm.apis.required_hooks import add_required_hooks
from ktg_mm.config.fingerprint import fingerprint
from ktg_mm.config.stages import STAGES, is_staged
from ktg_mm.errors import UserError, hide_passwords
from ktg_mm.search.space.candidates import Candidates
from ktg_mm.search.space.metrics import Direction

from .address import StudyAddress
from .storage import open_storage

_DIFFERENT = dict(
    space='another search space',
    recipe='another base config (model, schedule, data or seed)',
    sampler='another sampler, seed of it, pretrain or enqueued graphs',
    hook='another hook (pruner)',
    race='another race or baseline',
)
_ADVICE = 'give another name'

# Entries of a config that change nothing about a candidate's score.
_NOT_RECIPE = {
    'work_dir', 'env_cfg', 'log_level', 'log_processor', 'visualizer', 'default_hooks', 'custom_imports', 'launcher',
    'resume', 'search', 'test_dataloader', 'test_cfg', 'test_evaluator', 'test_pipeline', 'experiment_name',
    'model_wrapper_cfg', 'default_scope',
}  # fmt: skip
_NOT_LOADER = {
    'num_workers',
    'persistent_workers',
    'pin_memory',
    'prefetch_factor',
    'in_memory',
    'prefetch_to_device',
    'data_root',
}


def create_study(storage: BaseStorage, name: str, directions: list[Direction], identity: Mapping[str, Any]) -> Study:
    """Creates a study, or opens the one of this name after a look whether it is of the same search.

    Args:
        storage: From :func:`open_storage`.
        name: Name of the study.
        directions: ``'maximize'`` or ``'minimize'``, for each metric.
        identity: From :func:`identity`.

    Raises:
        UserError: If there is a study of that name with another space, recipe or sampler.
    """
    study = optuna.create_study(storage=storage, study_name=name, directions=directions, load_if_exists=True)
    if [direction.name.lower() for direction in study.directions] != directions:
        raise _other_search(name, 'other metrics')
    check_identity(study, identity)
    for what, value in identity.items():
        if what not in study.user_attrs:
            study.set_user_attr(what, fingerprint(value))
    return study


def check_identity(study: Study, identity: Mapping[str, Any], advice: str = _ADVICE) -> None:
    """Checks that a study is of a search.

    Args:
        study: The study.
        identity: From :func:`identity`.
        advice: What the user can do if it is not.

    Raises:
        UserError: If it is of another.
    """
    for what, value in identity.items():
        if study.user_attrs.get(what, fingerprint(value)) != fingerprint(value):
            raise _other_search(study.study_name, _DIFFERENT[what], advice)


def find_study(address: StudyAddress) -> Study:
    """Opens the study that ``tools/search.py`` made.

    Raises:
        UserError: If there is none; one line.
    """
    # Opening an address that leads nowhere would make a new file there.
    file = address.storage.removeprefix('sqlite:///')
    if file != address.storage and not Path(file).expanduser().is_file():
        raise UserError(
            f'--storage {hide_passwords(address.storage)}{address.source}: no such file; '
            'give the --work-dir or --storage of the search'
        )
    return load_study(open_storage(address.storage, source=address.source), address.study)


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


def recipe(base: Mapping[str, Any]) -> dict[str, Any]:
    """What of a config decides the candidates' scores: two searches that share a study must agree in it.

    Args:
        base: The config, plain dicts; of stages as :func:`ktg_mm.config.stages.as_last_stage` has it.
    """
    kept = {key: value for key, value in base.items() if key not in _NOT_RECIPE}
    for name in ('train_dataloader', 'val_dataloader'):
        kept[name] = _without_place(kept.get(name))
    run = Config({key: base[key] for key in ('custom_hooks', 'train_cfg') if key in base})
    add_required_hooks(run)  # which a config may list
    hooks = without_progress_bar(run.to_dict()['custom_hooks'])
    kept['custom_hooks'] = [hook for hook in hooks if hook.get('type') != 'AskedNodesHook']  # changes no score
    if is_staged(base):
        kept[STAGES] = [{**recipe(stage), 'name': stage['name']} for stage in base[STAGES]]
    return kept


def _without_place(loader: Any) -> Any:
    """A loader's config, at any depth without what depends on the machine."""
    if isinstance(loader, Mapping):
        return {key: _without_place(value) for key, value in loader.items() if key not in _NOT_LOADER}
    return [_without_place(value) for value in loader] if isinstance(loader, (list, tuple)) else loader


def without_progress_bar(hooks: Any) -> list[Any]:
    """The hooks without the one that draws a bar."""
    return [hook for hook in hooks or [] if hook.get('type') != 'ProgressBarHook']


def identity(candidates: Candidates) -> dict[str, Any]:
    """What tells a search from others: workers that share a study must agree in each entry, and in the hook."""
    first = [[name, candidate.key] for name, candidate in candidates.enqueued.items()]
    return dict(
        space=candidates.space.description(),
        recipe=dict(recipe(candidates.base), metric=[metric.name for metric in candidates.metrics]),
        sampler=[candidates.sampler_cfg, candidates.seed, candidates.pretrains, *([first] if first else [])],
    )
