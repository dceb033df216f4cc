"""Where studies are kept: in memory, in an SQLite file, or on a PostgreSQL server.

`open_store` takes what a user writes and gives the store; `list_studies` says what a store holds.
SQLAlchemy is imported only when a store needs it.
"""

from __future__ import annotations

import os

from luthier.abc import Store
from luthier.errors import StoreError
from luthier.stores._memory import MemoryStore
from luthier.stores._summary import ListsStudies, StudySummary

__all__ = ["MemoryStore", "StudySummary", "list_studies", "open_store"]

_SUPPORTED = (
    'None or "memory"; a path such as "runs/study.sqlite"; "sqlite:///relative/path" or '
    '"sqlite:////absolute/path"; "postgresql://user@host:5432/database"'
)
_MEMORY = ("memory", ":memory:", "sqlite://", "sqlite:///:memory:")


def open_store(storage: str | os.PathLike[str] | Store | None = None) -> Store:
    """The store that an argument stands for; nothing is read or written before `Store.open`.

    Args:
        storage: None or `"memory"`; the path of an SQLite file, made with its directories when a
            study is opened, or the same as a URL (`sqlite:///…`); the URL of a PostgreSQL database
            (`postgresql://…` or `postgresql+psycopg://…`); or a store, which is returned.

    Returns:
        A store, not yet opened.

    Raises:
        StoreError: for any other text, or a path that is a directory.
        MissingExtraError: if the database's driver is not installed.
        TypeError: for any other type.

    Example:
        >>> from luthier.stores import open_store
        >>> open_store("memory").place
        'memory'
    """
    if isinstance(storage, Store):
        return storage
    if storage is None or storage in _MEMORY:
        return MemoryStore()
    if not isinstance(storage, str | os.PathLike):
        raise TypeError(
            f"Expected the storage as {_SUPPORTED}, got {storage!r} of type "
            f"{type(storage).__name__}."
        )
    return _open_sql(storage)


def list_studies(storage: str | os.PathLike[str] | Store) -> tuple[StudySummary, ...]:
    """Names of the studies in a store and how many trials each has; creates and changes nothing.

    Args:
        storage: as for `open_store`.

    Raises:
        StoreError: as `open_store`, and if there is no such file.
    """
    store = open_store(storage)
    if not isinstance(store, ListsStudies):
        raise StoreError(f"A store of type {type(store).__name__} cannot list its studies.")
    try:
        return store.summaries()
    finally:
        if store is not storage:
            store.close()


def _open_sql(storage: str | os.PathLike[str]) -> Store:
    from luthier.stores._sql import SqlStore
    from luthier.stores._sql_url import parse

    return SqlStore(*parse(storage, _SUPPORTED))
