"""`Oracle`: KerasTuner's name over one study and its sampler.

Enters: an objective, a space, values asked for and metrics reported, in KerasTuner's words. Leaves:
`Trial` views and best lists. All that happens is kept by the study, which is opened when the
project's place is known or at the first use.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from luthier import registry
from luthier.abc import Sampler
from luthier.objective import create_objective
from luthier.oracles import _legacy, _reports
from luthier.oracles._desk import Desk
from luthier.oracles._lock import synchronized
from luthier.oracles._opening import Plan, Storage, storage_of
from luthier.oracles._populate import Populated, answer_of
from luthier.oracles._state import load_state, save_state
from luthier.oracles._trial import Trial, TrialStatus
from luthier.records import Measurement, TrialState
from luthier.records import Trial as Record
from luthier.results import Results
from luthier.space import HyperParameter, HyperParameters, Space
from luthier.study import Study, checked_seed


class Oracle:
    """Chooses the values of trials and keeps what they gave.

    Override `populate_space` to choose in a way of your own, `score_trial` to rank.

    Args:
        objective: a metric's name, an `Objective`, a list of these (added up), or None for the one
            number that `HyperModel.fit` or `Tuner.run_trial` returns.
        max_trials: how many trials in all, resumed or not; None is no limit.
        hyperparameters: definitions that take the place of those in the model-building code.
        allow_new_entries: whether the code may define hyperparameters that are not in
            `hyperparameters`.
        tune_new_entries: whether those are searched; if not, they keep their defaults.
        seed: root of all randomness, 0 included; None takes the stored one, or draws one.
        max_retries_per_trial: how often a trial that raised is run again.
        max_consecutive_failed_trials: so many failed trials one after the other end the search.

    Attributes:
        ongoing_trials: tuner id to the trial that it runs; `tuner_ids` those that asked for trials.

    Raises:
        ValueError: if new entries are refused or not searched, and there are no `hyperparameters`.

    Example:
        >>> import luthier
        >>> class Spread(luthier.Oracle):
        ...     def populate_space(self, trial_id):
        ...         return {"status": "RUNNING", "values": {"x": int(trial_id) / 10}}
        >>> Spread("val_loss", max_trials=3).create_trial("tuner0").hyperparameters.values
        {'x': 0.0}
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = None,
        hyperparameters: HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        seed: int | None = None,
        max_retries_per_trial: int = 0,
        max_consecutive_failed_trials: int = 3,
    ) -> None:
        _reports.check_entries(hyperparameters, allow_new_entries, tune_new_entries)
        self.objective = create_objective(objective)
        self.allow_new_entries = allow_new_entries
        self.tune_new_entries = tune_new_entries
        self.max_retries_per_trial = max_retries_per_trial
        self.max_consecutive_failed_trials = max_consecutive_failed_trials
        self.tuner_ids: set[str] = set()
        self.directory: str | None = None
        self.project_name: str | None = None
        # KerasTuner's switches for `tf.distribute`; kept because programs set them.
        self.multi_worker, self.should_report = False, True
        self._desk = Desk(self._plan, self._admit)
        self.ongoing_trials = self._desk.ongoing
        self._storage: Storage = None
        self._settings: dict[str, Any] = {}
        self._verbose = 1
        self._max_trials = max_trials
        self._given_seed, self._given_space = seed, hyperparameters is not None
        self._hyperparameters = HyperParameters() if hyperparameters is None else hyperparameters
        self._synced: Space | None = None
        self._populated: Populated | None = None
        self._rng = np.random.default_rng(None if seed is None else checked_seed(seed))
        self._random = registry.sampler("random")
        # What subclasses written for KerasTuner draw from, and note their tries in.
        self._max_collisions, self._tried_so_far = 20, set[str]()
        self._seed_state: int = random.randint(1, 10_000) if seed is None else seed

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """The values of the next trial; override it to choose them yourself.

        Args:
            trial_id: the id that the trial will get.

        Returns:
            `{"status": "RUNNING", "values": name to value}`. With status `"IDLE"` ("ask again
            later") or `"STOPPED"` ("the search is over") the values do not matter. Active
            hyperparameters that are left out get random values.
        """
        sampler = self._sampler()
        if sampler is None:
            raise NotImplementedError(
                f"{type(self).__name__} does not say how to choose values: "
                "override populate_space(trial_id)."
            )
        return answer_of(sampler, self._desk.history, self._desk.rng(self._rng))

    def score_trial(self, trial: Trial) -> None:
        """Set `trial.score` and `trial.best_step`; override it to rank trials in your own way.

        Args:
            trial: a completed trial; `trial.metrics` holds what it reported.
        """
        trial.score, trial.best_step = _reports.best_score(trial.metrics, self.objective)

    def get_state(self) -> dict[str, Any]:
        """What describes the oracle, JSON-able. What an override adds is saved after each trial."""
        return {
            "ongoing_trials": {key: trial.trial_id for key, trial in self.ongoing_trials.items()},
            "hyperparameters": self.hyperparameters.get_config(),
            "start_order": self.start_order,
            "end_order": self.end_order,
            "seed": self.seed,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` gave; trials are not in it, the study has them."""
        known = HyperParameters.from_config(state["hyperparameters"])
        self._hyperparameters.merge(known, overwrite=False)

    @synchronized
    def create_trial(self, tuner_id: str) -> Trial:
        """The next trial for a tuner, or the one that it is running already.

        Returns:
            A trial. Its status is RUNNING; or IDLE ("ask again later") or STOPPED ("the search is
            over"), then it has no values and is no trial of the study.
        """
        if tuner_id in self.ongoing_trials:
            return self.ongoing_trials[tuner_id]
        self._push_space()
        record = self.study.ask()
        if record is not None:
            return self._begin(record, tuner_id)
        self.tuner_ids.discard(tuner_id)
        nothing = HyperParameters.for_trial(self.study.space, {})
        number = self._desk.history.number
        return Trial(nothing, self._desk.views.id_of(number), self._why_nothing())

    @synchronized
    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int = 0) -> Trial:
        """Record what a running trial reports.

        Args:
            trial_id: its id.
            metrics: name to value, with the objective among them.
            step: epochs completed before, from 0.

        Raises:
            ValueError: if the objective is missing.
            KeyError: if there is no such trial.
        """
        trial = self.get_trial(trial_id)
        _reports.check_objective(metrics, self.objective)
        numbers = {str(name): float(value) for name, value in metrics.items()}
        if trial.record is not None:
            self.study.report(trial.record, Measurement(step, numbers))
        self._desk.views.register(trial.metrics, numbers)
        for name, value in numbers.items():
            trial.metrics.update(name, value, step=step)
        trial.is_tracked = True
        return trial

    @synchronized
    @_legacy.accepting_ids
    def end_trial(self, trial: Trial, status: str = TrialStatus.COMPLETED) -> None:
        """Record how a trial ended, by its `status` and `message`; once only.

        Args:
            trial: the trial; or, as in old programs, its id.
            status: how it ended; only read with an id.

        Raises:
            KeyError: if there is no such trial.
            RuntimeError: after too many failed trials in a row; all is saved.
        """
        record = trial.record or self._desk.find(trial.trial_id)
        if record.state is not TrialState.RUNNING:
            return
        if _reports.STATES[trial.status] is TrialState.COMPLETED:
            self._score(trial)
        told = self.study.tell(_reports.outcome_of(trial, self._found(trial)))
        self._desk.settle(told)
        self.save()
        _reports.check_failures(self._desk.history, self.max_consecutive_failed_trials)

    @property
    def study(self) -> Study:
        """The study that this oracle stands for; opened at the first use."""
        return self._desk.study

    @property
    def hyperparameters(self) -> HyperParameters:
        """All hyperparameters known by now; may be changed before the search."""
        if self._desk.is_open and self.study.space is not self._synced:
            self._synced = self.study.space
            self._hyperparameters.merge(self._synced, overwrite=False)
        return self._hyperparameters

    @hyperparameters.setter
    def hyperparameters(self, hyperparameters: HyperParameters) -> None:
        self._hyperparameters, self._given_space, self._synced = hyperparameters, True, None

    @property
    def max_trials(self) -> int | None:
        """How many trials in all; may be changed at any time."""
        return self._max_trials

    @max_trials.setter
    def max_trials(self, max_trials: int | None) -> None:
        self._max_trials = max_trials
        if self._desk.is_open:
            self.study.max_trials = max_trials

    @property
    def seed(self) -> int:
        """The root of all randomness."""
        return self.study.spec.seed

    @property
    def verbose(self) -> int:
        """How much is printed: 0, 1 or 2."""
        return self._verbose

    @verbose.setter
    def verbose(self, verbose: int | str) -> None:
        self._verbose = 1 if verbose == "auto" else int(verbose)

    @property
    def trials(self) -> dict[str, Trial]:
        """All trials by id."""
        return {view.trial_id: view for view in map(self._desk.view, self._desk.history.trials)}

    @property
    def start_order(self) -> list[str]:
        """Ids of all trials in the order in which they began."""
        return self._desk.ids(self._desk.history.trials)

    @property
    def end_order(self) -> list[str]:
        """Ids of finished trials in the order in which they ended."""
        return self._desk.ids(self._desk.history.finished)

    def get_space(self) -> HyperParameters:
        """A copy of all hyperparameters known by now."""
        return self.hyperparameters.copy()

    def update_space(self, hyperparameters: HyperParameters) -> None:
        """Add the hyperparameters that are not known yet, if new entries are searched.

        Raises:
            RuntimeError: if there are new ones and they are not allowed.
        """
        known = Space(self.hyperparameters.space)
        new = known.merge(hyperparameters.space).parameters[len(known) :]
        if new and not self.allow_new_entries:
            raise RuntimeError(_reports.no_new_entries(new))
        if new and self.tune_new_entries:
            self._hyperparameters.merge(new, overwrite=False)
            self._push_space()

    def get_trial(self, trial_id: str) -> Trial:
        """A trial by its id.

        Raises:
            KeyError: if there is none.
        """
        return self._desk.view(self._desk.find(trial_id))

    def get_best_trials(self, num_trials: int = 1) -> list[Trial]:
        """The trials with the best scores, best first; fewer if fewer have a score."""
        return list(map(self._desk.view, Results.of(self._desk.history).ranked(num_trials)))

    def remaining_trials(self) -> int | None:
        """How many trials may still begin; None without a limit."""
        counted = _reports.counted(self._desk.history)
        return None if self.max_trials is None else max(0, self.max_trials - counted)

    def save(self) -> None:
        """Save what an override of `get_state` adds; everything else is saved when it happens."""
        if self._state_file is not None:
            save_state(self._state_file, self.get_state())

    def reload(self) -> None:
        """Open the study as it is stored, with what an override of `get_state` added."""
        self._desk.open()
        file = self._state_file
        if file is not None and (state := load_state(file)) is not None:
            self.set_state(state)

    @property
    def _state_file(self) -> Path | None:
        kept = self.directory is not None and type(self).get_state is not Oracle.get_state
        return Path(str(self.directory)) / str(self.project_name) / "oracle.json" if kept else None

    def _set_project_dir(self, directory: Any, project_name: str, storage: Storage = None) -> None:
        """Say where the study is kept: in a file of the project, or where `storage` says."""
        self._desk.leave()
        self.directory, self.project_name, self._storage = str(directory), project_name, storage

    @contextmanager
    def _searching(self) -> Iterator[None]:
        """While this lasts a driver asks the study, and waits for an oracle that is idle."""
        self._push_space()
        with nullcontext() if self._populated is None else self._populated.patience():
            try:
                yield
            finally:
                self.ongoing_trials.clear()

    def _sampler(self) -> Sampler | None:
        """The sampler of an oracle that comes with Luthier."""
        return None

    def _plan(self) -> Plan:
        """How to set the study up, as of now."""
        sampler = self._sampler()
        populate = _legacy.populate_of(self, Oracle)
        if sampler is None or populate is not None:
            sampler = self._populated = Populated(
                self._desk, populate or self.populate_space, type(self).__name__
            )
        return Plan(
            objective=self.objective,
            space=Space(self._hyperparameters.space) if self._given_space else None,
            sampler=sampler,
            seed=self._given_seed,
            max_trials=self._max_trials,
            max_retries=self.max_retries_per_trial,
            storage=storage_of(self.directory, self.project_name, self._storage),
            name=self.project_name or "study",
            settings={"max_trials": self._max_trials, **self._settings},
            constraints=self._hyperparameters.requirements.constraints,
        )

    def _admit(self, parameter: HyperParameter) -> bool:
        """Whether a hyperparameter that a trial meets for the first time enters the space."""
        if not self.allow_new_entries:
            raise RuntimeError(_reports.no_new_entries([parameter]))
        return self.tune_new_entries

    def _push_space(self) -> None:
        """Hand hyperparameters that were added to `hyperparameters` to the study."""
        if self._desk.is_open:
            self.study.extend(self.study.space.merge(self._hyperparameters.space))
            self.study.require(self._hyperparameters)

    def _begin(self, record: Record, tuner_id: str) -> Trial:
        self.tuner_ids.add(tuner_id)
        self._tried_so_far.add(self._compute_values_hash(record.values))
        return self._desk.begin(record, tuner_id)

    def _score(self, trial: Trial) -> None:
        (_legacy.score_of(self, Oracle) or self.score_trial)(trial)

    def _found(self, trial: Trial) -> Sequence[HyperParameter]:
        return _legacy.found_by(self, Oracle, trial)

    def _why_nothing(self) -> str:
        if self.remaining_trials() == 0:
            return TrialStatus.STOPPED
        if self._populated is not None:
            return self._populated.status
        return TrialStatus.IDLE if self.study.is_waiting else TrialStatus.STOPPED

    def _random_values(self) -> dict[str, Any] | None:
        """Random values that no trial has tried, or None if there are none left."""
        answer = answer_of(self._random, self._desk.history, self._desk.rng(self._rng))
        values: dict[str, Any] | None = answer["values"]
        return values

    _compute_values_hash = staticmethod(_legacy.values_hash)
    _populate_space, _score_trial, _duplicate = _legacy.FORMS
