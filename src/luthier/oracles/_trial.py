"""KerasTuner's `Trial`: what users see of a trial, and may change while it runs.

A view: the study's record stays the truth. Enters: hyperparameters, an id, what was reported.
Leaves: summaries in print and JSON states.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from luthier.oracles._metrics import MetricsTracker
from luthier.records import Trial as Record
from luthier.records import TrialState
from luthier.space import HyperParameters


class TrialStatus:
    """KerasTuner's words for the life of a trial, and for an oracle's answers (IDLE, STOPPED)."""

    RUNNING = "RUNNING"
    IDLE = "IDLE"
    INVALID = "INVALID"
    STOPPED = "STOPPED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


STATUS_OF: Mapping[TrialState, str] = {
    TrialState.WAITING: TrialStatus.INVALID,
    TrialState.RUNNING: TrialStatus.RUNNING,
    TrialState.PAUSED: TrialStatus.COMPLETED,
    TrialState.COMPLETED: TrialStatus.COMPLETED,
    TrialState.STOPPED: TrialStatus.COMPLETED,
    TrialState.SKIPPED: TrialStatus.FAILED,
    TrialState.FAILED: TrialStatus.FAILED,
}


class Trial:
    """One set of values and what came of it.

    Args:
        hyperparameters: with the values of this trial.
        trial_id: its id; None draws one.
        status: one of `TrialStatus`.
        message: why it failed; a traceback.

    Attributes:
        metrics: what was reported, a `MetricsTracker`.
        score: the objective's value that ranks the trial, or None.
        best_step: step of the best report.
        record: the study's record of it as of the last look, or None for a trial made by hand.
    """

    def __init__(
        self,
        hyperparameters: HyperParameters,
        trial_id: str | None = None,
        status: str = TrialStatus.RUNNING,
        message: str | None = None,
    ) -> None:
        self.hyperparameters = hyperparameters
        self.trial_id = uuid.uuid4().hex if trial_id is None else trial_id
        self.metrics = MetricsTracker()
        self.score: float | None = None
        self.best_step: int | None = 0
        self.status = status
        self.message = message
        self.record: Record | None = None
        # Whether `Oracle.update_trial` was called: then all that was reported is kept, not the best
        # epoch only.
        self.is_tracked = False

    @property
    def history(self) -> list[dict[str, Any]]:
        """One dict for each recorded epoch: `execution`, `step`, `seconds`, then the metrics."""
        if self.record is None:
            return []
        return [
            {"execution": m.execution, "step": m.step, "seconds": m.seconds, **m.metrics}
            for m in self.record.measurements
        ]

    def summary(self) -> None:
        """Print the values that the trial used, its score, and what there is to say of its end."""
        print(f"Trial {self.trial_id} summary")  # noqa: T201
        print("Hyperparameters:")  # noqa: T201
        self.display_hyperparameters()
        if self.score is not None:
            print(f"Score: {self.score}")  # noqa: T201
        if self.message:
            print(self.message)  # noqa: T201

    def display_hyperparameters(self) -> None:
        """Print one line a value."""
        values = self.hyperparameters.values
        if not values:
            print("default configuration")  # noqa: T201
        for name, value in values.items():
            print(f"{name}: {value}")  # noqa: T201

    def get_state(self) -> dict[str, Any]:
        """All of it, JSON-able."""
        return {
            "trial_id": self.trial_id,
            "hyperparameters": self.hyperparameters.get_config(),
            "metrics": self.metrics.get_config(),
            "score": self.score,
            "best_step": self.best_step,
            "status": self.status,
            "message": self.message,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` gave."""
        self.trial_id = state["trial_id"]
        self.hyperparameters = HyperParameters.from_config(state["hyperparameters"])
        self.metrics = MetricsTracker.from_config(state["metrics"])
        self.score = state["score"]
        self.best_step = state["best_step"]
        self.status = state["status"]
        self.message = state["message"]

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The trial that `get_state` described."""
        trial = cls(HyperParameters())
        trial.set_state(state)
        return trial

    def save(self, fname: str | os.PathLike[str]) -> str:
        """Write the state to a JSON file; returns what was written."""
        text = json.dumps(self.get_state())
        Path(fname).write_text(text, encoding="utf-8")
        return text

    def reload(self, fname: str | os.PathLike[str]) -> None:
        """Take over the state in a file that `save` wrote."""
        self.set_state(json.loads(Path(fname).read_text(encoding="utf-8")))

    @classmethod
    def load(cls, fname: str | os.PathLike[str]) -> Self:
        """The trial in a file that `save` wrote."""
        return cls.from_state(json.loads(Path(fname).read_text(encoding="utf-8")))
