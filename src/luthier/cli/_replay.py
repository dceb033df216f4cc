"""`luthier replay`: what other schedulers would have saved and lost in a finished search."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from luthier.cli._source import load_results
from luthier.errors import StudyError
from luthier.records import TrialState
from luthier.replaying import Replay, replay
from luthier.results import Results

# What is tried where none is named: those that compare trials with each other.
USUAL = ("auto", "asha", "halving", "hyperband", "median")


def run(source: str, name: str | None, schedulers: Sequence[str], *, as_json: bool) -> int:
    """Replay a study and print what came out.

    Args:
        source: where the study is, see `find_studies`.
        name: which study; None where there is only one.
        schedulers: their names; none for the usual ones.
        as_json: print JSON instead of a table.

    Raises:
        StoreError: if there is no such study.
        StudyError: for a name that is no scheduler's, or one that cannot be replayed.
    """
    results = load_results(source, name)
    try:
        found = [replay(results, scheduler) for scheduler in schedulers or USUAL]
    except ValueError as error:
        raise StudyError(str(error)) from error
    if as_json:
        print(json.dumps([{**asdict(each), "saved": each.saved} for each in found], indent=2))
    else:
        print("\n".join(_lines(results, found)))
    return 0


def _lines(results: Results, found: Sequence[Replay]) -> list[str]:
    trials, epochs = found[0].trials, found[0].epochs_then
    goal = results.objectives[0].name
    if not trials:
        return [f"No trial of this study reported {goal} step by step: nothing can be replayed."]
    rows = [("scheduler", "epochs", "saved", goal, "the best trial")]
    rows += [
        (
            each.scheduler,
            str(each.epochs),
            f"{each.saved:.0%}",
            "nothing" if each.best is None else f"{each.best:.6g}",
            "lost" if each.lost else "kept",
        )
        for each in found
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{trials} trials, {epochs} epochs, best {goal} {found[0].best_then:.6g}", ""]
    for row in rows:
        cells = [
            cell.rjust(width) if 1 <= place <= 3 else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    cut = sum(trial.state in (TrialState.STOPPED, TrialState.PAUSED) for trial in results.trials)
    if cut:
        lines += [
            "",
            f"{cut} of these trials had been cut short by their own scheduler: where their curves "
            "would have gone is not known, and they count as they are.",
        ]
    return lines
