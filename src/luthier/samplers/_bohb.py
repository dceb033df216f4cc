"""`BOHB`: TPE that learns from the highest budget at which enough trials can be compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.objective import Objective
from luthier.records import History, Suggestion, Trial, TrialState
from luthier.samplers._common import is_number
from luthier.samplers._tpe import TPE


class BOHB(Sampler):
    """The model of BOHB; with `scheduler="hyperband"` it is BOHB itself.

    Of all numbers of epochs that trials have come to, the highest with enough trials is what the
    model learns from, each with its best value within these epochs. All of that is read from the
    reports in the history; which scheduler cut the trials does not matter.

    Args:
        random: share of trials drawn without the model.

    Source: Falkner, Klein, Hutter, "BOHB: robust and efficient hyperparameter optimization at
    scale", ICML 2018, algorithm 2: at least d + 1 trials of d hyperparameters, and two more.
    """

    def __init__(self, random: float = 1 / 3) -> None:
        if not is_number(random) or not 0 <= random < 1:
            raise ValueError(f"Expected `random` to lie in [0, 1), got {random!r}.")
        self._random = random

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {"name": "bohb", "random": self._random}

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        least = len(history.space.names) + 3
        model = TPE(initial=least)
        if rng.random() < self._random:
            model = TPE(initial=2**31)
        view, budget = at_highest_budget(history, least)
        suggestion = model.suggest(view, rng)
        if suggestion is None or budget is None:
            return suggestion
        return replace(suggestion, note=f"{suggestion.note}, at {budget} epochs")


def at_highest_budget(history: History, least: int) -> tuple[History, int | None]:
    """The history as if only trials that came to one budget had scores, and that budget.

    Args:
        history: as it is.
        least: how many trials have to have come there.
    """
    reach = {t.number: _reach(t) for t in history.trials if t.scores}
    budgets = sorted({steps for steps in reach.values() if steps}, reverse=True)
    chosen = next((b for b in budgets if sum(s >= b for s in reach.values()) >= least), None)
    if chosen is None:
        return history, None
    seen = tuple(
        _within(trial, chosen, history.objectives[0])
        if reach.get(trial.number, 0) >= chosen
        else replace(trial, state=TrialState.SKIPPED, scores=())
        for trial in history.finished
    )
    return replace(history, finished=seen), chosen


def _within(trial: Trial, budget: int, objective: Objective) -> Trial:
    values = [
        objective.get_value(m.metrics)
        for m in trial.measurements
        if m.step < budget and m.is_whole and not m.execution and objective.has_value(m.metrics)
    ]
    finite = [value for value in values if math.isfinite(value)]
    if not finite or len(trial.scores) > 1:
        return replace(trial)
    return replace(trial, scores=(min(finite, key=lambda value: objective.sign * value),))


def _reach(trial: Trial) -> int:
    whole = (m for m in trial.measurements if m.is_whole and not m.execution)
    return max((m.epoch + 1 for m in whole), default=0)
