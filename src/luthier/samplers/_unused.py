"""Leaving out of a suggestion what its build will not use anyway.

Enters: histories, each the continuation of the last if possible. Leaves: points without the
hyperparameters that trials with such values did not use. Learnt by `space.ActivityModel`; nothing
is learnt, and nothing costs time, in a study in which every trial used all that was active in
it.
"""

from __future__ import annotations

from typing import Any

from luthier.records import History, Trial
from luthier.space import ActivityModel, Space


class Unused:
    """Knows from the finished trials of a study which values make which hyperparameters idle."""

    def __init__(self) -> None:
        self._space = Space()
        self._finished: tuple[Trial, ...] = ()
        self._model: ActivityModel | None = None

    @property
    def is_idle(self) -> bool:
        """Whether every trial used all that was active in it."""
        return self._model is None

    def update(self, history: History) -> None:
        """Take in what happened since the last call."""
        if history.space != self._space or not history.is_continuation(self._finished):
            self._space, self._finished, self._model = history.space, (), None
        news = history.finished[len(self._finished) :]
        if self._model is None and any(_has_unused(trial, history.space) for trial in news):
            # From the first such trial on, those that used everything tell something too.
            self._model = ActivityModel(self._space.names)
            news = history.finished
        if self._model is not None:
            for trial in news:
                if trial.state.has_score:
                    self._model.observe(
                        {**trial.suggestion.values, **trial.values}, trial.values.keys()
                    )
        self._finished = history.finished

    def drop(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values that a build is expected to use; `values` itself if that is all of them."""
        if self._model is None:
            return values
        idle = self._model.predict_inactive(values)
        return {name: value for name, value in values.items() if name not in idle}


def _has_unused(trial: Trial, space: Space) -> bool:
    """Whether the trial did without something that the space, as known now, calls active."""
    if not trial.state.has_score:
        return False
    return any(parameter.name not in trial.values for parameter in space.active(trial.values))
