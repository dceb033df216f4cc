"""`Study`: asks samplers and schedulers, keeps what happens in a store, and is the only one that
writes there.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, overload

import numpy as np

from luthier.abc import Sampler, Scheduler, Store
from luthier.errors import StaleTrialError, StudyError
from luthier.objective import Objective, create_objectives
from luthier.records import (
    Decision,
    History,
    Measurement,
    Outcome,
    StudySpec,
    Suggestion,
    Trial,
    TrialState,
)
from luthier.space import Constraint, HyperParameters, Prior, Space
from luthier.stores import open_store
from luthier.study import _setup, _verdict
from luthier.study._course import Course
from luthier.study._ledger import Ledger
from luthier.study._planner import Planner
from luthier.study._required import Required
from luthier.study._worker import Heartbeat, is_dead, worker_name

# A worker that dies this often in the same trial without an error to show is taken to be killed by
# the trial.
MAX_ATTEMPTS = 10


class Study:
    """A named search: `ask` for a trial, evaluate its `values`, `tell` what came out.

    Args:
        space: what to search: `HyperParameters`, a `Space` or a list of hyperparameters; None for
            what the store holds, or an empty space that trials fill with what they meet.
        objective: `"min"` or `"max"` for one number, a metric's name, an `Objective`, or a list of
            these (several objectives). None: the stored one, or `"min"`.
        sampler: a `Sampler` or its name, such as `"random"`.
        scheduler: a `Scheduler` or its name, such as `"asha"`; None lets every trial run to its
            end.
        seed: root of all randomness, 0 included; None takes the stored one, or draws one.
        storage: None (memory), a path of an SQLite file, a database URL, or a `Store`.
        name: the study's name in the store; an existing study goes on.
        max_trials: how many trials the study may have in all, resumed or not, whatever the number
            of workers.
        max_retries: how often a trial that ended in an error is run again.
        initial_points: values of the first trials; what they leave out is completed with defaults.
        constraints: relations that every suggestion keeps.
        priors: beliefs about the best value of hyperparameters, by name.
        imported: finished trials of another study on the same space, to learn from.
        settings: JSON values stored with the study, for people.
        lease: seconds after which a worker that gave no sign of life loses its trial.

    Attributes:
        horizon: steps of a trial that nobody stops, if known.
        is_resumable: whether a paused trial can go on where it was.

    Raises:
        StudyError: if the store holds a study of that name with another objective.
        SpaceError: for values outside the space.
        StoreError: if the store cannot be opened.

    Example:
        >>> import luthier
        >>> hp = luthier.HyperParameters()
        >>> _ = hp.Float("x", -1.0, 1.0)
        >>> study = luthier.Study(hp, objective="min", sampler="random", seed=0)
        >>> for _ in range(5):
        ...     trial = study.ask()
        ...     _ = study.tell(trial, trial.values["x"] ** 2)
        >>> 0.0 <= study.best.score <= 1.0
        True
    """

    def __init__(  # noqa: PLR0913
        self,
        space: Space | HyperParameters | Iterable[Any] | None = None,
        objective: object = None,
        *,
        sampler: Sampler | str = "auto",
        scheduler: Scheduler | str | None = None,
        seed: int | None = None,
        storage: str | os.PathLike[str] | Store | None = None,
        name: str = "study",
        max_trials: int | None = None,
        max_retries: int = 0,
        initial_points: Iterable[Mapping[str, Any]] = (),
        constraints: Iterable[Constraint] = (),
        priors: Mapping[str, Prior] | None = None,
        imported: Iterable[Trial] = (),
        settings: Mapping[str, Any] | None = None,
        lease: float = 60.0,
    ) -> None:
        self._sampler = _setup.as_sampler(sampler)
        self._course = Course(_setup.as_scheduler(scheduler))
        # Checked before the store is opened, so that a mistake leaves nothing behind.
        self.max_trials = _setup.checked_count("max_trials", max_trials)
        self.max_retries = _setup.checked_retries(max_retries)
        constraints = _setup.all_constraints(space, constraints)
        self._imported = _setup.checked_items("imported", imported, Trial)
        self._store = open_store(storage)
        wanted = StudySpec(
            name=_setup.checked_name(name),
            space=_setup.as_space(space),
            objectives=create_objectives("min" if objective is None else objective),
            seed=random.getrandbits(31) if seed is None else _setup.checked_seed(seed),
            settings={
                "sampler": dict(self._sampler.settings),
                "scheduler": dict(self._course.scheduler.settings),
                **(settings or {}),
            },
        )
        stored = self._store.open(wanted)
        given = {
            key
            for key, value in (("space", space), ("objective", objective), ("seed", seed))
            if value is not None
        }
        self.spec, self.notices = _setup.reconcile(wanted, stored, given)
        if self.spec != stored:
            self._store.amend(self.spec)
        self.required = Required(constraints, self.spec)
        self.notices += self.required.notices
        self.horizon: int | None = None
        self.is_resumable = False
        self._lease = lease
        self._worker = worker_name()
        self._heartbeat = Heartbeat(self._store, self._worker, lease)
        self._reaped = -np.inf
        self._ledger = Ledger(self.spec)
        self._priors = _setup.checked_priors(priors or {}, self.spec.space)
        initial = _setup.checked_points(initial_points, self.spec.space, constraints)
        self._planner = Planner(self._sampler, self._course.scheduler, initial)
        self._follow()
        self.reap()

    # -- what is known ---------------------------------------------------------------------------

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What is optimised."""
        return self.spec.objectives

    @property
    def space(self) -> Space:
        """All hyperparameters known by now."""
        return self._ledger.space

    @property
    def place(self) -> str:
        """Where the study is kept, for people."""
        return self._store.place

    @property
    def best(self) -> Trial | None:
        """The trial to use, by the first objective; see `Results.best`. None without a score."""
        self._follow()
        return self._ledger.best(self.objectives[0])

    def history(self) -> History:
        """All trials by now, those of other workers included."""
        self._follow()
        return self._freeze()

    @property
    def is_waiting(self) -> bool:
        """Whether a trial is open that may still end, or come back if its worker dies."""
        return any(trial.state is not TrialState.PAUSED for trial in self._ledger.open)

    @property
    def lent(self) -> frozenset[int] | None:
        """Finished trials whose state may still be needed; None where no trial's ever is."""
        return self._course.scheduler.lends(self.history())

    # -- the way of a trial ----------------------------------------------------------------------

    @overload
    def ask(self) -> Trial | None: ...
    @overload
    def ask(self, n: int) -> list[Trial]: ...
    def ask(self, n: int | None = None) -> Trial | list[Trial] | None:
        """The next trial to run, held by this process until it is told.

        Args:
            n: ask for up to so many at once, as a list.

        Returns:
            A running trial; None (or a shorter list) if nothing is left, for now if `is_waiting`.
        """
        if n is None:
            return self._next()
        trials: list[Trial] = []
        while len(trials) < n and (trial := self._next()) is not None:
            trials.append(trial)
        return trials

    def report(self, trial: Trial, measurement: Measurement) -> Decision:
        """Record metrics of a running trial; the decision says whether it may go on.

        Raises:
            FatalValueError: if a scheduler decides, and the step lies before the last one.
        """
        self._course.enter(trial, measurement)
        self._store.append(trial.number, trial.attempt, measurement)
        measured = self._ledger.measured(trial, measurement)
        if measured is None:
            self._follow()
            measured = self._ledger.find(trial.number) or trial
        if self._course.is_free:
            return Decision.CONTINUE
        return self._course.decide(measured, self._freeze())

    def tell(
        self,
        trial: Trial | Outcome,
        value: float | Mapping[str, float] | BaseException | None = None,
    ) -> Trial:
        """Record how a trial ended.

        Args:
            trial: what `ask` gave, or the outcome that an executor brought.
            value: the objective's value, all metrics by name, an exception (the trial failed), or
                None to take the best of what was reported.

        Returns:
            The trial as recorded: COMPLETED; PAUSED or STOPPED if that was the last decision. A
            value that is not finite makes it FAILED, with that reason.

        Raises:
            StudyError: if the value lacks the objective.
            StaleTrialError: if another worker took the trial over.
        """
        if not isinstance(trial, Trial | Outcome):
            raise TypeError(_setup.no_trial(trial))
        number, attempt = trial.number, trial.attempt
        known = self._ledger.find(number)
        if known is None or known.attempt != attempt:
            self._follow()
            known = self._ledger.find(number)
        if known is None:
            raise StudyError(
                f"Trial {number} of study {self.spec.name!r} is finished already; "
                "a trial is told once."
                if number < self._ledger.number
                else f"Study {self.spec.name!r} has no trial {number}; it is another study's."
            )
        known = replace(known, attempt=attempt)
        last = self._course.last(known)
        outcome = (
            trial
            if isinstance(trial, Outcome)
            else _verdict.outcome_of(known, value, self.objectives, last.decision)
        )
        outcome = replace(outcome, message=outcome.message or last.why)
        ended = _verdict.conclude(known, outcome, self.objectives, self.max_retries)
        stored = self._store.move(ended)
        self._heartbeat.drop(number)
        self._course.leave(number)
        if not self._ledger.record(stored):
            self._follow()
        return stored

    def require(self, met: HyperParameters) -> None:
        """Keep relations that a build has met: from now on, all suggestions satisfy them."""
        spec = self.required.meet(met, self.spec)
        if spec is not self.spec:
            self.spec = spec
            self._store.amend(spec)

    def enqueue(self, values: Mapping[str, Any], note: str = "enqueued") -> Trial:
        """Add a trial with these values, to be asked for before anything else.

        Raises:
            SpaceError: for values outside the space; names the hyperparameter and its range.
        """
        completed = _setup.checked_points([values], self.space)[0]
        while True:
            self._follow()
            trial = Trial(
                number=self._ledger.number,
                suggestion=Suggestion(completed, note=note),
                seen=len(self._ledger.finished),
                values=completed,
            )
            if self._store.add(trial):
                return trial

    def extend(self, space: Space) -> None:
        """Add hyperparameters found before any trial; known ones keep their definition."""
        merged = self.spec.space.merge(space)
        if merged != self.spec.space:
            self.spec = replace(self.spec, space=merged)
            self._store.amend(self.spec)
            self._ledger.rebase(merged)

    def conclude(self, reason: str) -> None:
        """Keep why the search ended, for people: `spec.settings["ended"]`."""
        self.spec = replace(self.spec, settings={**self.spec.settings, "ended": reason})
        self._store.amend(self.spec)

    def release(self, trial: Trial) -> None:
        """Give a running trial back unfinished; whoever asks next goes on with it."""
        self.tell(Outcome(trial.number, trial.attempt, TrialState.WAITING))

    def reap(self) -> tuple[int, ...]:
        """Give back the trials of workers that died; their numbers."""
        self._reaped = time.monotonic()
        numbers = self._store.reap(is_dead)
        if numbers:
            self._follow()
            self._give_up_on_killers(numbers)
        return numbers

    def close(self) -> None:
        """Stop renewing leases and let go of the store."""
        self._heartbeat.stop()
        self._store.close()

    # -- inside ----------------------------------------------------------------------------------

    def _next(self) -> Trial | None:
        if time.monotonic() - self._reaped > self._lease / 2:
            self.reap()
        self._follow()
        for lost in self._course.given_up(self._freeze()):
            self._change(replace(lost, ended=time.time()))
        while (trial := self._waiting() or self._planned()) is not None:
            claimed = self._store.claim(trial.number, self._worker, time.time() + self._lease)
            if claimed is None:
                self._follow()
                continue
            self._ledger.record(claimed)
            if self._store.shared:
                self._heartbeat.hold(claimed.number)
            return claimed
        return None

    def _waiting(self) -> Trial | None:
        waiting = (t for t in self._ledger.open if t.state is TrialState.WAITING)
        return next(waiting, None)

    def _planned(self) -> Trial | None:
        """The trial to take up next, waiting in the store; None if there is nothing to run now."""
        while (trial := self._planner.plan(self._freeze())) is not None:
            is_new = self._ledger.find(trial.number) is None
            if self._store.add(trial) if is_new else self._change(trial):
                return trial
            self._follow()
        return None

    def _change(self, trial: Trial) -> bool:
        """Move a trial that this worker does not run; False if another was faster."""
        try:
            stored = self._store.move(trial)
        except StaleTrialError:
            self._follow()
            return False
        if not self._ledger.record(stored):
            self._follow()
        return True

    def _freeze(self) -> History:
        ledger = self._ledger
        return History(
            space=ledger.space,
            objectives=self.spec.objectives,
            finished=ledger.finished,
            open=ledger.open,
            seed=self.spec.seed,
            number=ledger.number,
            max_trials=self.max_trials,
            imported=self._imported,
            constraints=self.required.constraints,
            priors=self._priors,
            horizon=self.horizon,
            is_resumable=self.is_resumable,
        )

    def _follow(self) -> None:
        self._ledger.follow(self._store.history(self._ledger.revision))

    def _give_up_on_killers(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            trial = self._ledger.find(number)
            if trial is None or trial.attempt < MAX_ATTEMPTS:
                continue
            self._change(_verdict.given_up(trial))
