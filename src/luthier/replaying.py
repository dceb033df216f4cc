"""A finished search, run again on paper under another scheduler: what would it have saved and lost?

Enters: the results of a search, whose trials ran as long as they did, and a scheduler. Leaves: a
`Replay`. Nothing is trained: each trial reports what it reported then, in the order in which trials
began, until the scheduler stops it. Which values a sampler would have chosen instead is not asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from luthier.abc import Sampler, Scheduler
from luthier.objective import Objective
from luthier.records import Decision, History, Measurement, Suggestion, Trial
from luthier.results import Results
from luthier.space import Int, Space
from luthier.study import Study


@dataclass(frozen=True, slots=True)
class Replay:
    """What another scheduler would have made of a search.

    Attributes:
        scheduler: its name.
        trials: trials that were replayed: those with reports of the objective.
        epochs: epochs that it would have taken.
        epochs_then: epochs that were taken.
        best: the best value that it would have seen, or None.
        best_then: the best value that was seen, or None.
        lost: whether the best trial would have been cut before its best epoch.
    """

    scheduler: str
    trials: int
    epochs: int
    epochs_then: int
    best: float | None
    best_then: float | None
    lost: bool

    @property
    def saved(self) -> float:
        """Which part of the epochs would have been saved."""
        return 1 - self.epochs / self.epochs_then if self.epochs_then else 0.0

    def __str__(self) -> str:
        kept = "the best trial would have been lost" if self.lost else "the best trial is kept"
        return (
            f"{self.scheduler}: {self.epochs} of {self.epochs_then} epochs ({self.saved:.0%} "
            f"saved), best {_shown(self.best)} in place of {_shown(self.best_then)}; {kept}"
        )


def replay(
    results: Results,
    scheduler: Scheduler | str,
    *,
    is_resumable: bool = True,
) -> Replay:
    """Run a finished search again under another scheduler, on paper.

    Args:
        results: of a search whose trials reported each epoch; the longer they ran, the more can be
            said.
        scheduler: a `Scheduler` or its name.
        is_resumable: whether paused trials could have gone on where they were, as Keras trials can.

    Raises:
        ValueError: for a scheduler that makes trials of its own (`Population`): what they would
            have come to is not known.

    Example:
        >>> import luthier
        >>> def curve(hp, report):
        ...     rate = hp.Float("rate", 0.1, 1.0)
        ...     for step in range(9):
        ...         report(step, loss=1 / (1 + rate * step))
        >>> objective = luthier.Objective("loss", "min")
        >>> results = luthier.tune(curve, objective, 9, seed=0, sampler="random", verbose=0)
        >>> luthier.replay(results, "asha").saved > 0.3
        True
    """
    objective = results.objectives[0]
    told = [trial for trial in results.trials if _curve(trial, objective)]
    curves = [_curve(trial, objective) for trial in told]
    study = Study(
        Space([Int("place", 0, max(len(told), 1))]),
        objective,
        sampler=_Places(len(told)),
        scheduler=scheduler,
        seed=0,
        max_trials=max(len(told), 1),
    )
    if study.lent is not None:
        raise ValueError(
            f"Scheduler {study.spec.settings['scheduler']['name']!r} makes trials of its own out "
            "of finished ones, and what they would have come to is not known: it cannot be "
            "replayed."
        )
    study.horizon = max((curve[-1].epoch + 1 for curve in curves), default=None)
    study.is_resumable = is_resumable
    ran = [0] * len(told)
    epochs = 0
    while (trial := study.ask()) is not None:
        place = int(trial.values["place"])
        begin = len(trial.measurements) if is_resumable else 0
        for measurement in curves[place][begin:]:
            epochs += measurement.is_whole
            if study.report(trial, measurement) is not Decision.CONTINUE:
                break
        ran[place] = max(ran[place], _count(study, trial))
        study.tell(trial, _values(curves[place][: ran[place]], objective))
    return _summed(study, objective, curves, ran, epochs)


def _summed(
    study: Study,
    objective: Objective,
    curves: Sequence[Sequence[Measurement]],
    ran: Sequence[int],
    epochs: int,
) -> Replay:
    then = [_best(curve, objective) for curve in curves]
    seen = [_best(curve[:count], objective) for curve, count in zip(curves, ran, strict=True)]
    star = min(range(len(then)), key=lambda place: objective.sign * then[place], default=None)
    return Replay(
        scheduler=str(study.spec.settings["scheduler"]["name"]),
        trials=len(curves),
        epochs=epochs,
        epochs_then=sum(m.is_whole for curve in curves for m in curve),
        best=_least(seen, objective),
        best_then=_least(then, objective),
        lost=star is not None and objective.better_than(then[star], seen[star]),
    )


class _Places(Sampler):
    """The places of trials, one after the other."""

    def __init__(self, count: int) -> None:
        self._count = count

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        left = history.number < self._count
        return Suggestion({"place": history.number}) if left else None

    @property
    def settings(self) -> dict[str, str]:
        return {"name": "replay"}


def _curve(trial: Trial, objective: Objective) -> tuple[Measurement, ...]:
    """The reports of the first execution, if they hold the objective."""
    first = tuple(m for m in trial.measurements if not m.execution)
    return first if any(objective.has_value(m.metrics) for m in first) else ()


def _count(study: Study, trial: Trial) -> int:
    now = next(t for t in study.history().open if t.number == trial.number)
    return len(now.measurements)


def _values(curve: Sequence[Measurement], objective: Objective) -> dict[str, float]:
    best = _best(curve, objective)
    known = [m for m in curve if m.is_whole and objective.has_value(m.metrics)]
    found = next((m for m in known if objective.get_value(m.metrics) == best), None)
    if found is None:
        return dict.fromkeys(objective.names, math.inf)
    return dict(found.metrics)


def _best(curve: Sequence[Measurement], objective: Objective) -> float:
    """The best finite value, or the worst there is."""
    whole = [m.metrics for m in curve if m.is_whole]
    values = [objective.get_value(metrics) for metrics in whole if objective.has_value(metrics)]
    finite = [value for value in values if math.isfinite(value)]
    worst = objective.sign * math.inf
    return min(finite, key=lambda value: objective.sign * value, default=worst)


def _least(values: Sequence[float], objective: Objective) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return min(finite, key=lambda value: objective.sign * value, default=None)


def _shown(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.6g}"
