"""Where a database is: what a user writes, checked and brought into SQLAlchemy's form."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from luthier.errors import MissingExtraError, StoreError

_SQLITE = ("sqlite", "sqlite+pysqlite")
_POSTGRES = ("postgresql", "postgresql+psycopg", "postgres")


def parse(storage: str | os.PathLike[str], supported: str) -> tuple[URL, str]:
    """The URL of a path or a URL, and the same for people (without a password).

    Args:
        storage: as the user wrote it.
        supported: all that may be written, for the error.

    Raises:
        StoreError: if it is neither, of another kind of database, or a directory.
        MissingExtraError: if the driver is not installed.
    """
    text = os.fspath(storage)
    if "://" not in text or not isinstance(storage, str):
        return _file(text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"Cannot read the storage URL {text!r}: expected {supported}.") from error
    if url.drivername in _SQLITE and url.database:
        return _file(url.database)
    if url.drivername not in _POSTGRES:
        raise StoreError(
            f"Stores of the kind {url.drivername!r} are not supported: expected {supported}."
        )
    if importlib.util.find_spec("psycopg") is None:
        raise MissingExtraError(
            "PostgreSQL needs the driver psycopg, which is not installed: "
            'pip install "luthier[postgres]"'
        )
    url = url.set(drivername="postgresql+psycopg")
    return url, url.render_as_string(hide_password=True)


def _file(text: str) -> tuple[URL, str]:
    if not text or "\0" in text:
        raise StoreError(f"Expected the path of a file, such as runs/study.sqlite, got {text!r}.")
    path = Path(text).expanduser().absolute()
    if os.path.isdir(path):  # unlike `Path.is_dir` it takes a path that cannot exist
        raise StoreError(
            f"{text} is a directory: expected the path of a file, such as "
            f"{os.path.join(text, 'study.sqlite')}."
        )
    return URL.create("sqlite", database=str(path)), text


def make_directory(path: Path) -> None:
    """Make the directory of a file.

    Raises:
        StoreError: if that cannot be done.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"Cannot make the directory {path.parent} for the study ({error.strerror}): give a "
            "path that you may write to."
        ) from error
