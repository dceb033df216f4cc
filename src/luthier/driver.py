"""The loop of a search: ask, submit, wait, tell; and what makes it stop.

Many drivers may run on one store at once, each this same loop; the study settles who runs what.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from luthier.abc import Evaluate, Executor, Hook, Report, SearchFacts
from luthier.errors import StaleTrialError, TooManyFailuresError
from luthier.records import Decision, Measurement, Outcome, Trial, TrialState
from luthier.study import Study

# Models too large to train are drawn again, but not for ever.
MAX_SKIPS_IN_A_ROW = 100
POLL_SECONDS = (0.05, 2.0)


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop, beside the study's own `max_trials`. What earlier runs of the search used up
    counts too.

    Attributes:
        seconds: for how long the search may start new trials, or None.
        failures_in_a_row: so many failed trials one after the other end the search with an error,
            or None.
        epochs: for how many epochs (reports, those within an epoch not counted), of all trials
            together, or None; running trials stop too.
        target: a value of the first objective that is good enough, or None; the trial that reaches
            it stops there.
        patience: so many finished trials after the best one end the search, or None.
        trial_seconds: a trial stops at its first report after so long, with the score that it has
            by then, or None.

    Example:
        >>> import luthier
        >>> luthier.Limits(seconds=3600.0).failures_in_a_row
        3
    """

    seconds: float | None = None
    failures_in_a_row: int | None = 3
    epochs: int | None = None
    target: float | None = None
    patience: int | None = None
    trial_seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("seconds", "trial_seconds"):
            limit = getattr(self, name)
            if limit is not None and not (isinstance(limit, int | float) and limit >= 0):
                raise ValueError(
                    f"Expected the time limit as seconds from 0, or None, got {limit!r}."
                )
        for name, what in _COUNTS.items():
            count = getattr(self, name)
            whole = isinstance(count, int) and not isinstance(count, bool)
            if count is not None and not (whole and count >= 1):
                raise ValueError(
                    f"Expected {what} as an int from 1, or None for no limit, got {count!r}."
                )
        target = self.target
        is_number = isinstance(target, int | float) and not isinstance(target, bool)
        if target is not None and not (is_number and math.isfinite(target)):
            raise ValueError(f"Expected the target as a finite number, or None, got {target!r}.")


_COUNTS = {
    "failures_in_a_row": "the limit of failures in a row",
    "epochs": "the most epochs in all",
    "patience": "the patience",
}


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
        study.conclude(reason)
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
        max_retries=study.max_retries,
    )
    ending: list[str] = []
    for hook in hooks:
        hook.on_start(facts)
    try:
        yield ending
    except BaseException as error:
        ending.append(f"stopped by {type(error).__name__}")
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
        self._used = Used(study, self.limits)

    def turn(self, executor: Executor) -> str:
        """The loop itself; returns why it ended."""
        idle = 0
        while True:
            self._fill(executor)
            if self._running:
                idle = 0
                for outcome in executor.wait():
                    self._take(outcome)
            elif reason := self._used.up():
                return reason
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
        while executor.free() and not self._used.up():
            trial = self._study.ask()
            if trial is None:
                return
            self._running[trial.number] = trial
            self._used.begin(trial)
            for hook in self._hooks:
                hook.on_trial(trial)
            executor.submit(trial, self._evaluate, self._report(trial))

    def _report(self, trial: Trial) -> Report:
        def report(measurement: Measurement) -> Decision:
            decision = self._study.report(trial, measurement)
            for hook in self._hooks:
                hook.on_report(trial, measurement)
            return self._used.report(trial, measurement, decision)

        return report

    def _take(self, outcome: Outcome) -> None:
        trial = self._running.pop(outcome.number)
        try:
            ended = self._study.tell(self._used.explain(outcome))
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
        tried = {history.space.key(trial.values) for trial in history.finished}
        if len(tried) >= history.space.size:
            return "every point of the space was tried"
        # A plan (brackets, generations, a grid of a range, an oracle's own) is at its end.
        return "nothing is left to try"


class Used:
    """What a search has used up of its limits, earlier runs included.

    Args:
        study: what is searched.
        limits: when to stop.
    """

    def __init__(self, study: Study, limits: Limits) -> None:
        self._study = study
        self._limits = limits
        self._began = time.monotonic()
        trials = study.history().trials
        known = [t.seconds for t in trials if math.isfinite(t.seconds)]
        self._before = math.fsum(known)
        self._epochs = sum(m.is_whole for trial in trials for m in trial.measurements)
        self._since: dict[int, float] = {}
        self._whys: dict[int, str] = {}
        self._reached = ""

    def begin(self, trial: Trial) -> None:
        """A trial is taken up."""
        self._since[trial.number] = time.monotonic()

    def report(self, trial: Trial, measurement: Measurement, decision: Decision) -> Decision:
        """Take a report in; the decision, or STOP where a limit is reached by it."""
        limits = self._limits
        self._epochs += measurement.is_whole
        why = self._reached
        if limits.epochs is not None and self._epochs >= limits.epochs:
            self._reached = why = f"{limits.epochs} epochs in all reached"
        if limits.target is not None and self._is_enough(measurement):
            self._reached = why = self._target_reached()
        seconds = time.monotonic() - self._since.get(trial.number, math.inf)
        if limits.trial_seconds is not None and seconds >= limits.trial_seconds:
            why = f"time limit of {limits.trial_seconds:g} seconds for one trial reached"
        if not why:
            return decision
        self._whys[trial.number] = why
        return Decision.STOP

    def explain(self, outcome: Outcome) -> Outcome:
        """The outcome, with the limit that ended the trial, if one did."""
        why = self._whys.pop(outcome.number, "")
        self._since.pop(outcome.number, None)
        if not why or not outcome.state.has_score:
            return outcome
        return replace(outcome, state=TrialState.STOPPED, message=outcome.message or why)

    def up(self) -> str:
        """Why no new trial may begin; empty if one may."""
        limits = self._limits
        elapsed = self._before + time.monotonic() - self._began
        if self._reached:
            return self._reached
        if limits.seconds is not None and elapsed >= limits.seconds:
            return f"time limit of {limits.seconds:g} seconds reached"
        if limits.epochs is not None and self._epochs >= limits.epochs:
            return f"{limits.epochs} epochs in all reached"
        best = self._study.best if limits.target is not None or limits.patience else None
        if best is None or best.score is None:
            return ""
        if limits.target is not None and self._compares(best.score, limits.target):
            return self._target_reached()
        return self._out_of_patience(best)

    def _out_of_patience(self, best: Trial) -> str:
        patience = self._limits.patience
        if patience is None:
            return ""
        ended = [t for t in self._study.history().finished if t.state is not TrialState.SKIPPED]
        after = len(ended)
        for place, trial in enumerate(ended):
            if trial.number == best.number:
                after = len(ended) - place - 1
        return f"no better trial in the last {after}" if after >= patience else ""

    def _is_enough(self, measurement: Measurement) -> bool:
        objective, target = self._study.objectives[0], self._limits.target
        # Within an epoch metrics are of a part of it.
        if target is None or not measurement.is_whole:
            return False
        if not objective.has_value(measurement.metrics):
            return False
        return self._compares(objective.get_value(measurement.metrics), target)

    def _compares(self, value: float, target: float) -> bool:
        sign = self._study.objectives[0].sign
        return math.isfinite(value) and sign * value <= sign * target

    def _target_reached(self) -> str:
        return f"target of {self._study.objectives[0].name} {self._limits.target:g} reached"
