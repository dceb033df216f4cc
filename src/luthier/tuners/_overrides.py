"""What a user's oracle overrides is used in a search too.

`create_trial` and `update_trial` are methods that KerasTuner documents as overridable. A search
asks the study itself where nobody does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from luthier.oracles import Oracle
from luthier.oracles._trial import Trial, TrialStatus
from luthier.records import Trial as Record
from luthier.records import TrialState
from luthier.study import Study
from luthier.training import Result


class _Asked:
    """A study, but for who is asked for trials."""

    def __init__(self, oracle: Oracle, tuner_id: str) -> None:
        self._oracle = oracle
        self._tuner_id = tuner_id
        self._status = TrialStatus.RUNNING
        self._given: set[int] = set()

    def ask(self) -> Record | None:
        ongoing = self._oracle.ongoing_trials.get(self._tuner_id)
        if ongoing is not None and ongoing.record and ongoing.record.number in self._given:
            return None  # one at a time: the oracle would give the same one again
        trial = self._oracle.create_trial(self._tuner_id)
        self._status = trial.status
        if trial.status != TrialStatus.RUNNING or trial.record is None:
            return None
        self._given.add(trial.record.number)
        return trial.record

    @property
    def is_waiting(self) -> bool:
        return self._status == TrialStatus.IDLE

    def __getattr__(self, name: str) -> Any:
        return getattr(self._oracle.study, name)


@contextmanager
def asked(oracle: Oracle, tuner_id: str) -> Iterator[Study]:
    """The study to search: the oracle's, asked by its own `create_trial` where a class has one.

    Args:
        oracle: any.
        tuner_id: who asks.
    """
    if type(oracle).create_trial is Oracle.create_trial:
        yield oracle.study
        return
    try:
        yield cast(Study, _Asked(oracle, tuner_id))
    finally:
        # What the override asked for and did not let run.
        for trial in tuple(oracle.ongoing_trials.values()):
            if trial.record is not None and trial.record.state is TrialState.RUNNING:
                oracle.study.release(trial.record)


def report(oracle: Oracle, trial: Trial, summary: Result) -> None:
    """Put what a trial gave into its metrics, by the oracle's own `update_trial` if it has one."""
    if type(oracle).update_trial is not Oracle.update_trial:
        oracle.update_trial(trial.trial_id, summary.metrics, step=summary.best_step)
        return
    oracle._desk.views.register(trial.metrics, summary.metrics)
    for name, value in summary.metrics.items():
        trial.metrics.update(name, value, step=summary.best_step)
