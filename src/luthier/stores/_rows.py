"""A trial as a row, and the moves of its life: what all stores have in common.

Enters: trials. Leaves: rows of plain values with a checksum, as they are kept, and trials again,
which share nothing with those that went in. What a verb allows is decided here; stores make it
atomic.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

from luthier.errors import StaleTrialError
from luthier.records import (
    FINISHED,
    LEGAL,
    Measurement,
    Trial,
    TrialState,
    decode_measurements,
    decode_results,
    decode_suggestion,
    encode_measurements,
    encode_results,
    encode_suggestion,
)

FINISHED_NAMES = frozenset(state.value for state in FINISHED)
WAITING = TrialState.WAITING.value
RUNNING = TrialState.RUNNING.value
FAILED = TrialState.FAILED.value
_STATES = {state.value: state for state in TrialState}


class Row(NamedTuple):
    """A trial as it is kept; times in POSIX seconds, texts in JSON.

    `measurements` is None until the trial is finished: until then each is kept by itself.
    `checksum` covers everything of a finished trial, which never changes again, and number and
    suggestion of any other.
    """

    number: int
    revision: int
    state: str
    seen: int
    attempt: int
    failures: int
    worker: str | None
    lease: float | None
    started: float | None
    ended: float | None
    suggestion: str
    results: str
    measurements: str | None
    checksum: int


def checksum(row: Row) -> int:
    """CRC-32 of what must not have changed when the row is read again."""
    if row.state not in FINISHED_NAMES:
        return zlib.crc32(row.suggestion.encode(), row.number)
    texts = f"{row.suggestion}\n{row.results}\n{row.measurements}"
    return zlib.crc32(texts.encode(), zlib.crc32(repr(row[:10]).encode()))


def spec_checksum(name: str, text: str) -> int:
    """CRC-32 of a study's name and set-up."""
    return zlib.crc32(repr((name, text)).encode())


def pack(trial: Trial, revision: int, measurements: Sequence[Measurement] = ()) -> Row:
    """`trial` as it is kept from `revision` on; a finished one with these measurements."""
    running = trial.state is TrialState.RUNNING
    finished = trial.state in FINISHED
    row = Row(
        int(trial.number),
        revision,
        trial.state.value,
        int(trial.seen),
        int(trial.attempt),
        int(trial.failures),
        trial.worker if running or finished else None,
        _seconds(trial.lease) if running else None,
        _seconds(trial.started),
        _seconds(trial.ended) if finished else None,
        encode_suggestion(trial.suggestion),
        encode_results(trial),
        encode_measurements(measurements) if finished else None,
        0,
    )
    return row._replace(checksum=checksum(row))


def _seconds(value: float | None) -> float | None:
    return None if value is None else float(value)


def check(row: Row) -> None:
    """Refuses a row that is not what was written.

    Raises:
        ValueError: if its checksum does not match.
    """
    if checksum(row) != row.checksum:
        raise ValueError(f"trial {row.number} does not match its checksum")


def unpack(row: Row, measurements: Sequence[Measurement] | None) -> Trial:
    """The trial that `row` keeps; with its measurements, where they are known already."""
    suggestion = decode_suggestion(row.suggestion)
    if measurements is None:
        measurements = decode_measurements(row.measurements or "")
    return Trial(
        number=row.number,
        suggestion=suggestion,
        state=_STATES[row.state],
        seen=row.seen,
        attempt=row.attempt,
        failures=row.failures,
        worker=row.worker,
        lease=row.lease,
        measurements=tuple(measurements),
        started=row.started,
        ended=row.ended,
        revision=row.revision,
        **decode_results(row.results, suggestion),
    )


def check_move(row: Row | None, trial: Trial) -> None:
    """Refuses a `Store.move(trial)` that the trial as kept does not allow.

    Raises:
        StaleTrialError: if the kept trial is at another attempt, or cannot go there.
    """
    if row is None:
        raise StaleTrialError(f"There is no trial {trial.number} to move to {trial.state.value}.")
    if row.attempt != trial.attempt:
        raise StaleTrialError(
            f"Trial {trial.number} is at attempt {row.attempt} by now; what attempt "
            f"{trial.attempt} brings no longer counts."
        )
    if trial.state not in LEGAL[_STATES[row.state]] or _is_ghost(row, trial):
        raise StaleTrialError(
            f"Trial {trial.number} is {row.state} and cannot become {trial.state.value}"
            + (": it was given back, to be retried." if row.state == WAITING else ".")
        )


def _is_ghost(row: Row, trial: Trial) -> bool:
    # A worker whose trial was given back may still report its failure; the trial is to be retried
    # nevertheless.
    return row.state == WAITING and trial.state is TrialState.FAILED and trial.worker is not None


def stale(number: int, attempt: int) -> StaleTrialError:
    """The error of a report that comes too late."""
    return StaleTrialError(
        f"Attempt {attempt} of trial {number} no longer runs: it ended, or its lease ran out and "
        "another worker took over. What it reports is not recorded."
    )
