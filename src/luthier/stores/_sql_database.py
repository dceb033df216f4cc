"""`Database`: one connection to SQLite or PostgreSQL, its transactions and its clear errors.

Statements are compiled once by SQLAlchemy and handed to the driver as text, which takes a tenth of
the time of executing them through it. The connection is shared by the threads of a process under a
lock, and never carried over a fork.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from luthier.stores._sql_errors import clear
from luthier.stores._sql_schema import compile_statements

BUSY_SECONDS = 60.0

Run = Callable[..., Any]
"""Executes the statement of that name with these values; gives the driver's cursor."""

_SQLITE_SETTINGS = ("PRAGMA synchronous=NORMAL", "PRAGMA temp_store=MEMORY")


class Database:
    """A connection that is made when it is needed, and made again when it was lost.

    Args:
        url: where; `sqlite` or `postgresql+psycopg`.
        place: the same for people, without a password.
    """

    def __init__(self, url: URL, place: str) -> None:
        self.place = place
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",  # BEGIN and COMMIT are ours
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
            if self.is_sqlite
            else {},
        )
        self._statements = compile_statements(self._engine.dialect)
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._driver: Any = None
        module: Any = self._engine.dialect.loaded_dbapi
        self._error: type[Exception] = module.Error
        _disconnect_at_fork(self)

    # -- verbs -----------------------------------------------------------------------------------

    def run(self, name: str, **values: Any) -> Any:
        """Execute a statement inside a transaction; the driver's cursor."""
        statement = self._statements[name]
        return self._driver.execute(statement.text, statement.bind(values))

    def reading(self) -> AbstractContextManager[Run]:
        """A transaction that sees one moment of the database."""
        return self._transaction(
            "BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        )

    def writing(self) -> AbstractContextManager[Run]:
        """A transaction that writes; undone when an exception leaves it."""
        return self._transaction("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Run]:
        with self._lock:
            try:
                self._begin(begin)
                yield self.run
                self._driver.execute("COMMIT")
            except BaseException as error:
                self._rollback()
                cause = error.orig if isinstance(error, DBAPIError) else error
                if isinstance(cause, self._error):
                    raise clear(cause, self.place) from error
                raise

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A reading transaction as SQLAlchemy's connection."""
        with self.reading():
            assert self._connection is not None
            yield self._connection

    @contextmanager
    def defining(self) -> Iterator[Connection]:
        """A writing transaction as SQLAlchemy's connection; others that define wait for it."""
        with self.writing():
            assert self._connection is not None
            if not self.is_sqlite:
                # Whoever creates a table does not see one that is being created. The number is our
                # own.
                self._driver.execute("SELECT pg_advisory_xact_lock(7598451)")
            yield self._connection

    def disconnect(self) -> None:
        """Let go of the connection."""
        with self._lock:
            connection, driver = self._connection, self._driver
            self._connection = self._driver = None
            if connection is None:
                return
            try:
                connection.close()
            except DBAPIError:  # it was lost
                with suppress(self._error):
                    driver.close()

    # -- the connection --------------------------------------------------------------------------

    def _connect(self) -> Any:
        connection = self._engine.connect()
        driver: Any = connection.connection.driver_connection
        try:
            if self.is_sqlite:
                _use_wal(driver)
                for setting in _SQLITE_SETTINGS:
                    driver.execute(setting)
        except self._error:
            connection.close()
            raise
        self._connection, self._driver = connection, driver
        return driver

    def _begin(self, statement: str) -> None:
        if self._driver is not None:
            try:
                self._driver.execute(statement)
                return
            except self._error as error:
                if not self._is_lost(error):
                    raise
            # The server closed an idle connection: nothing has begun, so a new one may be tried.
            self.disconnect()
        self._connect().execute(statement)

    def _rollback(self) -> None:
        if self._driver is None:
            return
        try:
            if not self.is_sqlite or self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
        except self._error:
            self.disconnect()

    def _is_lost(self, error: Exception) -> bool:
        dialect: Any = self._engine.dialect
        return bool(dialect.is_disconnect(error, self._driver, None))


def _use_wal(driver: Any) -> None:
    """Switch a file to write-ahead logging, in which readers never wait.

    Another process may be at it at the same time.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while driver.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            # A file system without shared memory keeps its old journal: slower, and as safe.
            driver.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _disconnect_at_fork(database: Database) -> None:
    """Close the connection whenever this process forks: it must not be shared with a child."""
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(database)
    held: list[Database] = []

    def before() -> None:
        alive = reference()
        if alive is not None:
            alive._lock.acquire()  # waits for a verb of another thread to end
            held.append(alive)
            alive.disconnect()

    def after() -> None:
        if held:
            held.pop()._lock.release()

    os.register_at_fork(before=before, after_in_parent=after, after_in_child=after)
