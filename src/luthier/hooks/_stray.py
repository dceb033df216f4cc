"""What native code writes to standard error while a table is drawn: caught, and handed on whole.

Frameworks log from C++, past Python and straight to the terminal, and would tear the table apart.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import IO

STDERR = 2


class StrayOutput:
    """Catches standard error, where it is a terminal, between `start` and `stop`.

    A file takes it, not a pipe: processes that were started meanwhile can go on writing to it.
    """

    def __init__(self) -> None:
        self._saved: int | None = None
        self._file: IO[bytes] | None = None
        self._read = 0

    def start(self) -> None:
        """Begin to catch; where that cannot be done everything stays as it is."""
        try:
            if not (os.isatty(STDERR) and hasattr(os, "pread")):
                return
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `stop`)
            self._saved = os.dup(STDERR)
            os.dup2(self._file.fileno(), STDERR)
        except OSError:
            self.stop()

    def take(self) -> list[str]:
        """Lines written since the last call; what is no whole line yet comes later."""
        return self._take(whole=True)

    def stop(self) -> list[str]:
        """Give standard error back; what was written since the last `take`."""
        if self._saved is not None:
            if sys.__stderr__ is not None:
                sys.__stderr__.flush()
            os.dup2(self._saved, STDERR)
            os.close(self._saved)
        rest = self._take(whole=False)
        if self._file is not None:
            self._file.close()
        self._saved, self._file, self._read = None, None, 0
        return rest

    def _take(self, *, whole: bool) -> list[str]:
        if self._file is None:
            return []
        size = os.fstat(self._file.fileno()).st_size
        data = os.pread(self._file.fileno(), size - self._read, self._read)
        if whole:
            data = data[: data.rfind(b"\n") + 1]
        self._read += len(data)
        return data.decode("utf-8", "replace").splitlines()
