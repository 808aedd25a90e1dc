"""Opens the storage of a study: a database, Optuna's proxy or a journal."""

from __future__ import annotations

import logging
import re
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
import sqlalchemy.event
import sqlalchemy.exc
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from ktg_mm.errors import UserError

from .optuna_private import BirthStorage
from .retries import END, LOST

_ATTEMPTS = 8


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
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', optuna.exceptions.ExperimentalWarning)
            if url.startswith('grpc://'):
                host, _, port = url.removeprefix('grpc://').partition(':')
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
    except Exception as error:
        known = (sqlalchemy.exc.SQLAlchemyError, ImportError, ValueError, OSError, RuntimeError)
        if not isinstance(error, known) and not type(error).__module__.startswith('grpc'):
            raise
        reason = getattr(error, 'orig', None) or getattr(error, 'details', lambda: None)() or error
        line = f'--storage {hide_password(url)}: cannot be reached: {" ".join(str(reason).split())}'
        raise UserError(line) from error


class _Database(BirthStorage):
    """Optuna's storage, whose trials know from birth what will be said of them if their worker dies.

    And with heartbeats that nothing stops: the first of a trial is recorded by two threads, which Optuna does not
    expect, and an error ends its thread.
    """

    attributes_at_birth = {END: LOST}
    _lock = threading.Lock()

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
            database = _Database(url, engine_kwargs=arguments, heartbeat_interval=heartbeat, grace_period=4 * heartbeat)
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
