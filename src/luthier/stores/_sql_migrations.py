"""The layout of a database: created if there is none, brought forward if old, refused if newer.

A migration takes a connection inside a transaction that other processes wait for, and leaves the
next layout behind. Trials are never rewritten: texts carry a version of their own, which
`records._codec` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy import Connection, insert, inspect, select, text, update

from luthier.errors import NewerStoreError, StoreError
from luthier.stores._sql_database import Database
from luthier.stores._sql_schema import LAYOUT, MEASUREMENT, METADATA, SCHEMA

Migration = Callable[[Connection], None]


def _steps_may_be_fractions(connection: Connection) -> None:
    """Layout 2: reports within an epoch. SQLite keeps fractions in a column of whole numbers."""
    if connection.dialect.name != "sqlite":
        connection.execute(
            text(f"ALTER TABLE {MEASUREMENT.name} ALTER COLUMN step TYPE double precision")
        )


MIGRATIONS: Mapping[int, Migration] = MappingProxyType({1: _steps_may_be_fractions})
"""Layout to what makes the next one of it."""


def prepare(
    database: Database, migrations: Mapping[int, Migration] = MIGRATIONS, target: int = LAYOUT
) -> None:
    """Bring the database to today's layout, whatever it holds.

    Raises:
        NewerStoreError: if a newer Luthier wrote it; nothing is changed.
        StoreError: if it is an SQLite file of another program.
    """
    if read_layout(database, target) == target:
        return
    with database.defining() as connection:
        # Asked again, for another process may have been faster.
        layout = _layout(connection, database, target)
        if layout is None:
            METADATA.create_all(connection)
            connection.execute(insert(SCHEMA).values(layout=target))
            return
        for step in range(layout, target):
            migrations[step](connection)
        connection.execute(update(SCHEMA).values(layout=target))


def read_layout(database: Database, target: int = LAYOUT) -> int | None:
    """The layout of a database, or None where Luthier has not been; changes nothing.

    Raises:
        NewerStoreError, StoreError: as `prepare`.
    """
    with database.looking() as connection:
        return _layout(connection, database, target)


def _layout(connection: Connection, database: Database, target: int) -> int | None:
    tables = inspect(connection).get_table_names()
    if SCHEMA.name not in tables:
        if database.is_sqlite and tables:
            raise StoreError(
                f"{database.place} is an SQLite file of another program (it holds "
                f"{', '.join(tables[:3])}): give Luthier a file of its own."
            )
        return None
    layout = connection.execute(select(SCHEMA.c.layout)).scalar_one()
    if layout > target:
        raise NewerStoreError(
            f"The store {database.place} was written by a newer Luthier (layout {layout}; this one "
            f"knows up to {target}). Upgrade Luthier to open it; nothing was changed."
        )
    return int(layout)
