"""The loop of a search: ask, submit, wait, tell; and what makes it stop.

Many drivers may run on one store at once, each this same loop; the study settles who runs what.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from luthier.abc import Evaluate, Executor, Hook, Report, SearchFacts
from luthier.errors import StaleTrialError, TooManyFailuresError
from luthier.records import Decision, Measurement, Outcome, Trial, TrialState
from luthier.study import Study

# Models too large to train are drawn again, but not for ever.
MAX_SKIPS_IN_A_ROW = 100
POLL_SECONDS = (0.05, 2.0)


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop, beside the study's own `max_trials`.

    Attributes:
        seconds: for how long this run may start new trials, or None.
        failures_in_a_row: so many failed trials one after the other end the search with an error,
            or None.

    Example:
        >>> import luthier
        >>> luthier.Limits(seconds=3600.0).failures_in_a_row
        3
    """

    seconds: float | None = None
    failures_in_a_row: int | None = 3

    def __post_init__(self) -> None:
        seconds, failures = self.seconds, self.failures_in_a_row
        if seconds is not None and not (isinstance(seconds, int | float) and seconds >= 0):
            raise ValueError(
                f"Expected the time limit as seconds from 0, or None, got {seconds!r}."
            )
        if failures is not None and not (isinstance(failures, int) and failures >= 1):
            raise ValueError(
                "Expected the limit of failures in a row as an int from 1, or None for no limit, "
                f"got {failures!r}."
            )


def run(
    study: Study,
    evaluate: Evaluate,
    executor: Executor,
    *,
    limits: Limits | None = None,
    hooks: Sequence[Hook] = (),
) -> str:
    """Run the study until a limit is reached or nothing is left to try.

    Args:
        study: what to search.
        evaluate: runs one trial.
        executor: where it runs.
        limits: when to stop.
        hooks: who is told.

    Returns:
        Why the search ended, in a few words.

    Raises:
        TooManyFailuresError: (a RuntimeError) after too many failures in a row; all is saved.
        BaseException: whatever `evaluate` raised (a FatalError, Ctrl-C): running trials were given
            back before.
    """
    loop = _Loop(study, evaluate, limits or Limits(), hooks)
    reason = "interrupted"
    with _watched(study, loop.limits, hooks) as ending:
        with executor, loop.giving_back():
            reason = loop.turn(executor)
        ending.append(reason)
    return reason


@contextmanager
def _watched(study: Study, limits: Limits, hooks: Sequence[Hook]) -> Iterator[list[str]]:
    """Tells hooks that the search begins and, whatever happens, that it ended."""
    facts = SearchFacts(
        spec=study.spec,
        history=study.history(),
        max_trials=study.max_trials,
        max_seconds=limits.seconds,
        place=study.place,
        notices=study.notices,
    )
    ending: list[str] = []
    for hook in hooks:
        hook.on_start(facts)
    try:
        yield ending
    except BaseException as error:
        ending.append(f"ended by {type(error).__name__}")
        raise
    finally:
        for hook in hooks:
            hook.on_end(ending[-1])


class _Loop:
    """One run: what is under way, and what counts towards its limits."""

    def __init__(
        self, study: Study, evaluate: Evaluate, limits: Limits, hooks: Sequence[Hook]
    ) -> None:
        self.limits = limits
        self._study = study
        self._evaluate = evaluate
        self._hooks = hooks
        self._running: dict[int, Trial] = {}
        self._failed = 0
        self._skipped = 0
        self._began = time.monotonic()

    def turn(self, executor: Executor) -> str:
        """The loop itself; returns why it ended."""
        idle = 0
        while True:
            self._fill(executor)
            if self._running:
                idle = 0
                for outcome in executor.wait():
                    self._take(outcome)
            elif self._expired():
                return f"time limit of {self.limits.seconds:g} seconds reached"
            elif not self._study.is_waiting:
                return self._why_done()
            else:
                # Other workers hold the rest. One of them may die: its trials would come back to
                # us.
                self._rest(idle)
                idle += 1

    @contextmanager
    def giving_back(self) -> Iterator[None]:
        """Gives running trials back when an error or Ctrl-C ends the loop."""
        try:
            yield
        except BaseException:
            for trial in tuple(self._running.values()):
                try:
                    self._study.release(trial)
                except StaleTrialError:
                    continue
            raise

    def _fill(self, executor: Executor) -> None:
        while executor.free() and not self._expired():
            trial = self._study.ask()
            if trial is None:
                return
            self._running[trial.number] = trial
            for hook in self._hooks:
                hook.on_trial(trial)
            executor.submit(trial, self._evaluate, self._report(trial))

    def _report(self, trial: Trial) -> Report:
        def report(measurement: Measurement) -> Decision:
            decision = self._study.report(trial, measurement)
            for hook in self._hooks:
                hook.on_report(trial, measurement)
            return decision

        return report

    def _take(self, outcome: Outcome) -> None:
        trial = self._running.pop(outcome.number)
        try:
            ended = self._study.tell(outcome)
        except StaleTrialError:
            # Another worker took it over while this one seemed dead: its result counts, not ours.
            return
        except BaseException:
            self._running[trial.number] = trial
            raise
        for hook in self._hooks:
            hook.on_outcome(ended)
        self._count(ended)

    def _count(self, trial: Trial) -> None:
        if trial.state is TrialState.WAITING:
            return
        self._skipped = self._skipped + 1 if trial.state is TrialState.SKIPPED else 0
        if trial.state is not TrialState.SKIPPED:
            self._failed = self._failed + 1 if trial.state is TrialState.FAILED else 0
        limit = self.limits.failures_in_a_row
        if limit is not None and self._failed >= limit:
            raise TooManyFailuresError(
                f"Number of consecutive failures exceeded the limit of {limit}.\n{trial.message}"
            )
        if self._skipped >= MAX_SKIPS_IN_A_ROW:
            raise TooManyFailuresError(
                f"{self._skipped} trials in a row were skipped; nothing in this "
                f"space seems to fit. The last one said: {trial.message}"
            )

    def _expired(self) -> bool:
        seconds = self.limits.seconds
        return seconds is not None and time.monotonic() - self._began >= seconds

    def _rest(self, idle: int) -> None:
        shortest, longest = POLL_SECONDS
        time.sleep(min(longest, shortest * 1.5 ** min(idle, 20)))
        self._study.reap()

    def _why_done(self) -> str:
        limit = self._study.max_trials
        history = self._study.history()
        counted = sum(trial.state is not TrialState.SKIPPED for trial in history.trials)
        if limit is not None and counted >= limit:
            return f"{limit} trial{'s' if limit > 1 else ''} reached"
        return "every point of the space was tried"
