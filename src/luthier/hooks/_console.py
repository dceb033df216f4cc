"""`Console`: a search in front of people. A live table on a terminal, plain lines anywhere else.

Facts enter by the verbs of a hook; text leaves on standard output. Nothing it meets while printing
(a closed pipe, a terminal that knows no Unicode) ends a search.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from luthier.abc import Hook, SearchFacts
from luthier.hooks._grid import Line
from luthier.hooks._layout import frame
from luthier.hooks._progress import Progress
from luthier.hooks._text import (
    duration_text,
    printable,
    reason_text,
    score_text,
    step_text,
    value_text,
    values_text,
)
from luthier.records import Measurement, Trial, TrialState

if TYPE_CHECKING:
    from luthier.hooks._live import LiveTable


class Console(Hook):
    """Shows a search while it runs.

    Args:
        verbose: 0 shows nothing; 1 or "auto" a live table on a terminal, one line a trial
            elsewhere; 2 lines everywhere, and one for each report.
        stream: where to write; None is standard output at the time when the search begins.
        clock: seconds, monotonic.

    Example:
        >>> import luthier
        >>> hook = luthier.hooks.Console(verbose=1)
        >>> results = luthier.tune(
        ...     lambda hp: hp.Float("x", 0.0, 1.0) ** 2, max_trials=3, seed=0, hooks=[hook]
        ... )  # doctest: +SKIP
    """

    def __init__(
        self,
        verbose: int | str = 1,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self._given = stream
        self._stream: TextIO | None = None
        self._clock = clock
        self._lock = threading.Lock()
        self._progress: Progress | None = None
        self._table: LiveTable | None = None

    @property
    def is_live(self) -> bool:
        """Whether a table is being drawn, or would be if the search began now.

        Where it is, nothing else should draw on the terminal: give Keras's `fit` `verbose=0`.
        """
        if self._progress is not None:
            return self._table is not None
        return self.verbose == 1 and _is_terminal(self._given or sys.stdout)

    # -- the verbs of a hook ---------------------------------------------------------------------

    def on_start(self, facts: SearchFacts) -> None:
        """Begin to show."""
        if self.verbose <= 0:
            return
        live = self.is_live
        self._progress = Progress(facts, self._clock)
        self._stream = self._given or sys.stdout
        for notice in facts.notices:
            self._say(f"Resumed: {notice}")
        if live:
            from luthier.hooks._live import LiveTable

            self._table = LiveTable(self._stream, self._draw, self._lock)
            self._table.start()
        else:
            self._say(_opening(self._progress))

    def on_trial(self, trial: Trial) -> None:
        """A trial begins."""
        if self._progress is None:
            return
        with self._lock:
            self._progress.take_up(trial)
        self._pass_on()
        if self.verbose >= 2:
            values = values_text(self._progress.values(trial)) or "default configuration"
            self._say(f"trial {trial.number} begins: {values}")

    def on_report(self, trial: Trial, measurement: Measurement) -> None:
        """A trial reported."""
        if self._progress is None:
            return
        with self._lock:
            self._progress.report(trial, measurement)
        self._pass_on()
        if self.verbose >= 2:
            metrics = " ".join(f"{key} {value_text(x)}" for key, x in measurement.metrics.items())
            self._say(f"trial {trial.number} epoch {step_text(measurement.step)}: {metrics}")

    def on_outcome(self, trial: Trial) -> None:
        """A trial ended."""
        if self._progress is None:
            return
        with self._lock:
            self._progress.finish(trial)
        self._pass_on()
        if self._table is None:
            self._say(_trial_line(self._progress, trial))

    def on_end(self, reason: str) -> None:
        """Stop showing; the terminal is as it was before."""
        progress, table = self._progress, self._table
        if progress is None:
            return
        with self._lock:
            progress.end(reason)
        try:
            if table is not None:
                table.stop()
            else:
                self._say(_closing(progress, reason))
        finally:
            self._progress, self._table = None, None

    # -- inside ----------------------------------------------------------------------------------

    def _draw(self, width: int, height: int) -> list[Line]:
        return frame(self._progress, width, height) if self._progress is not None else []

    def _pass_on(self) -> None:
        if self._table is not None:
            self._table.pass_on()

    def _say(self, line: str) -> None:
        stream = self._stream
        if stream is None:
            return
        try:
            print(printable(line, stream.encoding), file=stream, flush=True)
        except (OSError, ValueError):
            # The reader is gone (a closed pipe): the search goes on without one.
            self._stream = None


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty() and os.environ.get("TERM", "") != "dumb"
    except (AttributeError, ValueError):
        return False


def _opening(progress: Progress) -> str:
    goals = ", ".join(f"{goal.name} ({goal.direction})" for goal in progress.objectives)
    total = f"up to {progress.max_trials} trials, " if progress.max_trials else ""
    line = f"Search {progress.name}: {total}{goals}, kept in {progress.place}"
    if progress.resumed:
        line += f"; goes on after {progress.resumed} finished trials{_best(progress, ', ')}"
    return line


def _trial_line(progress: Progress, trial: Trial) -> str:
    total = progress.max_trials
    count = f"{progress.done:>{len(str(total))}}/{total}" if total else str(progress.done)
    if trial.scores:
        what = " ".join(map(score_text, trial.scores)) + _best(progress, "  ")
    else:
        what = _failure(trial, progress.max_retries)
    left = progress.left()
    rest = f"  about {duration_text(left)} left" if left is not None and left >= 1 else ""
    values = values_text(progress.values(trial)) or "default configuration"
    return f"[{count}] trial {trial.number}  {what}  {duration_text(trial.seconds)}{rest}  {values}"


def _failure(trial: Trial, max_retries: int) -> str:
    is_retried = trial.state is TrialState.WAITING
    word = "to be retried" if is_retried else trial.state.value
    reason = reason_text(trial.message)
    said = f"{word}: {reason}" if reason else word
    return f"{said} (retry {trial.failures} of {max_retries})" if is_retried else said


def _best(progress: Progress, before: str) -> str:
    best = progress.best
    if best is None:
        return ""
    return f"{before}best {score_text(best.score)} (trial {best.number})"


def _closing(progress: Progress, reason: str) -> str:
    trials = "1 trial" if progress.done == 1 else f"{progress.done} trials"
    line = f"Search ended, {reason}: {trials} in {duration_text(progress.elapsed)}"
    for state in (TrialState.FAILED, TrialState.SKIPPED):
        if progress.count(state):
            line += f", {progress.count(state)} {state.value}"
    best = progress.best
    if best is None:
        return line + ", none with a score"
    name = progress.objectives[0].name
    values = values_text(progress.values(best))
    return f"{line}; best {name} {score_text(best.score)} (trial {best.number}) {values}".rstrip()
