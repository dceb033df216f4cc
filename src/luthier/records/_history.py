"""All trials of a study at one moment, frozen: the only thing that samplers and schedulers see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from luthier.objective import Objective
from luthier.records._trial import Trial, TrialState
from luthier.space import Constraint, Prior, Space


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A study as its algorithms see it.

    `finished` only ever grows at its end from one history of a study to the next, so an algorithm
    may keep what it computed of the first n and go on from there; `is_continuation` says whether
    that holds.

    Attributes:
        space: hyperparameters known by now.
        objectives: what is optimised.
        finished: finished trials in the order in which they ended.
        open: trials that are waiting, running or paused, by number.
        seed: the study's seed.
        number: the number that the next trial will get.
        max_trials: how many trials the study may have, skipped ones not counted, or None.
        imported: finished trials of other studies on the same space: to learn from, never counted
            or shown.
        constraints: relations that every suggestion keeps.
        priors: what an expert believes of a hyperparameter's best value, by name.
        horizon: steps of a trial that nobody stops, or None if that is unknown.
        is_resumable: whether a paused trial can go on where it was; where not, it would begin
            again.
    """

    space: Space
    objectives: tuple[Objective, ...]
    finished: tuple[Trial, ...] = ()
    open: tuple[Trial, ...] = ()
    seed: int = 0
    number: int = 0
    max_trials: int | None = None
    imported: tuple[Trial, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    priors: Mapping[str, Prior] = field(default_factory=dict)
    horizon: int | None = None
    is_resumable: bool = False

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials by number."""
        return tuple(sorted((*self.finished, *self.open), key=lambda trial: trial.number))

    @property
    def running(self) -> tuple[Trial, ...]:
        """Trials that a worker holds now."""
        return tuple(trial for trial in self.open if trial.state is TrialState.RUNNING)

    @property
    def counted(self) -> int:
        """Trials that count against `max_trials`: all but the skipped ones."""
        skipped = sum(trial.state is TrialState.SKIPPED for trial in self.finished)
        return len(self.finished) - skipped + len(self.open)

    @property
    def is_full(self) -> bool:
        """Whether the study may have no further trials."""
        return self.max_trials is not None and self.counted >= self.max_trials

    def is_continuation(self, finished: tuple[Trial, ...]) -> bool:
        """Whether this history begins with `finished`, the trials that an earlier one held."""
        count = len(finished)
        if count == 0:
            return True
        return len(self.finished) >= count and self.finished[count - 1] is finished[-1]
