"""`BaseTuner`: runs a search of any kind of model, in KerasTuner's words.

Enters: an oracle, a hypermodel, a place. Leaves: trials, the best values, summaries. A subclass
says in `run_trial` what one trial is; the loop itself is the driver's.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luthier import artifacts, driver, training
from luthier.abc import Executor, Report
from luthier.errors import FatalError, SkippedTrialError, StudyError
from luthier.executors import InlineExecutor
from luthier.hooks import Console, Explain
from luthier.oracles import Oracle, _reports
from luthier.oracles._legacy import warn
from luthier.oracles._state import load_state, save_state
from luthier.oracles._trial import Trial, TrialStatus
from luthier.records import Outcome
from luthier.records import Trial as Record
from luthier.results import Results
from luthier.space import HyperParameters
from luthier.tuners import _endings, _overrides, _printing, _setup, _tunable
from luthier.tuners._takeover import take_over
from luthier.tuners._watch import Heard, Watch

LEGACY_UPDATE = (
    "The use case of calling `self.oracle.update_trial(trial_id, metrics)` in `Tuner.run_trial()` "
    "to report the metrics is deprecated, and will be removed in the future.Please remove the call "
    "and do 'return metrics' in `Tuner.run_trial()` instead. "
)


class BaseTuner:
    """Searches with an oracle. A subclass overrides `run_trial`, and the hooks that it wants.

    Hooks are called in this order: `on_search_begin`, then for each trial `pre_create_trial`,
    `on_trial_begin`, `run_trial`, `on_trial_end`, and at the end `on_search_end`.

    Args:
        oracle: chooses the values.
        hypermodel: a `HyperModel`, or a function `build(hp)` that returns a model.
        directory: where the project's folder is made; the working directory if None.
        project_name: the name of that folder; `"untitled_project"` if None.
        overwrite: whether a project of that name is deleted and begun anew; if not, it goes on.
        **kwargs: `storage`, a database URL where the study is kept instead of
            `directory/project_name/study.sqlite`, so that several machines can share it;
            `scheduler`, a `Scheduler` or its name, that ends trials early; `max_time` and
            `max_trial_time` (seconds), `max_epochs_total`, `target` and `patience` (trials): see
            `tune`; `logger`, accepted and ignored.

    Attributes:
        oracle: as given.
        hypermodel: as a `HyperModel`, or None.
        directory: as text.
        project_name: the name of the project's folder.
        tuner_id: its name among the tuners of one oracle.
        logger: as given.

    Raises:
        ValueError: for an oracle that is none, or arguments that no tuner takes.
        FatalValueError: for a hypermodel that is none.
        StudyError: if the project was begun with another objective.

    Example:
        >>> import luthier
        >>> class Bowl(luthier.engine.base_tuner.BaseTuner):
        ...     def run_trial(self, trial):
        ...         return (trial.hyperparameters.Float("x", -2.0, 2.0) - 1.0) ** 2
        >>> oracle = luthier.oracles.RandomSearchOracle(max_trials=3, seed=0)
        >>> tuner = Bowl(oracle, directory="/tmp/bowl", overwrite=True)  # doctest: +SKIP
        >>> tuner.search(verbose=0)  # doctest: +SKIP
    """

    def __init__(
        self,
        oracle: Oracle,
        hypermodel: Any = None,
        directory: Any = None,
        project_name: str | None = None,
        overwrite: bool = False,
        **kwargs: Any,
    ) -> None:
        self._limits = _setup.take_limits(kwargs)
        _setup.check_options(kwargs)
        self.oracle = _setup.check_oracle(oracle)
        self.hypermodel = training.as_hypermodel(hypermodel)
        self.directory = "." if directory is None else str(directory)
        self.project_name = "untitled_project" if project_name is None else str(project_name)
        self.logger = kwargs.get("logger")
        self.tuner_id = _setup.tuner_id_of(getattr(self, "tuner_id", None))
        self._report: Heard | None = None
        self._info: dict[str, Any] = {}
        self._is_live = False
        self._reason = ""
        storage = kwargs.get("storage")
        _setup.check_environment(storage)
        self._project = artifacts.project_path(self.directory, self.project_name)
        artifacts.prepare_project(self._project, overwrite=overwrite)
        oracle._settings |= self._settings
        oracle._desk.scheduler = kwargs.get("scheduler")
        oracle._set_project_dir(self.directory, self.project_name, storage)
        take_over(self._project, self.project_name, oracle.objective, storage)
        self._open(is_new=overwrite)

    # -- to override -----------------------------------------------------------------------------

    def run_trial(self, trial: Trial, *fit_args: Any, **fit_kwargs: Any) -> Any:
        """Run one trial; override it.

        Args:
            trial: its `hyperparameters` give the values.
            *fit_args: what `search` was called with.
            **fit_kwargs: what `search` was called with.

        Returns:
            The objective as a number; or a dict of metrics with the objective among them; or a
            Keras `History`, whose best epoch counts; or a list of these, one a repetition.

        Raises:
            FailedTrialError: the trial failed and is not run again.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to run a trial.")

    def on_search_begin(self) -> None:
        """Called when a search begins."""

    def on_search_end(self) -> None:
        """Called when a search ended by itself: not when an error or Ctrl-C ended it."""

    def pre_create_trial(self) -> None:
        """Called before the oracle is asked for a trial."""

    def on_trial_begin(self, trial: Trial) -> None:
        """Called when a trial is about to run."""

    def on_trial_end(self, trial: Trial) -> None:
        """Called when a trial ended and is recorded: `trial.score` and `trial.status` are set."""
        self.oracle.end_trial(trial)
        self.save()

    def load_model(self, trial: Trial) -> Any:
        """The trained model of a trial; override it together with `save_model`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to load a model.")

    def save_model(self, trial_id: str, model: Any, step: int = 0) -> None:
        """Keep the model of a trial; override it together with `load_model`.

        Args:
            trial_id: the trial's id.
            model: what to keep.
            step: epochs completed before.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to save a model.")

    def get_state(self) -> dict[str, Any]:
        """What an override adds is saved after each trial; JSON values."""
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `get_state` gave."""

    # -- the search ------------------------------------------------------------------------------

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Search until the limit is reached or nothing is left to try; goes on where it stopped.

        Args:
            *fit_args: handed to `run_trial`, and there to `HyperModel.fit`.
            **fit_kwargs: the same; one may be a hyperparameter, such as
                `batch_size=luthier.Int(16, 128, step=16)`: it is searched under the argument's
                name. `verbose` (0, 1, 2 or "auto") also says how much is printed.

        Raises:
            RuntimeError: after too many failed trials in a row; all is saved.
            FatalError: whatever a trial raised of that kind; the search can go on later.
        """
        _tunable.enter_space(self.oracle, fit_args, fit_kwargs)
        self.oracle.verbose = fit_kwargs.get("verbose", self.oracle.verbose)
        console = Console(self.oracle.verbose)
        self._is_live = console.is_live

        def evaluate(trial: Record, report: Report) -> Outcome:
            return self._evaluate(trial, report, fit_args, fit_kwargs)

        self.on_search_begin()
        self.pre_create_trial()
        with self.oracle._searching(), _overrides.asked(self.oracle, self.tuner_id) as study:
            self._reason = driver.run(
                study,
                evaluate,
                self._executor(),
                limits=driver.Limits(
                    failures_in_a_row=self.oracle.max_consecutive_failed_trials, **self._limits
                ),
                hooks=(console, Explain(self.oracle.verbose), Watch(self._on_outcome)),
            )
        self.on_search_end()

    def _executor(self) -> Executor:
        return InlineExecutor()

    def _evaluate(
        self,
        record: Record,
        report: Report,
        fit_args: tuple[Any, ...],
        fit_kwargs: Mapping[str, Any],
    ) -> Outcome:
        """Run one trial to its end, in the form that the driver wants."""
        trial = self.oracle._begin(record, self.tuner_id)
        self._report = heard = Heard(report)
        self.on_trial_begin(trial)
        try:
            outcome = self._try_run_and_update_trial(trial, *fit_args, **fit_kwargs)
            return heard.ended(outcome)
        finally:
            self._report = None
            self.oracle.study.require(trial.hyperparameters)

    def _try_run_and_update_trial(self, trial: Trial, *fit_args: Any, **fit_kwargs: Any) -> Outcome:
        self._info = {}
        spread: Mapping[str, float] = {}
        try:
            spread = self._run_and_update_trial(trial, *fit_args, **fit_kwargs)
            trial.status = TrialStatus.COMPLETED
        except FatalError:
            raise
        except Exception as error:
            trial.status = _endings.status_of(error)
            trial.message = traceback.format_exc()
            if self.oracle.verbose and not isinstance(error, SkippedTrialError):
                traceback.print_exc()
            if isinstance(error, SkippedTrialError):
                return _reports.skipped(trial)
        else:
            self.oracle._score(trial)
        found = self.oracle._found(trial)
        return _reports.outcome_of(
            trial, found, values=_endings.used(trial), spread=spread, info=self._info
        )

    def _run_and_update_trial(
        self, trial: Trial, *fit_args: Any, **fit_kwargs: Any
    ) -> Mapping[str, float]:
        """Run a trial and put what it gave into its metrics; the spread over executions."""
        kwargs = _tunable.fill_in(fit_kwargs, trial.hyperparameters)
        results = self.run_trial(trial, *fit_args, **kwargs)
        if results is None and trial.is_tracked:
            warn(LEGACY_UPDATE)
            return {}
        summary = training.summarize(results, self.oracle.objective, training.RUN_TRIAL)
        _overrides.report(self.oracle, trial, summary)
        self._info.update(summary.info)
        return summary.spread

    def _on_outcome(self, record: Record) -> None:
        """A trial ended and is recorded."""
        trial = self.oracle._desk.settle(record)
        self.on_trial_end(trial)
        self.pre_create_trial()

    # -- what came out ---------------------------------------------------------------------------

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[HyperParameters]:
        """The hyperparameters of the best trials, best first; fewer if fewer have a score."""
        return [trial.hyperparameters for trial in self.oracle.get_best_trials(num_trials)]

    def get_best_models(self, num_models: int = 1) -> list[Any]:
        """The trained models of the best trials, best first; fewer if fewer have a score.

        A model trained again on all data, with the best hyperparameters, is usually better.
        """
        return [self.load_model(trial) for trial in self.oracle.get_best_trials(num_models)]

    def search_space_summary(self, extended: bool = False) -> None:
        """Print the hyperparameters known by now.

        Args:
            extended: ignored.
        """
        del extended
        _printing.print_space(self.oracle.get_space().space)

    def results_summary(self, num_trials: int = 10) -> None:
        """Print the best trials with the values that they used, or why there are none.

        Args:
            num_trials: how many at most.
        """
        best = self.oracle.get_best_trials(num_trials)
        _printing.print_results(best, self.oracle.objective, self.project_dir, num_trials)
        if not best:
            _printing.print_without_score(self.results.trials)

    @property
    def results(self) -> Results:
        """All trials by now, best ones, tables, learning curves."""
        return Results.of(self.oracle.study.history(), self._reason)

    def results_dataframe(self) -> Any:
        """One row a trial, as a pandas DataFrame: state, score, values, metrics; NaN where none.

        Raises:
            MissingExtraError: without pandas.
        """
        return self.results.dataframe()

    @property
    def remaining_trials(self) -> int | None:
        """How many trials may still begin; None without a limit."""
        return self.oracle.remaining_trials()

    # -- where it is kept ------------------------------------------------------------------------

    @property
    def project_dir(self) -> str:
        """The project's folder."""
        return os.path.join(self.directory, self.project_name)

    def get_trial_dir(self, trial_id: str) -> str:
        """The folder of a trial."""
        return os.path.join(self.project_dir, artifacts.trial_path(self._project, trial_id).name)

    def save(self) -> None:
        """Save what overrides of `get_state` add; everything else is saved when it happens."""
        if self._state_file is not None:
            save_state(self._state_file, self.get_state())

    def reload(self) -> None:
        """Go on with the project as it is stored."""
        self.oracle.reload()
        file = self._state_file
        if file is not None and (state := load_state(file)) is not None:
            self.set_state(state)

    @property
    def _state_file(self) -> Path | None:
        """Where what an override of `get_state` adds is kept; None without an override."""
        if type(self).get_state is BaseTuner.get_state:
            return None
        return self._project / f"{self.tuner_id}.json"

    def _open(self, *, is_new: bool) -> None:
        """Go on with an existing study, or find out what a new one searches."""
        opened = self.oracle._desk.open()
        if opened.existed and is_new:
            raise StudyError(_setup.shared(self.project_name, opened.study.place))
        if opened.existed:
            _printing.print_reload(opened.study.place, opened.study.notices)
            opened.study.notices = ()  # said here, at once; the console need not repeat them
            self.reload()
        if opened.study.required.forgotten or not opened.study.history().trials:
            self._populate_initial_space()

    def _populate_initial_space(self) -> None:
        """Find the hyperparameters that the hypermodel defines, before the first trial."""
        if self.hypermodel is None:
            return
        hp = self.oracle.get_space()
        hp.on_new = self.oracle._admit
        training.discover(self.hypermodel, hp, self._build_once)
        self.oracle.update_space(hp)
        self.oracle.study.require(hp)

    @property
    def _settings(self) -> dict[str, Any]:
        """What is stored with the study, so that a change can be told."""
        return {}

    def _build_once(self, hp: HyperParameters) -> None:
        """Build a model to see which hyperparameters it uses."""
        if self.hypermodel is not None:
            self.hypermodel.build(hp)
