"""Which trial to recommend: the one of the best score or, where scores are noisy, the one of the
best expected score.

Enters: trials, an objective, a space. Leaves: a trial. The lowest of many noisy scores is low by
luck, so where there is notable noise the scores of a trial's neighbours count too. How much noise
there is, is known from repetitions (executions of a trial, trials at the same values), otherwise it
is estimated from all scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from luthier.numerics._recommend import recommend
from luthier.objective import Objective
from luthier.records import Trial, TrialState
from luthier.space import Encoding, Space


def recommended(trials: Iterable[Trial], objective: Objective, space: Space) -> Trial | None:
    """The trial whose first score, freed from noise, is expected to be the best.

    Without notable noise, with few trials, or where a scheduler let them run for different times,
    it is the one of the best score, the earliest number of equals.

    Args:
        trials: those without a score do not compete.
        objective: what the first score means.
        space: the hyperparameters.

    Returns:
        one of `trials`; None without a score.
    """
    scored = sorted((trial for trial in trials if trial.scores), key=lambda trial: trial.number)
    if not scored:
        return None
    if not all(map(_ran_to_the_end, scored)):
        return min(scored, key=lambda trial: objective.sign * trial.scores[0])
    encoding = Encoding(space)
    positions, active = encoding.encode([trial.values for trial in scored])
    scores = objective.sign * np.array([trial.scores[0] for trial in scored])
    place = recommend(
        positions,
        active,
        np.array([column.n_choices or 0 for column in encoding.columns], np.int64),
        np.array([column.kind == "nominal" for column in encoding.columns], np.bool_),
        scores,
        noise=_known_noise(scored, objective),
    )
    return scored[place]


def _ran_to_the_end(trial: Trial) -> bool:
    """Whether no scheduler limited its time: scores differ by that more than by noise."""
    asked = trial.suggestion
    return (
        trial.state is TrialState.COMPLETED and asked.budget is None and asked.resume_from is None
    )


def _known_noise(trials: Sequence[Trial], objective: Objective) -> float | None:
    """The variance of a score by the spread over its executions; None where none was repeated."""
    found = []
    for trial in trials:
        executions = max(2, len({measurement.execution for measurement in trial.measurements}))
        spread = [trial.spread.get(name, math.nan) for name in objective.names]
        variance = sum(value * value for value in spread)
        if math.isfinite(variance):
            # The score is the mean of the executions, the spread that of all of them.
            found.append(variance / (executions - 1))
    return float(np.median(found)) if found else None
