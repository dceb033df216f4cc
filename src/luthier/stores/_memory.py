"""`MemoryStore`: studies that live as long as the object; the twin of the SQL store.

It keeps the same rows as the other stores, texts included, so that what goes in and what comes out
share nothing, and a value that could not be kept in a file is refused here too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from luthier.abc import Changes, Store
from luthier.errors import StoreError
from luthier.records import (
    Measurement,
    StudySpec,
    Trial,
    decode_measurements,
    decode_spec,
    encode_measurements,
    encode_spec,
)
from luthier.stores._rows import (
    FINISHED_NAMES,
    RUNNING,
    WAITING,
    Row,
    check_move,
    pack,
    stale,
    unpack,
)
from luthier.stores._summary import StudySummary, check_name, check_waiting

Place = tuple[int, float]


@dataclass(slots=True)
class _Reports:
    """Measurements of one unfinished trial: (execution, step) to attempt and text."""

    kept: dict[Place, tuple[int, str]] = field(default_factory=dict)

    def add(self, attempt: int, measurement: Measurement) -> None:
        text = encode_measurements([measurement])
        place = (int(measurement.execution), float(measurement.step))
        for other in [p for p, (by, _) in self.kept.items() if by < attempt and p >= place]:
            del self.kept[other]
        self.kept[place] = (attempt, text)

    def all(self) -> list[Measurement]:
        return [decode_measurements(text)[0] for _, (_, text) in sorted(self.kept.items())]


@dataclass(slots=True)
class _Study:
    """One study: its set-up as text, its counter, its trials in order of revision."""

    spec: str
    revision: int = 0
    rows: dict[int, Row] = field(default_factory=dict)
    reports: dict[int, _Reports] = field(default_factory=dict)

    def put(self, row: Row) -> None:
        # Taken out first, so that the row stands at the end: the dict is the log of changes.
        self.rows.pop(row.number, None)
        self.rows[row.number] = row
        self.revision = row.revision

    def since(self, revision: int) -> list[Row]:
        changed = []
        for row in reversed(self.rows.values()):
            if row.revision <= revision:
                break
            changed.append(row)
        return changed[::-1]

    def trial(self, row: Row) -> Trial:
        reports = self.reports.get(row.number)
        return unpack(row, None if reports is None else reports.all())


class MemoryStore(Store):
    """Keeps studies in memory; safe for threads.

    Example:
        >>> from luthier.stores import MemoryStore
        >>> MemoryStore().place
        'memory'
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._studies: dict[str, _Study] = {}
        self._current: _Study | None = None

    def open(self, spec: StudySpec) -> StudySpec:
        text = encode_spec(spec)
        with self._lock:
            found = self._studies.get(check_name(spec.name))
            if found is None:
                found = self._studies[spec.name] = _Study(text)
                stored = spec
            else:
                stored = decode_spec(found.spec)
            self._current = found
        return stored

    def amend(self, spec: StudySpec) -> None:
        text = encode_spec(spec)
        with self._lock:
            study = self._study()
            if self._studies.get(spec.name) is not study:
                raise StoreError(
                    f"Expected the set-up of the study that is open, got {spec.name!r}."
                )
            study.spec = text
            study.revision += 1

    def history(self, since: int) -> Changes:
        with self._lock:
            study = self._study()
            return Changes(study.revision, tuple(map(study.trial, study.since(since))))

    def add(self, trial: Trial) -> bool:
        check_waiting(trial)
        with self._lock:
            study = self._study()
            if trial.number in study.rows:
                return False
            row = pack(trial, study.revision + 1)
            reports = _Reports()
            for measurement in trial.measurements:
                reports.add(trial.attempt, measurement)
            study.reports[trial.number] = reports
            study.put(row)
            return True

    def claim(self, number: int, worker: str, lease: float) -> Trial | None:
        with self._lock:
            study = self._study()
            row = study.rows.get(number)
            if row is None or row.state != WAITING:
                return None
            row = row._replace(
                revision=study.revision + 1,
                state=RUNNING,
                attempt=row.attempt + 1,
                worker=worker,
                lease=float(lease),
                started=time.time(),
            )
            study.put(row)
            return study.trial(row)

    def append(self, number: int, attempt: int, measurement: Measurement) -> None:
        with self._lock:
            study = self._study()
            row = study.rows.get(number)
            if row is None or row.state != RUNNING or row.attempt != attempt:
                raise stale(number, attempt)
            study.reports[number].add(attempt, measurement)
            study.put(row._replace(revision=study.revision + 1))

    def move(self, trial: Trial) -> Trial:
        with self._lock:
            study = self._study()
            check_move(study.rows.get(trial.number), trial)
            measurements = study.reports[trial.number].all()
            row = pack(trial, study.revision + 1, measurements)
            if row.state in FINISHED_NAMES:
                del study.reports[row.number]
            study.put(row)
            return unpack(row, measurements)

    def renew(self, numbers: Sequence[int], worker: str, lease: float) -> tuple[int, ...]:
        kept = []
        with self._lock:
            study = self._study()
            for number in numbers:
                row = study.rows.get(number)
                if row is not None and row.state == RUNNING and row.worker == worker:
                    study.put(row._replace(revision=study.revision + 1, lease=float(lease)))
                    kept.append(number)
        return tuple(kept)

    def reap(self, is_dead: Callable[[str, float | None], bool]) -> tuple[int, ...]:
        with self._lock:
            study = self._study()
            running = sorted(r for r in study.rows.values() if r.state == RUNNING)
        # The caller's function runs without the lock: it may look at processes, and may take its
        # time.
        dead = [row for row in running if is_dead(row.worker or "", row.lease)]
        given_back = []
        with self._lock:
            for row in dead:
                now = study.rows[row.number]
                if (now.state, now.attempt, now.lease) == (RUNNING, row.attempt, row.lease):
                    revision = study.revision + 1
                    study.put(
                        now._replace(revision=revision, state=WAITING, worker=None, lease=None)
                    )
                    given_back.append(row.number)
        return tuple(given_back)

    def close(self) -> None:
        self._current = None

    @property
    def shared(self) -> bool:
        return False

    @property
    def place(self) -> str:
        return "memory"

    def summaries(self) -> tuple[StudySummary, ...]:
        """Every study kept here, by name."""
        with self._lock:
            return tuple(
                StudySummary.count(name, (row.state for row in self._studies[name].rows.values()))
                for name in sorted(self._studies)
            )

    def _study(self) -> _Study:
        if self._current is None:
            raise StoreError("Open a study before using the store: store.open(spec).")
        return self._current
