"""Trials as rows of an aligned table: the one that is drawn live and those of the command line.

Rows enter; lines leave, each a tuple of (text, style) pieces. Columns that do not fit are left out
and counted, so that no line is ever wrapped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from luthier.hooks._text import (
    cut,
    duration_text,
    reason_text,
    score_text,
    shortened,
    value_text,
)
from luthier.records import Trial, TrialState

Piece = tuple[str, str]
Line = tuple[Piece, ...]

GAP = "  "
WIDEST_VALUE = 12
SHORTEST_NOTE = 10
NOTES = MappingProxyType(
    {
        TrialState.STOPPED: "stopped early",
        TrialState.WAITING: "to be retried",
        TrialState.PAUSED: "paused",
        TrialState.RUNNING: "running",
    }
)
# How rich shows each style.
STYLES = MappingProxyType(
    {
        "title": "bold",
        "head": "dim",
        "dim": "dim",
        "plain": "",
        "bar": "cyan",
        "best": "bold green",
        "best note": "green",
        "new": "green",
        "running": "cyan",
        "bad": "dim",
        "bad note": "red",
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """One trial of the table.

    Attributes:
        trial: where the values come from.
        style: how the whole row looks.
        scores: texts of the objectives.
        time: text of the duration.
        note: a word about it.
    """

    trial: Trial
    style: str
    scores: tuple[str, ...]
    time: str
    note: str


@dataclass(frozen=True, slots=True)
class _Column:
    """One column: its heading, in lines, and the text of each row."""

    heading: tuple[str, ...]
    cells: tuple[str, ...]
    width: int


def finished_row(trial: Trial, objectives: int, *, is_best: bool) -> Row:
    """The row of a trial that is not running here."""
    time = duration_text(trial.seconds)
    if trial.scores:
        style, note = "new" if is_best else "plain", NOTES.get(trial.state, "")
        return Row(trial, style, tuple(map(score_text, trial.scores)), time, note)
    reason = reason_text(trial.message)
    note = NOTES.get(trial.state, trial.state.value) + (f": {reason}" if reason else "")
    return Row(trial, "bad", ("–",) * objectives, time, note)


def grid(
    rows: Sequence[Row], objectives: Sequence[str], names: Sequence[str], width: int
) -> tuple[list[Line], list[Line]]:
    """The table of some trials.

    Args:
        rows: one a trial, at least one.
        objectives: names of the columns for `Row.scores`.
        names: hyperparameters to show, the most important first.
        width: characters in a line; what does not fit is left out.

    Returns:
        Lines of the heading, and a line for each row.
    """
    columns, hidden = _columns(rows, objectives, names, width)
    return _heading(columns, hidden), [
        _line(place, row, columns, width) for place, row in enumerate(rows)
    ]


def _columns(
    rows: Sequence[Row], objectives: Sequence[str], names: Sequence[str], width: int
) -> tuple[list[_Column], int]:
    """The columns that fit beside a note, and how many hyperparameters do not."""
    first = _column("trial", [str(row.trial.number) for row in rows])
    last = [
        _column(name, [row.scores[place] for row in rows]) for place, name in enumerate(objectives)
    ]
    last.append(_column("time", [row.time.rjust(6) for row in rows]))
    room = width - sum(column.width + len(GAP) for column in (first, *last)) - SHORTEST_NOTE
    values = []
    for name in names:
        column = _column(name, [_cell(row.trial, name) for row in rows])
        if column.width + len(GAP) <= room:
            room -= column.width + len(GAP)
            values.append(column)
    return [first, *values, *last], len(names) - len(values)


def _cell(trial: Trial, name: str) -> str:
    if name not in trial.values:
        return "·"
    return shortened(value_text(trial.values[name]), WIDEST_VALUE)


def _column(name: str, cells: Sequence[str]) -> _Column:
    content = max(map(len, cells), default=0)
    heading = _broken(name, max(content, 6))
    return _Column(heading, tuple(cells), max(content, *map(len, heading)))


def _broken(name: str, limit: int) -> tuple[str, ...]:
    """The name in one line where it fits, else in two, broken at an underscore or slash."""
    if len(name) <= limit:
        return (name,)
    breaks = [match.end() for match in re.finditer(r"[_/.\- ]", name) if match.end() < len(name)]
    if not breaks:
        return (shortened(name, WIDEST_VALUE),)
    middle = min(breaks, key=lambda place: max(place, len(name) - place))
    return tuple(shortened(part, WIDEST_VALUE) for part in (name[:middle], name[middle:]))


def _heading(columns: Sequence[_Column], hidden: int) -> list[Line]:
    depth = max(len(column.heading) for column in columns)
    lines: list[Line] = []
    for level in range(depth):
        cells = []
        for column in columns:
            place = level - (depth - len(column.heading))
            cells.append((column.heading[place] if place >= 0 else "").rjust(column.width))
        lines.append(((GAP.join(cells).rstrip(), "head"),))
    if hidden:
        lines[-1] = (*lines[-1], (f"{GAP}+{hidden} more", "head"))
    return lines


def _line(place: int, row: Row, columns: Sequence[_Column], width: int) -> Line:
    text = GAP.join(column.cells[place].rjust(column.width) for column in columns)
    note = cut(row.note, max(0, width - len(text) - len(GAP)))
    return ((text, row.style), (GAP + note if note else "", f"{row.style} note"))
