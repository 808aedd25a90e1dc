"""Opens the storage of a study: a database, Optuna's proxy or a journal."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
import sqlalchemy.event
import sqlalchemy.exc
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from ktg_mm.errors import UserError, hide_passwords, one_line

from .optuna_private import BirthStorage
from .retries import END, LOST

_ATTEMPTS = 8
_MOST_ON_A_FILE = 16  # workers; each locks the whole file to write
_SERVERS = ('PostgreSQL', 'MySQL', 'MariaDB', 'SQLite', 'Oracle')


def open_storage(url: str, heartbeat: int = 30, source: str = '') -> BaseStorage:
    """Opens a storage.

    Args:
        url: ``sqlite:///FILE``, ``postgresql+psycopg2://USER:PASSWORD@HOST/DATABASE`` or another of SQLAlchemy's;
            ``grpc://HOST:PORT`` for Optuna's proxy; ``journal://FILE``.
        heartbeat: Seconds between the signs of life of a running trial. After four times as long without one it is
            taken for lost. A database has these; through the proxy and in a journal there are none. Defaults to 30.
        source: What a message says of where the address is from. Defaults to nothing, which means ``--storage``.

    Raises:
        UserError: If the storage cannot be reached.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', optuna.exceptions.ExperimentalWarning)
            # Options that a database does not have.
            warnings.filterwarnings('error', 'Query string argument', sqlalchemy.exc.SAWarning)
            if url.startswith('grpc://'):
                host, _, port = url.removeprefix('grpc://').partition(':')
                proxy = GrpcStorageProxy(host=host, port=int(port or 13000))
                proxy.get_all_studies()
                return proxy
            if url.startswith('journal://'):
                return JournalStorage(_Journal(url.removeprefix('journal://')))
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
        known = (ImportError, ValueError, OSError, RuntimeError, sqlalchemy.exc.SAWarning)
        if not isinstance(error, known) and not is_storage_error(error):
            raise
        where = f'--storage {hide_passwords(url)}{source}'
        raise UserError(f'{where}: cannot be reached: {_reason(error, url)}') from error


def crowded(url: str, workers: int) -> str | None:
    """A warning, one line, if a storage is a file that serves many workers; else None.

    Args:
        url: Address of the storage.
        workers: How many there are.

    Example:
        >>> crowded('postgresql+psycopg2://me@host/db', 90), crowded('sqlite:///search.db', 16)
        (None, None)
    """
    if workers <= _MOST_ON_A_FILE or not url.startswith('sqlite'):
        return None
    return (
        f'warning: --storage {hide_passwords(url)}: {workers} workers share a SQLite file, and wait for one another; '
        f'for more than {_MOST_ON_A_FILE} give PostgreSQL, postgresql+psycopg2://USER@HOST/DATABASE'
    )


def is_storage_error(error: BaseException) -> bool:
    """Whether the study's storage has failed, not the trial."""
    known = (optuna.exceptions.StorageInternalError, sqlalchemy.exc.SQLAlchemyError)
    return isinstance(error, known) or type(error).__module__.startswith('grpc')


def storage_failure(error: BaseException, url: str) -> UserError:
    """What to tell the user of a storage that has failed.

    Args:
        error: What was raised.
        url: Address of the storage.

    Example:
        >>> print(storage_failure(OSError('connection reset'), 'postgresql://me:secret@host/db'))
        --storage postgresql://me@host/db: PostgreSQL does not answer any more: connection reset; start the search \
again, it goes on where it was
    """
    server = next((name for name in _SERVERS if url.startswith(name.lower())), 'the storage')
    return UserError(
        f'--storage {hide_passwords(url)}: {server} does not answer any more: {_reason(error, url)}; '
        'start the search again, it goes on where it was'
    )


@contextlib.contextmanager
def named_failures(url: str) -> Iterator[None]:
    """Makes one line of the error of a storage that fails within.

    Args:
        url: Address of the storage.

    Raises:
        UserError: If it does.
    """
    try:
        yield
    except Exception as error:
        if is_storage_error(error):
            raise storage_failure(error, url) from error
        raise


def _reason(error: BaseException, url: str) -> str:
    """What a storage's error says, in one line, without the statement that was sent and without a password."""
    if isinstance(error, optuna.exceptions.StorageInternalError) and error.__cause__ is not None:
        error = error.__cause__  # the database's own
    reason = getattr(error, 'orig', None) or getattr(error, 'details', lambda: None)() or error
    text = str(reason).replace(url, hide_passwords(url)) if url else str(reason)
    return hide_passwords(one_line(text))


class _Journal(JournalFileBackend):
    """Optuna's file of a journal, which says so if it is damaged or gone."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def read_logs(self, log_number_from: int) -> Generator[dict[str, Any], None, None]:
        """The entries from one on."""
        number = log_number_from
        try:
            for number, entry in enumerate(super().read_logs(log_number_from), start=log_number_from):  # noqa: B007
                if not isinstance(entry, dict) or 'op_code' not in entry:
                    raise ValueError('is no entry of a journal')
                yield entry
        except (OSError, ValueError) as error:
            where = '' if isinstance(error, OSError) else f'the journal is damaged after line {number}: '
            raise optuna.exceptions.StorageInternalError(f'{where}{error}') from None

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Adds entries, but not to a new file where the journal's has gone."""
        try:
            os.stat(self.path)
            super().append_logs(logs)
        except OSError as error:
            raise optuna.exceptions.StorageInternalError(str(error)) from None


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
            logging.getLogger(__name__).warning('no heartbeat of trial %d: %s', trial_id, _reason(error, ''))


def _open_database(url: str, arguments: dict[str, Any], heartbeat: int) -> RDBStorage:
    """Opens a database; workers that begin at once all find it empty, and all but one fail to make its tables."""
    for attempt in range(_ATTEMPTS):
        try:
            database = _Database(url, engine_kwargs=arguments, heartbeat_interval=heartbeat, grace_period=4 * heartbeat)
            if url.startswith('sqlite'):
                _make_transactions_atomic(database.engine, url.removeprefix('sqlite:///').partition('?')[0])
            return database
        except sqlalchemy.exc.SQLAlchemyError as error:
            made_by_another = isinstance(error, sqlalchemy.exc.IntegrityError) or 'already exists' in str(error)
            if not made_by_another or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.1 * 2**attempt)
    raise AssertionError


def _make_transactions_atomic(engine: sqlalchemy.Engine, path: str) -> None:
    """Makes SQLite lock the file as a transaction begins, and look whether it is still there.

    Python's sqlite3 reads before it locks, and Optuna relies on nobody writing in between: two workers would take the
    same waiting trial. A file that was removed would be written to as long as it is open, and lost.
    """
    known = _file_id(path)

    @sqlalchemy.event.listens_for(engine, 'connect')
    def leave_transactions_to_us(connection: Any, record: Any) -> None:
        connection.isolation_level = None

    @sqlalchemy.event.listens_for(engine, 'begin')
    def begin(connection: sqlalchemy.Connection) -> None:
        if _file_id(path) != known:
            raise optuna.exceptions.StorageInternalError(f'{path} is gone, or another file has taken its place')
        connection.exec_driver_sql('BEGIN IMMEDIATE')

    engine.dispose()  # connections that were opened before


def _file_id(path: str) -> tuple[int, int] | None:
    """What tells a file from another of the same name; None if there is none, as in memory."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
