"""The live table as lines of styled text: what fits a terminal of a given size, calm and aligned.

A `Progress` enters with a width and a height in characters; lines leave, each a tuple of (text,
style) pieces. No terminal is touched here, so the same state always gives the same lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from luthier.hooks._progress import Progress, Running
from luthier.hooks._text import (
    cut,
    duration_text,
    last_line,
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
MOST_ROWS = 12
BAR = 24
NOTES = {
    TrialState.STOPPED: "stopped early",
    TrialState.WAITING: "to be retried",
    TrialState.PAUSED: "paused",
}


@dataclass(frozen=True, slots=True)
class _Row:
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


def frame(progress: Progress, width: int, height: int) -> list[Line]:
    """The table at this moment.

    Args:
        progress: the state of the search.
        width: characters in a line.
        height: lines that the terminal has; the frame stays below, as long as it has ten or more.
    """
    lines = [_title(progress, width)]
    rows, best = _rows(progress, height - 9), _best_row(progress)
    shown = [*([best] if best else []), *rows]
    if shown:
        columns, hidden = _columns(progress, shown, width)
        body = [_line(place, row, columns, width) for place, row in enumerate(shown)]
        if best:
            body.insert(1, (("─" * width, "dim"),))
        lines += [(), *_heading(columns, hidden), *body]
    return [_cropped(line, width) for line in (*lines, (), _footer(progress, width))]


def _cropped(line: Line, width: int) -> Line:
    pieces = []
    for text, style in line:
        if text and width > 0:
            pieces.append((text[:width], style))
            width -= len(text)
    return tuple(pieces)


# -- the frame around ------------------------------------------------------------------------------


def _title(progress: Progress, width: int) -> Line:
    goals = ", ".join(
        f"{objective.name} ({'less' if objective.direction == 'min' else 'more'} is better)"
        for objective in progress.objectives
    )
    head = f"{progress.name} · {goals}"
    rest = width - len(head) - 3
    if rest < 12:
        return ((shortened(head, width), "title"),)
    return ((head, "title"), (" · " + shortened(progress.place, rest), "dim"))


def _footer(progress: Progress, width: int) -> Line:
    facts = " · ".join(_facts(progress))
    total = progress.max_trials
    bar = min(BAR, width - len(facts) - 2)
    if not total or bar < 6:
        return ((facts, "plain"),)
    filled = round(bar * min(1.0, progress.done / total))
    return (("━" * filled, "bar"), ("─" * (bar - filled), "dim"), (GAP + facts, "plain"))


def _facts(progress: Progress) -> list[str]:
    total = f" of {progress.max_trials}" if progress.max_trials else ""
    facts = [f"{progress.done}{total} trials"]
    for state in (TrialState.FAILED, TrialState.SKIPPED):
        if progress.count(state):
            facts.append(f"{progress.count(state)} {state.value}")
    if progress.resumed:
        facts.append(f"{progress.resumed} from before")
    facts.append(duration_text(progress.elapsed))
    left = progress.left()
    if progress.reason is not None:
        facts.append(progress.reason)
    elif left is not None:
        facts.append(f"about {duration_text(left)} left" if left >= 1 else "nearly done")
    return facts


# -- rows ------------------------------------------------------------------------------------------


def _rows(progress: Progress, room: int) -> list[_Row]:
    running = [_running_row(progress, known) for known in progress.running.values()]
    room = max(1, min(MOST_ROWS, room))
    running = running[-room:]
    kept = room - len(running)
    recent = list(progress.recent)[-kept:] if kept else []
    return [*(_finished_row(progress, trial) for trial in recent), *running]


def _best_row(progress: Progress) -> _Row | None:
    best = progress.best
    if best is None:
        return None
    return _Row(best, "best", tuple(map(score_text, best.scores)), _time(best), "best so far")


def _finished_row(progress: Progress, trial: Trial) -> _Row:
    if trial.scores:
        style = "new" if trial is progress.best else "plain"
        note = NOTES.get(trial.state, "")
        return _Row(trial, style, tuple(map(score_text, trial.scores)), _time(trial), note)
    note = NOTES.get(trial.state, f"{trial.state.value}: {last_line(trial.message)}".rstrip(": "))
    nothing = ("–",) * len(progress.objectives)
    return _Row(trial, "bad", nothing, _time(trial), note)


def _running_row(progress: Progress, running: Running) -> _Row:
    scores = []
    for objective in progress.objectives:
        last = running.last
        known = last is not None and objective.has_value(last.metrics)
        scores.append(score_text(objective.get_value(last.metrics)) if last and known else "")
    time = duration_text(progress.elapsed_of(running))
    return _Row(running.trial, "running", tuple(scores), time, _epoch(progress, running))


def _epoch(progress: Progress, running: Running) -> str:
    if running.last is None:
        return "starting"
    total = progress.steps_of(running)
    execution = running.last.execution
    prefix = f"run {execution + 1}, " if execution else ""
    return f"{prefix}epoch {running.last.step + 1}" + (f"/{total}" if total else "")


def _time(trial: Trial) -> str:
    return duration_text(trial.seconds)


# -- columns ---------------------------------------------------------------------------------------


def _columns(progress: Progress, rows: Sequence[_Row], width: int) -> tuple[list[_Column], int]:
    """The columns that fit beside a note, and how many hyperparameters do not."""
    first = _column("trial", [str(row.trial.number) for row in rows])
    last = [
        _column(objective.name, [row.scores[place] for row in rows])
        for place, objective in enumerate(progress.objectives)
    ]
    last.append(_column("time", [row.time.rjust(6) for row in rows]))
    room = width - sum(column.width + len(GAP) for column in (first, *last)) - SHORTEST_NOTE
    values = []
    names = progress.names(row.trial for row in rows)
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
        lines.append(((GAP.join(cells), "head"),))
    if hidden:
        lines[-1] = (*lines[-1], (f"{GAP}+{hidden} more", "head"))
    return lines


def _line(place: int, row: _Row, columns: Sequence[_Column], width: int) -> Line:
    text = GAP.join(column.cells[place].rjust(column.width) for column in columns)
    note = cut(row.note, max(0, width - len(text) - len(GAP)))
    return ((text, row.style), (GAP + note if note else "", f"{row.style} note"))
