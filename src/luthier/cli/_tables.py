"""Results as tables for people and as JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from luthier.cli._source import Found
from luthier.hooks._grid import STYLES, Line, Row, finished_row, grid
from luthier.hooks._text import duration_text, printable, score_text
from luthier.records import Trial, TrialState
from luthier.results import Results

# What is read by a program or from a file is not cut.
UNBOUNDED = 10_000


def print_best(console: Console, results: Results, count: int) -> None:
    """The best trials, best first."""
    best = results.ranked(count)
    rows = [
        Row(
            trial,
            "best" if place == 0 else "plain",
            tuple(map(score_text, trial.scores)),
            duration_text(trial.seconds),
            "",
        )
        for place, trial in enumerate(best)
    ]
    title = "The best trial" if len(best) == 1 else f"The {len(best)} best"
    _print(console, [((f"{title} of {len(results.trials)}", "title"),), ()])
    _print_rows(console, results, rows)


def print_trials(console: Console, results: Results, trials: Sequence[Trial]) -> None:
    """One row a trial; hyperparameters that are fixed, or that none of them used, are left out."""
    goals, best = len(results.objectives), results.best
    _print_rows(console, results, [finished_row(t, goals, is_best=t is best) for t in trials])


def print_studies(console: Console, studies: Sequence[tuple[Found, Results]]) -> None:
    """One row a study."""
    rows = [("study", "trials", "failed", "best", "objective", "kept in")]
    for found, results in studies:
        best, goals = results.best, results.objectives
        rows.append(
            (
                found.summary.name,
                str(found.summary.trials),
                str(found.summary.counts.get(TrialState.FAILED, 0)),
                score_text(best.score if best else None),
                ", ".join(f"{goal.name} ({goal.direction})" for goal in goals),
                found.place,
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for place, row in enumerate(rows):
        cells = [
            cell.rjust(width) if 1 <= column <= 3 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        _print(console, [(("  ".join(cells).rstrip(), "plain" if place else "head"),)])


def as_json(results: Results, trials: Sequence[Trial]) -> str:
    """The trials as a JSON list; what is not a finite number is null."""
    rows = {row["trial"]: row for row in results.rows()}
    return json.dumps([_plain(rows[trial.number]) for trial in trials], indent=2)


def _print_rows(console: Console, results: Results, rows: Sequence[Row]) -> None:
    if not rows:
        console.print("No trials yet.")
        return
    fixed = {parameter.name for parameter in results.space if parameter.n_values == 1}
    used = dict.fromkeys(name for row in rows for name in row.trial.values)
    names = [name for name in used if name not in fixed]
    width = console.width - 1 if console.is_terminal else UNBOUNDED
    heading, body = grid(rows, [goal.name for goal in results.objectives], names, width)
    _print(console, [*heading, *body])


def _print(console: Console, lines: Iterable[Line]) -> None:
    for line in lines:
        text = Text()
        for piece, style in line:
            known = STYLES.get(style, STYLES.get(style.split()[0], ""))
            text.append(printable(piece, console.encoding), known)
        console.print(text, no_wrap=True, overflow="ignore", crop=console.is_terminal)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }
