"""Whether an SQLite file is what Luthier wrote. Looking changes nothing in it or in its log."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from luthier.records import decode_measurements
from luthier.stores._rows import FINISHED_NAMES, Row, check, spec_checksum, unpack

_SMALLEST = 512  # bytes of the smallest page, and so of the smallest file
_THOROUGH = 256 * 2**20  # bytes up to which indexes are compared with their tables at every start
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


def log_of(path: Path) -> Path:
    """The write-ahead log of a file."""
    return path.with_name(path.name + "-wal")


def is_new(path: Path) -> bool:
    """Whether nothing was ever written there."""
    return _bytes(path) == 0 and _bytes(log_of(path)) == 0


def find_damage(path: Path, layout: int) -> str | None:
    """What is wrong with the file, in a few words; None if nothing is.

    Args:
        path: a file that exists and is not new.
        layout: the one whose rows can be checked.

    Raises:
        sqlite3.Error: if it cannot be read for another reason.
    """
    if _bytes(path) < _SMALLEST:
        return f"the file has only {_bytes(path)} bytes"
    if path.with_name(path.name + "-journal").exists():
        _undo_half_written(path)
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=60)) as file:
            return _check_pages(file, _bytes(path)) or _check_rows(file, layout)
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(_DAMAGED) or "UTF-8" in str(error):
            return str(error)
        raise


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _undo_half_written(path: Path) -> None:
    """Let SQLite take back what a killed process had half written before there was a log."""
    with closing(sqlite3.connect(path, timeout=60)) as file:
        try:
            file.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.DatabaseError:
            return


def _check_pages(file: sqlite3.Connection, size: int) -> str | None:
    pragma = "integrity_check" if size <= _THOROUGH else "quick_check"
    (answer,) = file.execute(f"PRAGMA {pragma}(1)").fetchone()
    return None if answer == "ok" else " ".join(str(answer).split())


def _check_rows(file: sqlite3.Connection, layout: int) -> str | None:
    tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
    if "luthier_schema" not in tables:
        return None
    if file.execute("SELECT layout FROM luthier_schema").fetchall() != [(layout,)]:
        return None
    try:
        for name, text, checksum in file.execute("SELECT name, spec, checksum FROM luthier_study"):
            if spec_checksum(name, text) != checksum:
                return f"the set-up of study {name!r} does not match its checksum"
        columns = ", ".join(Row._fields)
        for values in file.execute(f"SELECT {columns} FROM luthier_trial"):
            row = Row._make(values)
            check(row)
            if row.state not in FINISHED_NAMES:
                unpack(row, ())
        for (text,) in file.execute("SELECT content FROM luthier_measurement"):
            decode_measurements(text)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return str(error) or type(error).__name__
    return None
