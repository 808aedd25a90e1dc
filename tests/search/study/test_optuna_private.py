"""Names of Optuna's that it does not promise to keep: which one is gone, and that they are used in one module alone."""

import ast
import importlib
from importlib.metadata import version
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

MODULE = 'ktg_mm/search/study/optuna_private.py'
PACKAGE = Path(__file__).parents[3] / 'ktg_mm'

IMPORTED = {'optuna.storages._heartbeat': 'BaseHeartbeat'}
ATTRIBUTES = {'_storage', '_trial_id', '_create_new_trial'}


def needs(holds: bool, name: str) -> None:
    assert holds, f'optuna {version("optuna")} has no {name} any more, which {MODULE} uses'


@pytest.mark.parametrize(('module', 'name'), IMPORTED.items())
def test_imported_names(module: str, name: str) -> None:
    try:
        needs(hasattr(importlib.import_module(module), name), f'{module}.{name}')
    except ImportError:
        needs(False, module)


def test_attributes() -> None:
    study = optuna.create_study()
    trial = study.ask()
    needs('_storage' in vars(study), 'Study._storage')
    needs(hasattr(trial, '_trial_id'), 'Trial._trial_id')
    needs(hasattr(study.get_trials()[0], '_trial_id'), 'FrozenTrial._trial_id')
    needs(isinstance(optuna.Trial(study, trial._trial_id).number, int), 'Trial(study, trial_id)')


def test_trials_are_born_in_a_method_of_the_database(tmp_path: Path) -> None:
    class Born(optuna.storages.RDBStorage):
        def _create_new_trial(self, study_id, template_trial=None):
            template_trial = optuna.create_trial(state=TrialState.RUNNING, user_attrs=dict(born=True))
            return super()._create_new_trial(study_id, template_trial)

    needs(hasattr(optuna.storages.RDBStorage, '_create_new_trial'), 'RDBStorage._create_new_trial')
    trial = optuna.create_study(storage=Born(f'sqlite:///{tmp_path}/a.db')).ask()
    needs(trial.user_attrs == dict(born=True), 'call of RDBStorage._create_new_trial as a trial begins')


def test_a_database_can_have_a_heartbeat() -> None:
    from optuna.storages._heartbeat import BaseHeartbeat

    needs(issubclass(optuna.storages.RDBStorage, BaseHeartbeat), 'RDBStorage with BaseHeartbeat')
    needs(hasattr(BaseHeartbeat, 'record_heartbeat'), 'BaseHeartbeat.record_heartbeat')


def private_names(path: Path) -> set[str]:
    """What a module imports of Optuna's private names and modules, and the attributes of this page that it takes."""
    found = set()
    for part in ast.walk(ast.parse(path.read_text())):
        if isinstance(part, ast.ImportFrom) and (part.module or '').startswith('optuna'):
            names = [f'{part.module}.{alias.name}' for alias in part.names]
            found |= {name for name in names if any(word.startswith('_') for word in name.split('.'))}
        if isinstance(part, ast.Attribute) and part.attr in ATTRIBUTES:
            found.add(part.attr)
        if isinstance(part, ast.FunctionDef) and part.name in ATTRIBUTES:
            found.add(part.name)
    return found


def test_one_module_alone_uses_them() -> None:
    users = {path.relative_to(PACKAGE.parent).as_posix(): private_names(path) for path in PACKAGE.rglob('*.py')}
    expected = ATTRIBUTES | {f'{module}.{name}' for module, name in IMPORTED.items()}
    assert {path: names for path, names in users.items() if names} == {MODULE: expected}
