"""What a database driver complains of, in one clear sentence.

Enters: an exception of sqlite3 or psycopg. Leaves: a `StoreError` that says what happened to which
store and what to do.
"""

from __future__ import annotations

import errno

from luthier.errors import DamagedStoreError, StoreError

KEPT = "Everything recorded before is kept."

# By the beginning of SQLite's own name of the error: https://sqlite.org/rescode.html
_SQLITE = {
    "SQLITE_FULL": "no room is left on its disk: free some space and start again. " + KEPT,
    "SQLITE_IOERR": (
        "its disk refused to read or write (full, over a quota, or failing?): see to it and "
        "start again. " + KEPT
    ),
    "SQLITE_READONLY": "it may not be written: check the permissions of file and directory.",
    "SQLITE_PERM": "it may not be opened: check the permissions of file and directory.",
    "SQLITE_CANTOPEN": (
        "it cannot be opened: check the path, and that you may write to its directory."
    ),
    "SQLITE_BUSY": (
        "another process held it for too long: see what else uses it, and start again. " + KEPT
    ),
    "SQLITE_LOCKED": "another connection of this process holds it.",
}
_OS = {
    errno.ENOSPC: "SQLITE_FULL",
    errno.EDQUOT: "SQLITE_FULL",
    errno.EACCES: "SQLITE_PERM",
    errno.EROFS: "SQLITE_READONLY",
    errno.ENAMETOOLONG: "SQLITE_CANTOPEN",
}
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


def clear(error: Exception, place: str) -> StoreError:
    """The error to raise for a driver's `error` at the store `place`."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if isinstance(error, OSError):
        name = _OS.get(error.errno or 0, "")
    text = " ".join(str(error).split()) or type(error).__name__
    if name.startswith(_DAMAGED) or "Could not decode to UTF-8" in text:
        return DamagedStoreError(
            f"The store {place} is damaged ({text}). Nothing was overwritten: open the study again "
            "to recover what can be."
        )
    for beginning, advice in _SQLITE.items():
        if name.startswith(beginning):
            return StoreError(f"The store {place} failed ({text}): {advice}")
    return StoreError(f"The store {place} failed: {text}")
