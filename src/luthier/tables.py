"""Tables as files: rows of plain values go in, a CSV, JSON or Parquet file comes out.

A file is written whole or not at all. Columns are all keys of the rows, in the order of their first
sight; what a row lacks is empty.
"""

from __future__ import annotations

import contextlib
import csv
import json
import math
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from luthier.errors import MissingExtraError

Rows = Sequence[Mapping[str, Any]]
FORMATS = (".csv", ".json", ".parquet")


def save_rows(rows: Rows, path: str | os.PathLike[str]) -> Path:
    """Write rows to a file; its ending says in which form.

    Args:
        rows: one dict a row.
        path: a file that ends in .csv, .json or .parquet; folders above it are made.

    Returns:
        The path.

    Raises:
        ValueError: for another ending.
        OSError: if it cannot be written; names the file.
        MissingExtraError: for Parquet without pandas and pyarrow.

    Example:
        >>> from luthier.tables import save_rows
        >>> save_rows([{"trial": 0, "score": 0.5}], "/tmp/rows.csv").name  # doctest: +SKIP
        'rows.csv'
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in FORMATS:
        raise ValueError(
            f"Expected a file that ends in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, "
            f"got {os.fspath(path)!r}."
        )
    write = {".csv": _write_csv, ".json": _write_json, ".parquet": _write_parquet}[ending]
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(rows, draft)
        draft.replace(target)
    except OSError as error:
        raise OSError(
            error.errno, f"Cannot write the file ({error.strerror or error})", str(target)
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return target


def columns(rows: Rows) -> list[str]:
    """All keys of the rows, in the order of their first sight."""
    return list(dict.fromkeys(key for row in rows for key in row))


def plain(value: Any) -> Any:
    """The value as strict JSON has it: numbers that are not finite are None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _write_csv(rows: Rows, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns(rows), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: _cell(value) for key, value in row.items()})


def _cell(value: Any) -> Any:
    """A value as it stands in a cell: nothing where there is no number, structures as JSON."""
    if isinstance(value, list | tuple | Mapping):
        return json.dumps(plain(value))
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _write_json(rows: Rows, path: Path) -> None:
    path.write_text(json.dumps(plain(list(rows)), indent=1, allow_nan=False), encoding="utf-8")


def _write_parquet(rows: Rows, path: Path) -> None:
    try:
        import pandas

        frame = pandas.DataFrame([dict(row) for row in rows], columns=columns(rows))
        for name in frame.columns:
            if frame[name].dtype == object:
                # A column of Parquet is of one type: mixed ones are kept as JSON.
                frame[name] = [_text(value) for value in frame[name]]
        frame.to_parquet(path)
    except ImportError as error:
        raise MissingExtraError(
            'A Parquet file needs pandas and pyarrow: pip install "luthier[parquet]". '
            "A .csv or .json file needs nothing more."
        ) from error


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return value if isinstance(value, str) else json.dumps(plain(value))
