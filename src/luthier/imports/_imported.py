"""`Imported`: what was read of another tool's search."""

from __future__ import annotations

from dataclasses import dataclass

from luthier.objective import Objective
from luthier.records import Trial
from luthier.space import Space


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read of another tool's search.

    Attributes:
        source: where it was read, for people.
        trials: all that could be read, in the order in which they began, numbered from 0; those
            that never ended are WAITING.
        ended: numbers of the finished ones, in the order in which they ended.
        ids: what the other tool called each trial, by number.
        space: every hyperparameter that was met.
        objectives: what was optimised.
        problems: what could not be read, a sentence each that names the file.
        seed: the search's seed, or None.
    """

    source: str
    trials: tuple[Trial, ...]
    ended: tuple[int, ...]
    ids: tuple[str, ...]
    space: Space
    objectives: tuple[Objective, ...]
    problems: tuple[str, ...] = ()
    seed: int | None = None

    @property
    def finished(self) -> tuple[Trial, ...]:
        """The trials that ended, in that order: what to hand to `imported=`."""
        return tuple(self.trials[number] for number in self.ended)

    @property
    def summary(self) -> str:
        """How many trials there are, and how many of them have a score or are to be run again."""
        count = len(self.trials)
        scored = sum(bool(trial.scores) for trial in self.trials)
        waiting = count - len(self.ended)
        text = f"{count} trial{'' if count == 1 else 's'}, {scored} with a score"
        return text + (f", {waiting} to be run again" if waiting else "")
