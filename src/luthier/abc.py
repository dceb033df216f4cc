"""The whole architecture on one page: what each kind of part promises to the others.

A trial goes one way: `Study.ask` gets a `Suggestion` from a scheduler or a sampler and a claim from
a `Store`; an `Executor` runs `Evaluate`, which reports; `Study.tell` records the `Outcome`; `Hook`s
are told. The one reply on that way is the `Decision` that `Report` returns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from luthier.records import (
    Decision,
    History,
    Measurement,
    Outcome,
    Reply,
    StudySpec,
    Suggestion,
    Trial,
)

Report = Callable[[Measurement], Decision]
"""What a running trial calls with each measurement; the decision says whether it may go on."""


class Evaluate(Protocol):
    """Runs a trial and says how it ended; raises only what must end the whole search."""

    def __call__(self, trial: Trial, report: Report) -> Outcome: ...


class Sampler(ABC):
    """Chooses which values to try next.

    A sampler is a function of the history and a random generator, and of nothing else (the replay
    law). It may keep what it computed, as long as the same can be computed again from the history
    alone.
    """

    @abstractmethod
    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        """Values for trial `history.number`, or None if there is nothing left to try for now.

        None while trials are open means "ask again when one has ended"; None without open trials
        ends the search.
        """

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """Name and options as JSON values, stored with the study so that people can see how it was
        run.
        """


class Scheduler(ABC):
    """Decides how long each trial runs.

    A scheduler is a function of the history and of nothing else. It may keep what it computed, as
    long as the same can be computed again from the history alone.
    """

    @abstractmethod
    def propose(self, history: History) -> Suggestion | None:
        """A trial to go on with, or None to let the sampler choose a new one.

        `resume_from` says what to go on with. A paused trial goes on under its own number, up to
        the new `budget`; a finished one lends its checkpoint to a new trial with the suggested
        values.
        """

    @abstractmethod
    def decide(self, trial: Trial, history: History) -> Reply:
        """Whether `trial` goes on.

        Asked when the last measurement of a running trial has just come in; and of a paused trial
        from time to time, where STOP gives it up for good.
        """

    @abstractmethod
    def lends(self, history: History) -> frozenset[int] | None:
        """Finished trials from whose state a new one may still begin; None: no trial ever does."""

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """Name and options as JSON values, stored with the study so that people can see how it was
        run.
        """


@dataclass(frozen=True, slots=True)
class Changes:
    """What a store saw happen since a revision.

    Attributes:
        revision: the study's counter now; hand it in next time.
        trials: trials changed since, each whole, in order of revision.
    """

    revision: int
    trials: tuple[Trial, ...]


class Store(ABC):
    """Keeps one study: its set-up and its trials. Every verb is one atomic step, also between
    processes.

    Revisions: each change of the study increments its counter, and the changed trial carries the
        new value. A
    finished trial never changes again, so its revision tells when it finished.

    Errors: verbs raise `StoreError` when the store cannot be read or written; what was committed
        before stays.
    """

    @abstractmethod
    def open(self, spec: StudySpec) -> StudySpec:
        """Create the study `spec.name`, or find it: returns what is stored (`spec` itself when it
        is new).
        """

    @abstractmethod
    def amend(self, spec: StudySpec) -> None:
        """Replace the stored set-up: a search was resumed with other settings. Trials stay."""

    @abstractmethod
    def history(self, since: int) -> Changes:
        """Trials changed after revision `since` (0: all)."""

    @abstractmethod
    def add(self, trial: Trial) -> bool:
        """Add a WAITING trial under `trial.number`; False, and nothing changed, if that number is
        taken.
        """

    @abstractmethod
    def claim(self, number: int, worker: str, lease: float) -> Trial | None:
        """Take up a WAITING trial: RUNNING, attempt + 1, held until POSIX second `lease`. None if
        another was faster.
        """

    @abstractmethod
    def append(self, number: int, attempt: int, measurement: Measurement) -> None:
        """Record a report of a running attempt.

        A report replaces what earlier attempts recorded at its place (execution, step) and after
        it: that is being run again.

        Raises:
            StaleTrialError: if `attempt` no longer runs.
        """

    @abstractmethod
    def move(self, trial: Trial) -> Trial:
        """Record `trial` (of the same number and attempt) in a new state, with its results; returns
        it as stored.

        Raises:
            StaleTrialError: if that attempt no longer runs, or the state cannot be reached
                (`records.LEGAL`).
        """

    @abstractmethod
    def renew(self, numbers: Sequence[int], worker: str, lease: float) -> tuple[int, ...]:
        """Extend the lease of running trials of `worker`; returns the numbers that are still its
        own.
        """

    @abstractmethod
    def reap(self, is_dead: Callable[[str, float | None], bool]) -> tuple[int, ...]:
        """Give back (WAITING) every running trial whose worker is dead by `is_dead(worker, lease)`;
        their numbers.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of connections; the store may be opened again."""

    @property
    @abstractmethod
    def shared(self) -> bool:
        """Whether another process can open the same study: only then do leases need renewing."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the study is kept, for people: a path, a URL without its password, or "memory"."""


class Executor(ABC):
    """Runs evaluations somewhere. A context manager: leaving it cancels what still runs."""

    @abstractmethod
    def free(self) -> int:
        """How many more trials can be submitted now."""

    @abstractmethod
    def submit(self, trial: Trial, evaluate: Evaluate, report: Report) -> None:
        """Take a trial; it may start now or in `wait`."""

    @abstractmethod
    def wait(self) -> tuple[Outcome, ...]:
        """Block until at least one submitted trial ended; all that did. Empty if nothing is
        submitted.
        """

    @abstractmethod
    def cancel(self, number: int) -> None:
        """Give up a submitted trial; no outcome will come."""

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class SearchFacts:
    """What a hook is told at the start of a search.

    Attributes:
        spec: the study's set-up.
        history: what it holds already.
        max_trials: how many trials it may have in all, or None.
        max_seconds: for how long this run may go on, or None.
        place: where it is kept, for people: a path, a URL or "memory".
        notices: what changed against the stored set-up, a sentence each.
        max_retries: how often a trial that raised is run again.
    """

    spec: StudySpec
    history: History
    max_trials: int | None
    max_seconds: float | None
    place: str
    notices: tuple[str, ...] = ()
    max_retries: int = 0


class Hook(ABC):
    """Watches a search: gets facts, returns nothing, cannot change the search."""

    @abstractmethod
    def on_start(self, facts: SearchFacts) -> None:
        """The search begins, or goes on."""

    @abstractmethod
    def on_trial(self, trial: Trial) -> None:
        """`trial` is about to run."""

    @abstractmethod
    def on_report(self, trial: Trial, measurement: Measurement) -> None:
        """`trial` reported; `measurement` is recorded."""

    @abstractmethod
    def on_outcome(self, trial: Trial) -> None:
        """`trial` ended and is recorded; its state may be WAITING when it will be retried."""

    @abstractmethod
    def on_end(self, reason: str) -> None:
        """The search ended; always called, also when an error or Ctrl-C ended it."""
