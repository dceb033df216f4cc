"""A damaged SQLite file: what is damaged is said, what can be read comes back, nothing is lost.

The damaged file and its log are copied aside (`study.sqlite.damaged-1`) before anything else. Its
rows are read from its pages one by one (`_sqlite_pages`), believed only where their checksums
match, and written to a fresh file, which then takes the place of the damaged one in one step. A
process that is killed on the way leaves either the damaged file or the recovered one, never
neither.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from luthier.errors import DamagedStoreError
from luthier.records import StudySpec
from luthier.stores._sql_database import BUSY_SECONDS
from luthier.stores._sql_errors import clear
from luthier.stores._sql_salvage import read_what_is_left, write_anew
from luthier.stores._sql_schema import LAYOUT
from luthier.stores._sqlite_health import find_damage, is_new, log_of


def mend(path: Path, spec: StudySpec, place: str) -> None:
    """Check a file, and recover it if it is damaged.

    Args:
        path: the file; it need not exist.
        spec: the study that is to be opened: whose trials they are, if the file no longer says.
        place: the file as the user wrote it.

    Raises:
        DamagedStoreError: if nothing could be recovered, or another process uses the file.
        StoreError: if it cannot be read.

    Warns:
        UserWarning: if it was recovered: what was wrong, and how many trials came back.
    """
    done = path.with_name(path.name + ".recovered")
    try:
        if not done.exists() and (is_new(path) or find_damage(path, LAYOUT) is None):
            return
        with _alone(path):
            if done.exists():  # whoever recovered it was killed on the last step
                _take_over(done, path)
            damage = find_damage(path, LAYOUT)
            if damage is not None:
                _recover(path, done, spec, damage, place)
    except (sqlite3.Error, OSError) as error:
        raise clear(error, place) from error


def _recover(path: Path, done: Path, spec: StudySpec, damage: str, place: str) -> None:
    found = read_what_is_left(path, spec)
    if not found.rows:
        raise DamagedStoreError(
            f"{place} is damaged or is no SQLite file ({damage}), and no trial could be read from "
            "it. It was left as it is: give another path, move it away to start anew, or put back "
            "a copy of it."
        )
    kept = _set_aside(path)
    if not _is_unused(path):
        for copy in (kept, log_of(kept)):
            copy.unlink(missing_ok=True)
        raise DamagedStoreError(
            f"{place} is damaged ({damage}), and another process is using it: end that process, "
            "then open the study again to recover what can be."
        )
    fresh = path.with_name(path.name + ".recovering")
    for leftover in (fresh, log_of(fresh)):
        leftover.unlink(missing_ok=True)
    lost = write_anew(fresh, found)
    _sync(fresh)
    os.replace(fresh, done)
    _take_over(done, path)
    warnings.warn(
        f"{place} was damaged ({damage}). {len(found.rows)} trials were recovered"
        + (f", {lost} were lost and are marked as skipped" if lost else "")
        + f"; those recorded last may be missing. The damaged file is kept as {kept}.",
        stacklevel=4,
    )


def _set_aside(path: Path) -> Path:
    """Copy the file and its log under a name of their own; the name."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for source, copy in ((log_of(path), log_of(kept)), (path, kept)):
        if source.exists():
            shutil.copy2(source, copy)
            _sync(copy)
    return kept


def _take_over(done: Path, path: Path) -> None:
    """Put the recovered file in the place of the damaged one."""
    # The old log must not be applied to the new file. `done` says that it is no longer needed, if
    # this process is killed between the two.
    for leftover in (log_of(path), path.with_name(path.name + "-shm")):
        leftover.unlink(missing_ok=True)
    os.replace(done, path)


def _is_unused(path: Path) -> bool:
    """Whether no other process has the file open. May bring its log in: it has been copied."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as file:
        try:
            file.execute("PRAGMA locking_mode=EXCLUSIVE")
            file.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.DatabaseError as error:
            return error.sqlite_errorname not in ("SQLITE_BUSY", "SQLITE_LOCKED")
        except UnicodeDecodeError:  # of the message that something in it is malformed
            return True
    return True


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keeps other processes from recovering the same file; the lock ends with this process."""
    lock = path.with_name(path.name + ".lock")
    with closing(sqlite3.connect(lock, timeout=BUSY_SECONDS, isolation_level=None)) as file:
        file.execute("BEGIN EXCLUSIVE")
        yield


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
