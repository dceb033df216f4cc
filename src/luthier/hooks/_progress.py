"""What a watcher knows of a search while it runs: counts, best so far, recent trials, time left.

Facts enter by the verbs of a hook; nothing is drawn here. Times are seconds of a monotonic clock.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from luthier.abc import SearchFacts
from luthier.objective import Objective
from luthier.records import Measurement, Trial, TrialState
from luthier.space import HyperParameter, deserialize

RECENT = 50
TIMED = 20


@dataclass(frozen=True, slots=True)
class Running:
    """A trial under way.

    Attributes:
        trial: what runs.
        began: when it was taken up.
        last: its last measurement, or None before the first.
    """

    trial: Trial
    began: float
    last: Measurement | None = None


class Progress:
    """The state of one search as its watchers see it.

    Args:
        facts: what the search began with.
        clock: seconds, monotonic.
    """

    def __init__(self, facts: SearchFacts, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = facts.spec.name
        self.place = facts.place
        self.objectives: tuple[Objective, ...] = facts.spec.objectives
        self.max_trials = facts.max_trials
        self.max_seconds = facts.max_seconds
        self.max_retries = facts.max_retries
        self.best: Trial | None = None
        self.recent: deque[Trial] = deque(maxlen=RECENT)
        self.running: dict[int, Running] = {}
        self.resumed = len(facts.history.finished)
        self.reason: str | None = None
        self._clock = clock
        self._began = clock()
        self._counts = dict.fromkeys(TrialState, 0)
        self._seconds: deque[float] = deque(maxlen=TIMED)
        self._width = 1
        self._steps: int | None = None
        self._fixed: set[str] = set()
        self._searched: set[str] = set()
        self._learn(facts.history.space)
        for trial in facts.history.finished:
            self._record(trial)

    # -- what happens ----------------------------------------------------------------------------

    def take_up(self, trial: Trial) -> None:
        """A trial is about to run."""
        self.running[trial.number] = Running(trial, self._clock())
        self._width = max(self._width, len(self.running))

    def report(self, trial: Trial, measurement: Measurement) -> None:
        """A running trial reported."""
        known = self.running.get(trial.number)
        if known is not None:
            self.running[trial.number] = Running(known.trial, known.began, measurement)

    def finish(self, trial: Trial) -> bool:
        """A trial ended; whether it is the best so far."""
        known = self.running.pop(trial.number, None)
        if known is not None and trial.state.has_score:
            self._seconds.append(self._clock() - known.began)
            self._steps = known.last.epoch + 1 if known.last is not None else None
        self._learn(map(deserialize, trial.found))
        self._record(trial)
        return self.best is trial

    def end(self, reason: str) -> None:
        """The search ended."""
        self.reason = reason
        self.running.clear()

    # -- what is known ---------------------------------------------------------------------------

    @property
    def done(self) -> int:
        """Finished trials that count: skipped ones do not."""
        states = (TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED)
        return sum(self._counts[state] for state in states)

    def count(self, state: TrialState) -> int:
        """How many trials ended in a state."""
        return self._counts[state]

    @property
    def elapsed(self) -> float:
        """Seconds since this run of the search began."""
        return self._clock() - self._began

    def elapsed_of(self, running: Running) -> float:
        """Seconds since a trial was taken up."""
        return self._clock() - running.began

    def left(self) -> float | None:
        """Seconds that the search will still take, judged by its last trials; None if unknown."""
        known = []
        if self.max_seconds is not None:
            known.append(max(0.0, self.max_seconds - self.elapsed))
        if self.max_trials is not None and self._seconds:
            mean = sum(self._seconds) / len(self._seconds)
            under_way = sum(
                min(mean, self.elapsed_of(running)) for running in self.running.values()
            )
            rest = max(0, self.max_trials - self.done) * mean - under_way
            known.append(max(0.0, rest / self._width))
        return min(known, default=None)

    def steps_of(self, running: Running) -> int | None:
        """How many steps a running trial will take: its budget, or what the last one took."""
        budget = running.trial.suggestion.budget
        if budget is not None:
            return budget
        last = running.last
        if last is not None and self._steps is not None and last.epoch >= self._steps:
            return None
        return self._steps

    def names(self, trials: Iterable[Trial]) -> list[str]:
        """Names of the hyperparameters that matter in these trials, those met most often first."""
        counts: dict[str, int] = {}
        for trial in trials:
            for name in self.values(trial):
                counts[name] = counts.get(name, 0) + 1
        return sorted(counts, key=lambda name: -counts[name])

    def values(self, trial: Trial) -> Mapping[str, Any]:
        """The values of a trial that matter: what it used of those that are searched.

        Where none of them is known to be searched, all that are not fixed.
        """
        searched = {name: v for name, v in trial.values.items() if name in self._searched}
        return searched or {name: v for name, v in trial.values.items() if name not in self._fixed}

    # -- inside ----------------------------------------------------------------------------------

    def _record(self, trial: Trial) -> None:
        self._counts[trial.state] += 1
        self.recent.append(trial)
        if trial.score is None or not math.isfinite(trial.score):
            return
        best, objective = self.best, self.objectives[0]
        if best is None or best.score is None or objective.better_than(trial.score, best.score):
            self.best = trial

    def _learn(self, parameters: Iterable[HyperParameter]) -> None:
        for parameter in parameters:
            (self._searched if parameter.n_values > 1 else self._fixed).add(parameter.name)
        self._fixed -= self._searched
