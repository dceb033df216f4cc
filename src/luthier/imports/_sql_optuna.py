"""The tables of an Optuna storage, read through SQLAlchemy; nothing is written.

Enters: a URL and a study's name. Leaves: rows as dicts, whatever columns that version of Optuna
had.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from luthier.errors import MissingExtraError, StoreError
from luthier.imports._optuna_rows import Row, Rows

_JOURNAL = (".log", ".journal", ".jsonl")


def read(storage: str, study_name: str | None) -> Rows:
    """The rows of one study.

    Raises:
        StoreError: if there is no such storage or study, or several and no name.
        MissingExtraError: if the database's driver is not installed.
    """
    url = _url(str(storage))
    place = url.render_as_string(hide_password=True)
    try:
        with _engine(url).connect() as connection:
            if "trial_params" not in inspect(connection).get_table_names():
                raise StoreError(f"{place} holds no studies of Optuna.")
            return _rows(connection, study_name, place)
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise StoreError(f"Optuna's storage {place} cannot be read: {reason}") from error


def _url(storage: str) -> URL:
    if "://" not in storage:
        if storage.endswith(_JOURNAL):
            raise StoreError(
                f"{storage} looks like a journal of Optuna; only its databases are read. Copy the "
                'study into one with optuna.copy_study(…, to_storage="sqlite:///study.db").'
            )
        storage = f"sqlite:///{storage}"
    try:
        url = make_url(storage)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            f"Expected Optuna's storage as a URL such as sqlite:///study.db, got {storage!r}."
        ) from error
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        if not file.is_file():
            raise StoreError(f"Expected a database of Optuna, found no file at {file}.")
    elif url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    return url


def _engine(url: URL) -> Engine:
    try:
        return create_engine(url, poolclass=NullPool)
    except (NoSuchModuleError, ImportError) as error:
        raise MissingExtraError(
            f"Reading {url.drivername} needs a driver that is not installed ({error}); for "
            'PostgreSQL: pip install "luthier[postgres]".'
        ) from error


def _rows(connection: Connection, study_name: str | None, place: str) -> Rows:
    studies = _select(connection, "SELECT * FROM studies ORDER BY study_id")
    chosen = [row for row in studies if study_name in (None, row["study_name"])]
    if len(chosen) != 1:
        names = ", ".join(row["study_name"] for row in studies) or "none"
        wanted = "one study" if study_name is None else f"a study {study_name!r}"
        raise StoreError(f"Expected {wanted} in {place}, found: {names}. Give `study_name`.")
    study = chosen[0]["study_id"]
    of_study = "SELECT * FROM {} WHERE study_id = :study"
    of_trials = (
        "SELECT rows.* FROM {} AS rows JOIN trials ON trials.trial_id = rows.trial_id "
        "WHERE trials.study_id = :study"
    )

    def select(statement: str, table: str) -> Sequence[Row]:
        return _select(connection, statement.format(table), study=study)

    return Rows(
        name=chosen[0]["study_name"],
        directions=select(of_study, "study_directions"),
        attributes=select(of_study, "study_system_attributes"),
        trials=select(of_study, "trials"),
        params=select(of_trials, "trial_params"),
        values=select(of_trials, "trial_values"),
        reports=select(of_trials, "trial_intermediate_values"),
        trial_attributes=select(of_trials, "trial_system_attributes"),
    )


def _select(connection: Connection, statement: str, **values: Any) -> Sequence[Row]:
    return [dict(row) for row in connection.execute(text(statement), values).mappings()]
