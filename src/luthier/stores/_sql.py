"""`SqlStore`: studies in SQLite (a file) or PostgreSQL (a server), one implementation for both.

Every verb is one transaction. Rows are those of `_rows`; statements are those of `_sql_schema`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL

from luthier.abc import Changes, Store
from luthier.errors import DamagedStoreError, StoreError
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
    Row,
    check,
    check_move,
    pack,
    spec_checksum,
    stale,
    unpack,
)
from luthier.stores._sql_database import Database, Run
from luthier.stores._sql_migrations import prepare, read_layout
from luthier.stores._sql_recovery import mend
from luthier.stores._sql_schema import row_values
from luthier.stores._sql_url import make_directory
from luthier.stores._summary import StudySummary, check_name, check_waiting

T = TypeVar("T")


class _TakenError(Exception):
    """Another was faster: the transaction is undone."""


class SqlStore(Store):
    """Keeps studies in a database; safe for threads, processes and, on a server, machines.

    Args:
        url: of SQLite or PostgreSQL (with the driver psycopg).
        place: the same for people.
    """

    def __init__(self, url: URL, place: str) -> None:
        self._database = Database(url, place)
        self._file = Path(url.database or "") if self._database.is_sqlite else None
        self._study = 0
        self._name = ""

    # -- the study -------------------------------------------------------------------------------

    def open(self, spec: StudySpec) -> StudySpec:
        text, name = encode_spec(spec), check_name(spec.name)
        if not self._study:  # a handle in use has seen to all that
            if self._file is not None:
                make_directory(self._file)
                mend(self._file, spec, self.place)
            prepare(self._database)
        run = self._database.run
        # Only one process at a time may look for a study and create it.
        with self._database.defining():
            found = run("find", named=name).fetchone()
            if found is None:
                sums = spec_checksum(name, text)
                run("create", new_name=name, new_revision=0, new_spec=text, new_checksum=sums)
                self._study, self._name = run("find", named=name).fetchone()[0], name
                return spec
            self._study, self._name = found[0], name
        return self._decoded(_study, name, found[1], found[2])

    def amend(self, spec: StudySpec) -> None:
        text = encode_spec(spec)
        if spec.name != self._name:
            raise StoreError(f"Expected the set-up of the study that is open, got {spec.name!r}.")
        sums = spec_checksum(spec.name, text)
        with self._database.writing() as run:
            self._advance(run)
            run("amend", study=self._study, named=spec.name, text=text, sum=sums)

    def close(self) -> None:
        self._study, self._name = 0, ""
        self._database.disconnect()

    @property
    def shared(self) -> bool:
        return True

    @property
    def place(self) -> str:
        return self._database.place

    def summaries(self) -> tuple[StudySummary, ...]:
        """Every study kept here, by name; creates nothing."""
        if self._file is not None and not os.path.exists(self._file):
            raise StoreError(f"There is no file {self.place}: expected the path of a study.")
        if read_layout(self._database) is None:
            return ()
        with self._database.reading() as run:
            names = run("names").fetchall()
            counted = run("states").fetchall()
        return tuple(
            StudySummary.count(name, {state: n for of, state, n in counted if of == study})
            for study, name in names
        )

    # -- its trials ------------------------------------------------------------------------------

    def history(self, since: int) -> Changes:
        reports: dict[int, list[str]] = {}
        rows: list[Row] = []
        with self._database.reading() as run:
            found = run("revision", study=self._study).fetchone()
            if found is not None and found[0] > since:
                rows = list(map(Row._make, run("changed", study=self._study, since=since)))
                reports = {row.number: [] for row in rows if row.measurements is None}
                if reports:
                    texts = run("changed_measurements", study=self._study, since=since)
                    for number, text in texts:
                        reports[number].append(text)
        if found is None:
            raise self._nothing_open()
        return Changes(found[0], self._decoded(_trials, rows, reports))

    def add(self, trial: Trial) -> bool:
        check_waiting(trial)
        row = pack(trial, 0)
        try:
            with self._database.writing() as run:
                row = row._replace(revision=self._advance(run))
                if run("trial", study=self._study, trial=row.number).fetchone() is not None:
                    raise _TakenError
                run("add", study=self._study, **row_values(row))
                for measurement in trial.measurements:
                    self._report(run, row.number, row.attempt, measurement)
        except _TakenError:
            return False
        return True

    def claim(self, number: int, worker: str, lease: float) -> Trial | None:
        this = {"study": self._study, "trial": number}
        try:
            with self._database.writing() as run:
                now, at = self._advance(run), time.time()
                values = {"now": now, "by": worker, "until": float(lease), "at": at}
                claimed = run("claim", **values, **this).fetchone()
                if claimed is None:
                    raise _TakenError
                texts = [text for (text,) in run("measurements", **this)]
        except _TakenError:
            return None
        # SQLite's RETURNING gives whole numbers of a REAL column as int.
        row = Row._make(claimed)._replace(lease=float(lease), started=at)
        return self._decoded(_trials, [row], {number: texts})[0]

    def append(self, number: int, attempt: int, measurement: Measurement) -> None:
        text = encode_measurements([measurement])
        with self._database.writing() as run:
            now = self._advance(run)
            running = run("reported", study=self._study, trial=number, of_attempt=attempt, now=now)
            if running.rowcount != 1:
                raise stale(number, attempt)
            self._report(run, number, attempt, measurement, text)

    def move(self, trial: Trial) -> Trial:
        this = {"study": self._study, "trial": int(trial.number)}
        with self._database.writing() as run:
            now = self._advance(run)
            found = run("trial", **this).fetchone()
            check_move(None if found is None else Row._make(found), trial)
            texts = [text for (text,) in run("measurements", **this)]
            measurements = self._decoded(_measurements, texts)
            row = pack(trial, now, measurements)
            if row.state in FINISHED_NAMES:
                run("forget", **this)
            run("move", **this, **row_values(row))
        return unpack(row, measurements)

    def renew(self, numbers: Sequence[int], worker: str, lease: float) -> tuple[int, ...]:
        with self._database.writing() as run:
            self._hold(run)
            running = run("running", study=self._study)
            own = {number for number, _, holder, _ in running if holder == worker}
            kept = tuple(number for number in numbers if number in own)
            for number in kept:
                now = self._advance(run)
                run("renew", study=self._study, trial=number, now=now, until=float(lease))
        return kept

    def reap(self, is_dead: Callable[[str, float | None], bool]) -> tuple[int, ...]:
        if not self._study:
            raise self._nothing_open()
        with self._database.reading() as run:
            running = run("running", study=self._study).fetchall()
        # The caller's function runs outside of any lock: it may look at processes, and take its
        # time.
        dead = {row for row in running if is_dead(row[2] or "", row[3])}
        if not dead:
            return ()
        with self._database.writing() as run:
            self._hold(run)
            # Whoever renewed its lease meanwhile is alive.
            still = [row[0] for row in run("running", study=self._study).fetchall() if row in dead]
            for number in still:
                run("give_back", study=self._study, trial=number, now=self._advance(run))
        return tuple(still)

    # -- inside ----------------------------------------------------------------------------------

    def _advance(self, run: Run) -> int:
        """The study's counter, increased; from here on other writers of the study wait."""
        found = run("advance", study=self._study).fetchone()
        if found is None:
            raise self._nothing_open()
        return int(found[0])

    def _hold(self, run: Run) -> None:
        """Makes other writers of the study wait without a change."""
        if run("hold", study=self._study).fetchone() is None:
            raise self._nothing_open()

    def _report(
        self, run: Run, number: int, attempt: int, measurement: Measurement, text: str = ""
    ) -> None:
        place = {
            "study": self._study,
            "trial": number,
            "of_attempt": attempt,
            "at_execution": int(measurement.execution),
            "at_step": float(measurement.step),
        }
        run("overtake", **place)
        run("report", **place, text=text or encode_measurements([measurement]))

    def _nothing_open(self) -> StoreError:
        if not self._study:
            return StoreError("Open a study before using the store: store.open(spec).")
        return StoreError(f"The study {self._name!r} is no longer in the store {self.place}.")

    def _decoded(self, decode: Callable[..., T], *arguments: Any) -> T:
        try:
            return decode(*arguments)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamagedStoreError(
                f"The store {self.place} is damaged: what it holds was not written by Luthier "
                f"({error}). Nothing was overwritten; open the study again to recover what can be."
            ) from error


def _study(name: str, text: str, sums: int) -> StudySpec:
    """The set-up that a study's row keeps.

    Raises:
        ValueError: if the row is not what was written.
    """
    if spec_checksum(name, text) != sums:
        raise ValueError(f"the set-up of study {name!r} does not match its checksum")
    return decode_spec(text)


def _measurements(texts: Iterable[str]) -> list[Measurement]:
    return [decode_measurements(text)[0] for text in texts]


def _trials(rows: Iterable[Row], reports: Mapping[int, Sequence[str]]) -> tuple[Trial, ...]:
    """The trials that rows keep; of the unfinished ones `reports` has the measurements."""
    trials = []
    for row in rows:
        check(row)
        texts = reports.get(row.number)
        trials.append(unpack(row, None if texts is None else _measurements(texts)))
    return tuple(trials)
