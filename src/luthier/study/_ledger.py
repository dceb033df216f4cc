"""What a study knows of its trials: the store's log, followed change by change.

Changes enter as trials in order of revision; frozen histories leave. The space is a fold over the
log: what the study was set up with, and after it what each trial found, in the order in which they
ended or were paused. So the space at any moment of the past follows from the trials alone.
"""

from __future__ import annotations

from luthier.abc import Changes
from luthier.objective import Objective
from luthier.recommendation import recommended
from luthier.records import Measurement, StudySpec, Trial, TrialState
from luthier.space import Space, deserialize


class Ledger:
    """The trials of one study as of a revision."""

    def __init__(self, spec: StudySpec) -> None:
        self.space: Space = spec.space
        self.revision = 0
        self._finished: list[Trial] = []
        self._open: dict[int, Trial] = {}
        self._counted = 0
        self._frozen: tuple[Trial, ...] | None = ()
        self._best: tuple[list[Trial], Trial | None] = ([], None)

    @property
    def number(self) -> int:
        """The number that the next trial gets."""
        return len(self._finished) + len(self._open)

    @property
    def counted(self) -> int:
        """Trials that count against `max_trials`: all but the skipped ones."""
        return self._counted + len(self._open)

    @property
    def finished(self) -> tuple[Trial, ...]:
        """Finished trials in the order in which they ended."""
        if self._frozen is None:
            self._frozen = tuple(self._finished)
        return self._frozen

    @property
    def open(self) -> tuple[Trial, ...]:
        """Unfinished trials by number."""
        return tuple(self._open[number] for number in sorted(self._open))

    def best(self, objective: Objective) -> Trial | None:
        """The trial to use by an objective that is always the same, found once for each score that
        comes in.
        """
        scored = [trial for trial in (*self._finished, *self.open) if trial.scores]
        if scored != self._best[0]:
            self._best = scored, recommended(scored, objective, self.space)
        return self._best[1]

    def find(self, number: int) -> Trial | None:
        """The unfinished trial of that number."""
        return self._open.get(number)

    def follow(self, changes: Changes) -> None:
        """Take over what the store saw happen since `revision`."""
        for trial in changes.trials:
            if trial.revision > self.revision:
                self._put(trial)
        self.revision = max(self.revision, changes.revision)

    def record(self, trial: Trial) -> bool:
        """Take over a change that this study made itself.

        Returns:
            False if changes before it are not known yet: then the store must be followed, for the
            order in which trials finished to be right.
        """
        if trial.revision == self.revision + 1:
            self._put(trial)
            self.revision = trial.revision
            return True
        if not trial.state.is_finished:
            self._open[trial.number] = trial
        return False

    def measured(self, trial: Trial, measurement: Measurement) -> Trial | None:
        """The trial with a report added, without reading the store.

        Returns:
            None for a report that is not the next one: only the store knows which of those after it
            it replaces.
        """
        known = self._open.get(trial.number, trial)
        if known.measurements:
            last = known.measurements[-1]
            if (measurement.execution, measurement.step) <= (last.execution, last.step):
                return None
        updated = replace_measurements(known, (*known.measurements, measurement))
        self._open[trial.number] = updated
        return updated

    def rebase(self, space: Space) -> None:
        """Start the fold from another space."""
        self.space = space
        for trial in (*self._finished, *self.open):
            self._learn(trial)

    def _learn(self, trial: Trial) -> None:
        if trial.found:
            self.space = self.space.merge([deserialize(dict(config)) for config in trial.found])

    def _put(self, trial: Trial) -> None:
        if not trial.state.is_finished:
            self._open[trial.number] = trial
            self._learn(trial)
            return
        self._open.pop(trial.number, None)
        self._finished.append(trial)
        self._frozen = None
        self._counted += trial.state is not TrialState.SKIPPED
        self._learn(trial)


def replace_measurements(trial: Trial, measurements: tuple[Measurement, ...]) -> Trial:
    """`trial` with other measurements (quicker than `dataclasses.replace`, and called at every
    report).
    """
    changed = object.__new__(Trial)
    for name in Trial.__slots__:
        object.__setattr__(changed, name, getattr(trial, name))
    object.__setattr__(changed, "measurements", measurements)
    return changed
