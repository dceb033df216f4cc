"""What can be read of a damaged SQLite file, and the same written to a fresh one.

Enters: the pages of the file, whatever their state. Leaves: the newest version of each row that is
whole; an old version of an unfinished trial is as good as none, for it will be run again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from luthier.records import (
    StudySpec,
    Suggestion,
    Trial,
    TrialState,
    decode_measurements,
    encode_spec,
)
from luthier.stores._rows import (
    FINISHED_NAMES,
    RUNNING,
    WAITING,
    Row,
    check,
    checksum,
    pack,
    spec_checksum,
    unpack,
)
from luthier.stores._sql_database import Database, Run
from luthier.stores._sql_migrations import prepare
from luthier.stores._sql_schema import MEASUREMENT, STUDY, TRIAL, row_values
from luthier.stores._sqlite_pages import Pages, Record

_TIMES = ("lease", "started", "ended")
LOST = "This trial was lost when the file of its study was damaged."


@dataclass(slots=True)
class Salvage:
    """What could be read: by the number that a study had in the damaged file."""

    studies: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    rows: dict[tuple[int, int], Row] = field(default_factory=dict)
    reports: dict[tuple[int, int, int, int], tuple[int, str]] = field(default_factory=dict)


def read_what_is_left(path: Path, spec: StudySpec) -> Salvage:
    """Everything in a damaged file that its checksums vouch for.

    Args:
        path: the file; its log lies beside it.
        spec: the study whose trials they are, where the file no longer says.
    """
    found = Salvage()
    readers = {
        len(TRIAL.c): _read_trial,
        len(MEASUREMENT.c): _read_report,
        len(STUDY.c): _read_study,
    }
    for rowid, record in Pages(path).records():
        reader = readers.get(len(record))
        if reader is not None:
            try:
                reader(found, rowid, record)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # not one of ours, or not whole
    orphans = {study for study, _ in found.rows} - found.studies.keys()
    if len(orphans) == 1 and spec.name not in {name for name, _, _ in found.studies.values()}:
        found.studies[orphans.pop()] = (spec.name, encode_spec(spec), 0)
    found.rows = {key: row for key, row in found.rows.items() if key[0] in found.studies}
    return found


def _read_study(found: Salvage, rowid: int, record: Record) -> None:
    values: tuple[Any, ...] = record
    _, name, revision, text, sums = values
    if spec_checksum(name, text) == sums:
        known = found.studies.get(rowid)
        if known is None or known[2] <= revision:
            found.studies[rowid] = (name, text, revision)


def _read_trial(found: Salvage, rowid: int, record: Record) -> None:
    values: tuple[Any, ...] = record
    study = int(values[0])
    # SQLite keeps whole numbers in a column of floats as integers.
    row = Row._make(
        float(value) if name in _TIMES and value is not None else value
        for name, value in zip(Row._fields, values[1:], strict=True)
    )
    check(row)
    unpack(row, None if row.state in FINISHED_NAMES else ())
    known = found.rows.get((study, row.number))
    if known is None or known.revision <= row.revision:
        found.rows[study, row.number] = row


def _read_report(found: Salvage, rowid: int, record: Record) -> None:
    values: tuple[Any, ...] = record
    study, number, execution, step, attempt, text = values
    decode_measurements(text)
    known = found.reports.get((study, number, execution, step))
    if known is None or known[0] <= attempt:
        found.reports[study, number, execution, step] = (attempt, text)


def write_anew(path: Path, found: Salvage) -> int:
    """Write what was found to a new file; how many trials are missing between those.

    Missing ones come back as skipped, so that numbers have no gaps; running ones wait to be
    retried.
    """
    database = Database(URL.create("sqlite", database=str(path)), str(path))
    prepare(database)
    lost = 0
    with database.writing() as run:
        for known, (name, text, _) in sorted(found.studies.items()):
            rows = [row for (study, _), row in found.rows.items() if study == known]
            rows.sort(key=lambda row: row.revision)
            gaps = set(range(max((row.number for row in rows), default=-1) + 1))
            gaps -= {row.number for row in rows}
            lost += len(gaps)
            renewed = [_renewed(row, at) for at, row in enumerate(rows, start=1)]
            renewed += [_lost(number, at) for at, number in enumerate(gaps, start=len(rows) + 1)]
            run(
                "create",
                new_name=name,
                new_revision=len(renewed),
                new_spec=text,
                new_checksum=spec_checksum(name, text),
            )
            (study, _, _) = run("find", named=name).fetchone()
            for row in renewed:
                run("add", study=study, **row_values(row))
                _write_reports(run, study, row, found, known)
    database.disconnect()
    return lost


def _renewed(row: Row, revision: int) -> Row:
    state = WAITING if row.state == RUNNING else row.state
    if state in FINISHED_NAMES:
        row = row._replace(revision=revision)
    else:
        row = row._replace(revision=revision, state=state, worker=None, lease=None)
    return row._replace(checksum=checksum(row))


def _lost(number: int, revision: int) -> Row:
    trial = Trial(number, Suggestion({}), TrialState.SKIPPED, message=LOST, info={"lost": True})
    return pack(trial, revision)


def _write_reports(run: Run, study: int, row: Row, found: Salvage, known: int) -> None:
    if row.measurements is not None:
        return
    for (of, number, execution, step), (attempt, text) in sorted(found.reports.items()):
        if (of, number) == (known, row.number) and attempt <= row.attempt:
            run(
                "report",
                study=study,
                trial=number,
                at_execution=execution,
                at_step=step,
                of_attempt=attempt,
                text=text,
            )
