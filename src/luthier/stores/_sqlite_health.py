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
_NAMES = frozenset(
    {
        "luthier_schema",
        "luthier_study",
        "luthier_trial",
        "luthier_trial_revision",
        "luthier_measurement",
    }
)


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
        # "SQLITE_ERROR": a statement that does not fit the tables.
        if name.startswith(_DAMAGED) or name == "SQLITE_ERROR" or "UTF-8" in str(error):
            return str(error)
        raise
    except UnicodeDecodeError:
        return "names in it are no text"


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
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return


def _check_pages(file: sqlite3.Connection, size: int) -> str | None:
    pragma = "integrity_check" if size <= _THOROUGH else "quick_check"
    (answer,) = file.execute(f"PRAGMA {pragma}(1)").fetchone()
    return None if answer == "ok" else " ".join(str(answer).split())


def _check_rows(file: sqlite3.Connection, layout: int) -> str | None:
    names = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
    if not any(str(name).startswith("luthier") for name in names):
        return None  # another program's, which whoever opens it will refuse
    found = file.execute("SELECT layout FROM luthier_schema").fetchall()
    if len(found) != 1 or not isinstance(found[0][0], int) or found[0][0] < 1:
        return f"its layout is {found}"
    if found[0][0] != layout:
        return None  # an older one, to be brought forward, or a newer one
    if not names >= _NAMES:
        return f"it lacks {', '.join(sorted(_NAMES - names))}"
    try:
        _read_all(file)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return str(error) or type(error).__name__
    return None


def _read_all(file: sqlite3.Connection) -> None:
    for name, text, checksum in file.execute("SELECT name, spec, checksum FROM luthier_study"):
        if spec_checksum(name, text) != checksum:
            raise ValueError(f"the set-up of study {name!r} does not match its checksum")
    columns = ", ".join(Row._fields)
    for values in file.execute(f"SELECT {columns} FROM luthier_trial"):
        row = Row._make(values)
        check(row)
        if row.state not in FINISHED_NAMES:
            unpack(row, ())
    for (text,) in file.execute("SELECT content FROM luthier_measurement"):
        decode_measurements(text)
