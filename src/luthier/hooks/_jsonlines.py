"""`JSONLines`: every event of a search as one JSON object on a line of its own.

Facts enter by the verbs of a hook; lines leave, appended to a file and flushed one by one, so that
what a killed search wrote can be read. Always valid JSON: NaN and infinite numbers become null.
"""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from luthier.abc import Hook, SearchFacts
from luthier.records import Measurement, Trial

_log = logging.getLogger(__name__)


class JSONLines(Hook):
    """Appends events to a file: `start`, `trial`, `report`, `outcome`, `end`.

    Args:
        path: the file; folders above it are made, what it holds already stays.

    Each object has `event` and `time` (ISO 8601, UTC). A file that cannot be written is said once
    in the log and does not end the search.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._file: TextIO | None = None

    def on_start(self, facts: SearchFacts) -> None:
        """Open the file; write how the search begins."""
        self._open()
        self._write(
            "start",
            study=facts.spec.name,
            place=facts.place,
            objectives=[objective.get_config() for objective in facts.spec.objectives],
            seed=facts.spec.seed,
            max_trials=facts.max_trials,
            max_seconds=facts.max_seconds,
            finished=len(facts.history.finished),
        )

    def on_trial(self, trial: Trial) -> None:
        """Write which values are about to be tried."""
        self._write(
            "trial",
            trial=trial.number,
            attempt=trial.attempt,
            values=trial.values,
            note=trial.suggestion.note,
        )

    def on_report(self, trial: Trial, measurement: Measurement) -> None:
        """Write what a trial reported."""
        self._write(
            "report",
            trial=trial.number,
            attempt=trial.attempt,
            execution=measurement.execution,
            step=measurement.step,
            seconds=measurement.seconds,
            metrics=measurement.metrics,
        )

    def on_outcome(self, trial: Trial) -> None:
        """Write how a trial ended."""
        self._write(
            "outcome",
            trial=trial.number,
            attempt=trial.attempt,
            state=trial.state,
            scores=trial.scores,
            metrics=trial.metrics,
            spread=trial.spread,
            best_step=trial.best_step,
            seconds=trial.seconds,
            values=trial.values,
            message=trial.message,
        )

    def on_end(self, reason: str) -> None:
        """Write why the search ended; close the file."""
        self._write("end", reason=reason)
        self._close()

    # -- inside ----------------------------------------------------------------------------------

    def _open(self) -> None:
        self._close()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            torn = _ends_within_a_line(self._path)
            self._file = self._path.open("a", encoding="utf-8", newline="\n")
            if torn:
                self._file.write("\n")
        except OSError as error:
            self._give_up(error)

    def _write(self, event: str, **facts: Any) -> None:
        if self._file is None:
            return
        line = {"event": event, "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        try:
            self._file.write(json.dumps(_plain(line | facts), allow_nan=False) + "\n")
            self._file.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        _log.warning("No more events are written to %s: %s", self._path, error)
        self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                _log.warning("%s could not be closed: %s", self._path, error)


def _ends_within_a_line(path: Path) -> bool:
    """Whether a killed search left half a line behind."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _plain(value: Any) -> Any:
    """The value as JSON knows it; numpy's numbers as numbers, anything strange as its text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    if isinstance(value, Enum):
        return _plain(value.value)
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)
