"""Records of a study as KerasTuner's trials.

Enters: frozen records. Leaves: `Trial` views, the same object for the same trial as long as
anybody holds it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from luthier.artifacts import trial_id
from luthier.objective import MultiObjective, Objective
from luthier.oracles._metrics import MetricObservation, MetricsTracker
from luthier.oracles._trial import STATUS_OF, Trial, TrialStatus
from luthier.records import Trial as Record
from luthier.records import TrialState
from luthier.space import HyperParameter, HyperParameters, Space

OnNew = Callable[[HyperParameter], bool]

TRACKED = "tracked"
"""Key in `Trial.info` under which what `update_trial` reported is kept in full."""


class Views:
    """The views of one study.

    Args:
        objective: what is optimised.
        settings: those of the study, which say what the ids of trials are.
        on_new: asked about hyperparameters that a running trial meets first; see `HyperParameters`.
    """

    def __init__(self, objective: Objective, settings: Mapping[str, Any], on_new: OnNew) -> None:
        self._objective = objective
        self._directions = directions(objective)
        self._settings = settings
        self._on_new = on_new
        self._known: weakref.WeakValueDictionary[int, Trial] = weakref.WeakValueDictionary()

    def id_of(self, number: int) -> str:
        """The id of a trial; it names the trial's folder."""
        return trial_id(number, self._settings)

    def begin(self, record: Record, space: Space) -> Trial:
        """The view of a trial that begins to run: nothing reported, nothing used yet."""
        view = self._known.get(record.number)
        hp = HyperParameters.for_trial(space, record.values, on_new=self._on_new)
        if view is None:
            view = self._known[record.number] = Trial(hp, self.id_of(record.number))
        view.hyperparameters = hp
        view.metrics = MetricsTracker()
        view.status = TrialStatus.RUNNING
        view.score = None
        view.best_step = 0
        view.record = record
        return view

    def of(self, record: Record, space: Space) -> Trial:
        """The view of a trial as it is recorded."""
        view = self._known.get(record.number)
        if view is not None and view.record is not None:
            if _is_same_run(view.record, record):
                # What runs is the user's to change; only the reports are new.
                view.record = record
            elif view.record.revision != record.revision:
                self.settle(view, record, space)
            return view
        view = Trial(HyperParameters(), self.id_of(record.number))
        self._known[record.number] = view
        self.settle(view, record, space)
        return view

    def settle(self, view: Trial, record: Record, space: Space) -> None:
        """Bring a view in line with its record."""
        view.hyperparameters = HyperParameters.for_trial(space, record.values)
        view.metrics = self._tracker(record)
        view.status = STATUS_OF[record.state]
        view.score = record.score
        view.best_step = record.best_step
        view.message = record.message or None
        view.record = record

    def register(self, tracker: MetricsTracker, names: Iterable[str]) -> None:
        """Register metrics, those of the objective with its direction."""
        for name in names:
            if not tracker.exists(name):
                tracker.register(name, self._directions.get(name))

    def _tracker(self, record: Record) -> MetricsTracker:
        kept = record.info.get(TRACKED)
        if kept is not None:
            return MetricsTracker.from_config(kept)
        tracker = MetricsTracker()
        self.register(tracker, record.metrics)
        for name, value in record.metrics.items():
            tracker.set_history(name, [MetricObservation(value, record.best_step)])
        goal = self._objective
        # KerasTuner tracks the sum of several objectives as a metric of its own.
        if isinstance(goal, MultiObjective) and set(goal.names) <= set(record.metrics):
            total = MetricObservation(goal.get_value(record.metrics), record.best_step)
            tracker.set_history(goal.name, [total])
        return tracker


def _is_same_run(before: Record, now: Record) -> bool:
    running = before.state is now.state is TrialState.RUNNING
    return running and before.attempt == now.attempt


def directions(objective: Objective) -> Mapping[str, str]:
    """The direction of each metric that an objective is computed from."""
    parts = getattr(objective, "objectives", (objective,))
    return {part.name: part.direction for part in parts}
