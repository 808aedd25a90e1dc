"""The study that all workers of a search share: where it is kept, and that it is the right one."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import optuna
import sqlalchemy
import sqlalchemy.event
import sqlalchemy.exc
from mmengine.config import Config
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from ktg_mm.errors import ConfigError, UserError, did_you_mean

from .retries import END, LOST

_ATTEMPTS = 8
_DIFFERENT = dict(
    space='another search space',
    recipe='another base config (model, schedule, data or seed)',
    sampler='another sampler, seed of it, or pretrain',
)
_ADVICE = 'give another name'


def open_storage(url: str, heartbeat: int = 30) -> BaseStorage:
    """Opens a storage.

    Args:
        url: ``sqlite:///FILE``, ``postgresql+psycopg2://USER:PASSWORD@HOST/DATABASE`` or another of SQLAlchemy's;
            ``grpc://HOST:PORT`` for Optuna's proxy; ``journal://FILE``.
        heartbeat: Seconds between the signs of life of a running trial. After four times as long without one it is
            taken for lost. A database has these; through the proxy and in a journal there are none. Defaults to 30.

    Raises:
        UserError: If the storage cannot be reached.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        if url.startswith('grpc://'):
            host, _, port = url.removeprefix('grpc://').partition(':')
            with warnings.catch_warnings():
                warnings.simplefilter('ignore', optuna.exceptions.ExperimentalWarning)
                proxy = GrpcStorageProxy(host=host, port=int(port or 13000))
            proxy.get_all_studies()
            return proxy
        if url.startswith('journal://'):
            return JournalStorage(JournalFileBackend(url.removeprefix('journal://')))
        arguments: dict[str, Any] = dict(pool_pre_ping=True)
        if url.startswith('sqlite:///'):
            file = Path(url.removeprefix('sqlite:///')).expanduser()
            file.parent.mkdir(parents=True, exist_ok=True)
            url = f'sqlite:///{file}'
            # Many workers write to one file; each waits for its turn.
            arguments = dict(connect_args=dict(timeout=120))
        elif url.startswith('postgresql') and 'connect_timeout' not in url:
            arguments['connect_args'] = dict(connect_timeout=10)  # else a silent host takes minutes
        return _open_database(url, arguments, heartbeat)
    except (sqlalchemy.exc.SQLAlchemyError, ImportError, ValueError, OSError, RuntimeError) as error:
        raise _unreachable(url, error) from error
    except Exception as error:
        if type(error).__module__.startswith('grpc'):
            raise _unreachable(url, error) from error
        raise


class _Database(RDBStorage):
    """Optuna's storage, whose trials know from birth what will be said of them if their worker dies.

    And with heartbeats that nothing stops: the first of a trial is recorded by two threads, which Optuna does not
    expect, and an error ends its thread.
    """

    _lock = threading.Lock()

    def _create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> FrozenTrial:
        if template_trial is None:
            template_trial = create_trial(state=TrialState.RUNNING, user_attrs={END: LOST})
        return super()._create_new_trial(study_id, template_trial)

    def record_heartbeat(self, trial_id: int) -> None:
        """Records a sign of life, or at least says that it could not."""
        try:
            with self._lock:
                super().record_heartbeat(trial_id)
        except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            logging.getLogger(__name__).warning('no heartbeat of trial %d: %s', trial_id, error)


def _open_database(url: str, arguments: dict[str, Any], heartbeat: int) -> RDBStorage:
    """Opens a database; workers that begin at once all find it empty, and all but one fail to make its tables."""
    for attempt in range(_ATTEMPTS):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore', optuna.exceptions.ExperimentalWarning)
                database = _Database(
                    url, engine_kwargs=arguments, heartbeat_interval=heartbeat, grace_period=4 * heartbeat
                )
            if url.startswith('sqlite'):
                _make_transactions_atomic(database.engine)
            return database
        except sqlalchemy.exc.SQLAlchemyError as error:
            made_by_another = isinstance(error, sqlalchemy.exc.IntegrityError) or 'already exists' in str(error)
            if not made_by_another or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.1 * 2**attempt)
    raise AssertionError


def _make_transactions_atomic(engine: sqlalchemy.Engine) -> None:
    """Makes SQLite lock the file as a transaction begins.

    Python's sqlite3 reads before it locks, and Optuna relies on nobody writing in between: two workers would take the
    same waiting trial.
    """

    @sqlalchemy.event.listens_for(engine, 'connect')
    def leave_transactions_to_us(connection: Any, record: Any) -> None:
        connection.isolation_level = None

    @sqlalchemy.event.listens_for(engine, 'begin')
    def begin(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql('BEGIN IMMEDIATE')

    engine.dispose()  # connections that were opened before


def hide_password(url: str) -> str:
    """The address of a storage without its password."""
    url = re.sub(r'(?<=[?&])(password|passwd|pwd)=[^&]*', r'\1=***', url)
    before, at, after = url.rpartition('@')
    scheme, colon, rest = before.partition('://')
    return f'{scheme}{colon}{rest.partition(":")[0]}{at}{after}' if at else url


def _unreachable(url: str, error: Exception) -> UserError:
    reason = getattr(error, 'orig', None) or getattr(error, 'details', lambda: None)() or error
    return UserError(f'--storage {hide_password(url)}: cannot be reached: {" ".join(str(reason).split())}')


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
        identity: From :func:`ktg_mm.search.worker.trial_config.identity`.

    Raises:
        UserError: If there is a study of that name with another space, recipe or sampler.
    """
    study = optuna.create_study(storage=storage, study_name=name, directions=list(directions), load_if_exists=True)
    if [direction.name.lower() for direction in study.directions] != list(directions):
        raise _other(name, 'other metrics')
    check_identity(study, identity)
    for what, value in identity.items():
        if what not in study.user_attrs:
            study.set_user_attr(what, _fingerprint(value))
    return study


def check_identity(study: Study, identity: Mapping[str, Any], advice: str = _ADVICE) -> None:
    """Checks that a study is of a search.

    Args:
        study: The study.
        identity: From :func:`ktg_mm.search.worker.trial_config.identity`.
        advice: What the user can do if it is not.

    Raises:
        UserError: If it is of another.
    """
    for what, value in identity.items():
        if study.user_attrs.get(what, _fingerprint(value)) != _fingerprint(value):
            raise _other(study.study_name, _DIFFERENT[what], advice)


def search_folder(cfg: Config, work_dir: str | Path | None = None) -> Path:
    """The folder of a search: the given one, else the config's, else ``work_dirs/<config's name>``."""
    return Path(work_dir or cfg.get('work_dir') or Path('work_dirs') / config_name(cfg))


def config_name(cfg: Config) -> str:
    """The name of a config's file, under which its search is kept."""
    return Path(cfg.filename).stem if cfg.filename else 'graph'


def storage_address(cfg: Config, folder: Path, storage: str | None = None) -> str:
    """The address of a search's storage: the given one, else ``search.storage``, else the file ``search.db``."""
    return storage or (cfg.get('search') or {}).get('storage') or f'sqlite:///{folder}/search.db'


def find_study(
    cfg: Config, work_dir: str | Path | None = None, storage: str | None = None, study: str | None = None
) -> Study:
    """Opens the study that ``tools/search.py`` made for a config.

    Args:
        cfg: The search's config.
        work_dir: Folder of the search. Defaults to the config's, else ``work_dirs/<config's name>``.
        storage: Address of the storage. Defaults to ``search.storage``, else the SQLite file ``search.db`` in work_dir.
        study: Name of the study. Defaults to ``search.study``, else the config's name.

    Raises:
        UserError: If there is none; one line.
    """
    options = cfg.get('search') or {}
    if not options:
        raise ConfigError('search', 'is missing; a config to search over has search=dict(trials=..., space=...)')
    address = storage_address(cfg, search_folder(cfg, work_dir), storage)
    # Opening an address that leads nowhere would make a new file there.
    if address.startswith('sqlite:///') and not Path(address.removeprefix('sqlite:///')).expanduser().is_file():
        raise UserError(f'--storage {address}: no such file; give the --work-dir or --storage of the search')
    return load_study(open_storage(address), study or options.get('study') or config_name(cfg))


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


def _other(name: str, reason: str, advice: str = _ADVICE) -> UserError:
    return UserError(f'--study {name}: the storage holds a study of this name with {reason}; {advice}')


def _fingerprint(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()


def build_pruner(cfg: Mapping[str, Any] | None) -> optuna.pruners.BasePruner:
    """Builds a pruner of Optuna's from its class name and arguments; None builds one that prunes nothing.

    Raises:
        ConfigError: If Optuna has no such pruner or it does not take the arguments.
    """
    return _build(cfg or dict(type='NopPruner'), optuna.pruners, optuna.pruners.BasePruner, 'search.hook.pruner')


def build_sampler(cfg: Mapping[str, Any], seed: int) -> optuna.samplers.BaseSampler:
    """Builds a sampler of Optuna's from its class name and arguments.

    Args:
        cfg: ``dict(type='RandomSampler', seed=0, ...)``.
        seed: Takes the place of the config's.

    Raises:
        ConfigError: If Optuna has no such sampler or it does not take the arguments.
    """
    cfg = {**cfg, 'seed': seed}
    return _build(cfg, optuna.samplers, optuna.samplers.BaseSampler, 'search.sampler')


def _build(cfg: Mapping[str, Any], module: Any, base: type, key: str) -> Any:
    arguments = dict(cfg)
    name = arguments.pop('type', None)
    cls = getattr(module, name, None) if isinstance(name, str) else None
    if not (isinstance(cls, type) and issubclass(cls, base)):
        known = [other for other in module.__all__ if other.endswith(base.__name__.removeprefix('Base'))]
        raise ConfigError(f'{key}.type', f'Optuna has no {name!r}; {did_you_mean(name, known)}')
    try:
        return cls(**arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(key, f'{name}: {" ".join(str(error).split())}') from error
