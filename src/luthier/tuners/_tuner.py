"""`Tuner`: searches Keras models, trained by `fit` or by a loop of the user's own.

Enters: a hypermodel and what its `fit` wants. Leaves: trials with the history of every epoch, and
the models of the best ones. How a trial is trained is `luthier.training`'s business.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from luthier import artifacts, training
from luthier.abc import Executor
from luthier.errors import FatalTypeError, OversizedModelError
from luthier.oracles import Oracle
from luthier.oracles._trial import Trial
from luthier.records import Trial as Record
from luthier.records import TrialState
from luthier.space import HyperParameters
from luthier.tuners import _files, _printing, _setup, _tunable
from luthier.tuners._base_tuner import BaseTuner
from luthier.tuners._export import export
from luthier.tuners._tasks import task_of
from luthier.tuners._watch import PerTrial


class Tuner(BaseTuner):
    """Searches Keras models with an oracle; `RandomSearch` and its kin are tuners with theirs.

    Args:
        oracle: chooses the values.
        hypermodel: a `HyperModel`, or a function `build(hp)` that returns a compiled model; None
            only where a subclass overrides `run_trial`.
        max_model_size: models with more trainable parameters are skipped and drawn again.
        optimizer: compiles each model in place of its own; copied for each. It may be searched:
            `optimizer=luthier.Choice(["adam", "sgd"])`.
        loss: the same.
        metrics: the same.
        distribution_strategy: a `tf.distribute.Strategy` in whose scope models are made, or, with
            JAX, a `keras.distribution.DataParallel` or `ModelParallel`; one that was set by
            `keras.distribution.set_distribution` is honoured without it.
        directory: where the project's folder is made; the working directory if None.
        project_name: the name of that folder; `"untitled_project"` if None.
        logger: accepted and ignored.
        tuner_id: its name among the tuners of one oracle; from the environment variable
            KERASTUNER_TUNER_ID, or `"tuner0"`, if None.
        overwrite: whether a project of that name is deleted and begun anew; if not, it goes on.
        executions_per_trial: how often each trial is trained; scores are means over them, and their
            spread is kept.
        **kwargs: `storage` and `scheduler`: see `BaseTuner`. `keep`: whose trained models stay on
            disk, `"all"`, `"best"`, a number (of the best), or None; `disk_budget`: the bytes that
            they may take (10 GB), beyond which the worst go; `keep_optimizer`: whether the
            optimizer's state is in them.
            `cv`: cross-validation, by a number of shuffled folds or any splitter of scikit-learn
            (`search(..., groups=...)` for those that want groups). Each execution trains on all
            folds but one and is validated by that one; the score is the mean, with its spread. A
            trial that after some folds has hardly a chance left to become the best is not run to
            its end; the chance of dropping the best so is `cv_risk` at most, 0.05 if not given,
            and 0 runs all folds. `lanes`: how many trials are trained side by side in one compiled
            program on the JAX backend, where models differ in numbers only: `"auto"`, or a number;
            1 trains one after the other, still without compiling each. `strict`: whether a model
            that cannot share a program is an error. `report_every`: report also within an epoch,
            after every so many batches, what the training metrics came to so far (validation comes
            at its end): a scheduler, or a limit of time, can end a trial there. A pause waits for
            the end of the epoch.

    Attributes:
        max_model_size: as given, and so are the others.

    Example:
        >>> import luthier
        >>> oracle = luthier.oracles.RandomSearchOracle("val_loss", max_trials=3)
        >>> tuner = luthier.Tuner(oracle, build, executions_per_trial=2)  # doctest: +SKIP
        >>> tuner.search(x, y, validation_split=0.2, epochs=5)  # doctest: +SKIP
        >>> tuner.get_best_models()[0]  # doctest: +SKIP
    """

    def __init__(
        self,
        oracle: Oracle,
        hypermodel: Any = None,
        max_model_size: int | None = None,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        distribution_strategy: Any = None,
        directory: Any = None,
        project_name: str | None = None,
        logger: Any = None,
        tuner_id: str | None = None,
        overwrite: bool = False,
        executions_per_trial: int = 1,
        **kwargs: Any,
    ) -> None:
        if hypermodel is None and not self._overrides("run_trial"):
            raise ValueError(_setup.NO_HYPERMODEL)
        self.max_model_size = max_model_size
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.distribution_strategy = distribution_strategy
        self.executions_per_trial = _setup.check_executions(executions_per_trial)
        self.cv = kwargs.pop("cv", None)
        self._folds = _setup.folds_of(self.cv, kwargs.pop("cv_risk", None))
        self.tuner_id = _setup.tuner_id_of(tuner_id)
        self.report_every = _setup.take_report_every(kwargs)
        policy = _setup.take_policy(kwargs)
        self._called: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self._sharing = _setup.sharing_of(kwargs)
        _printing.print_backend(training.choose_backend())
        super().__init__(
            oracle,
            hypermodel,
            directory=directory,
            project_name=project_name,
            overwrite=overwrite,
            logger=logger,
            **kwargs,
        )
        self._keeper = artifacts.Keeper(policy, self._folder_of)

    # -- to override -----------------------------------------------------------------------------

    def run_trial(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        """Train a trial's model as often as `executions_per_trial` says.

        Override it to tune what `fit` is called with, and call `super().run_trial(...)`.

        Args:
            trial: its `hyperparameters` give the values.
            *args: handed to `HyperModel.fit`.
            **kwargs: the same; `callbacks` are copied for each execution.

        Returns:
            What `HyperModel.fit` returned, one value an execution.
        """
        task = self._task(trial)
        build_and_fit = partial(self._build_and_fit_model, trial) if self._has_seams else None
        results = training.run_trial(task, args, self._quieted(kwargs), build_and_fit)
        self._info.update(task.info)
        if training.DROPPED in task.info and self._report is not None:
            self._report.stop()
        self._sharing.note(task.info)
        # What `fit` gave is checked here, so that an error names it and not this method.
        training.summarize(results, self.oracle.objective, training.FIT)
        return results

    def on_epoch_begin(
        self, trial: Trial, model: Any, epoch: int, logs: Mapping[str, Any] | None = None
    ) -> None:
        """Called when an epoch begins."""

    def on_epoch_end(
        self, trial: Trial, model: Any, epoch: int, logs: Mapping[str, Any] | None = None
    ) -> None:
        """Called when an epoch ended."""

    def on_batch_begin(
        self, trial: Trial, model: Any, batch: int, logs: Mapping[str, Any] | None
    ) -> None:
        """Called when a batch begins; overriding it slows training down."""

    def on_batch_end(
        self, trial: Trial, model: Any, batch: int, logs: Mapping[str, Any] | None = None
    ) -> None:
        """Called when a batch ended; overriding it slows training down."""

    def results_summary(self, num_trials: int = 10) -> None:
        """Print the best trials, and where `keep` or `disk_budget` is given what the disk holds."""
        super().results_summary(num_trials)
        self._keeper.look(self.oracle.study.history())
        if self._keeper.policy != artifacts.Policy():
            _printing.print_kept(self._keeper.summary())

    def load_model(self, trial: Trial) -> Any:
        """The trial's model with the weights of its best epoch; of its best fold, with `cv`.

        Raises:
            FileNotFoundError: if the weights are gone; names the trial's folder.
        """
        folder = self._folder(trial)
        return training.load_model(
            training.DefaultHyperModel(self._try_build),
            trial.hyperparameters.copy(),
            training.BuildSettings(distribution_strategy=self.distribution_strategy),
            artifacts.checkpoint_path(folder),
            artifacts.build_config_path(folder),
        )

    def export(
        self,
        path: str | os.PathLike[str] = "best.py",
        *fit_args: Any,
        data: Callable[[], Mapping[str, Any]] | None = None,
        **fit_kwargs: Any,
    ) -> Path:
        """Write a script that builds, trains and saves the best model, with its values filled in.

        It holds the code of the hypermodel with all that it uses, and runs without this tuner, its
        project or its search. Arrays are kept beside it (`best.npz`).

        Args:
            path: of the script.
            *fit_args: what the model is trained with; what `search` was called with, if left out.
            data: a function that makes the data, for what is no array (a dataset, a generator); it
                returns what `fit` takes by name: `{"x": ..., "validation_data": ...}`.
            **fit_kwargs: see `fit_args`.

        Returns:
            The path.

        Raises:
            StudyError: if no trial has a score, or nobody said what to train with.
            FatalValueError: (a ValueError) if something cannot be written into a script; says what.

        Example:
            >>> tuner.search(x, y, validation_split=0.2, epochs=5)  # doctest: +SKIP
            >>> tuner.export("best.py")  # doctest: +SKIP
        """
        return export(self, path, fit_args, fit_kwargs, data)

    # -- seams that programs written for KerasTuner override ------------------------------------

    def _build_hypermodel(self, hp: HyperParameters) -> Any:
        """Build a model, compiled with this tuner's arguments."""
        if self.hypermodel is None:
            raise ValueError(_setup.NO_HYPERMODEL)
        return training.build_model(self.hypermodel, hp, self._settings_for(hp))

    def _try_build(self, hp: HyperParameters) -> Any:
        """Build a model that may be trained."""
        return self._build_hypermodel(hp)

    def _build_and_fit_model(self, trial: Trial, *args: Any, **kwargs: Any) -> Any:
        """Build and train a trial's model once; what `HyperModel.fit` returned."""
        if self.hypermodel is None:
            raise ValueError(_setup.NO_HYPERMODEL)
        model = self._try_build(trial.hyperparameters)
        weights = self._task(trial).paths.weights
        if weights is not None and weights.exists():
            model.load_weights(str(weights))
        training.share_programs(model, self._sharing, self._info, trial.hyperparameters)
        results = self.hypermodel.fit(trial.hyperparameters, model, *args, **kwargs)
        from luthier.training._keras_model import write_build_config

        write_build_config(model, artifacts.build_config_path(self._folder(trial)))
        return results

    # -- inside ----------------------------------------------------------------------------------

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:
        self._called = (fit_args, fit_kwargs)
        epochs, study = fit_kwargs.get("epochs"), self.oracle.study
        study.horizon = epochs if isinstance(epochs, int) else None
        self._keeper.look(study.history())
        self._sharing.begin(self.oracle.get_space().space)
        own_fit = self.hypermodel is None or training.fits_itself(self.hypermodel)
        if not (own_fit or self._has_seams or self._overrides("run_trial")):
            _tunable.check_counts(fit_kwargs)
            _tunable.check_is_used(fit_args[0] if fit_args else fit_kwargs.get("x"), fit_kwargs)
        _setup.check_rungs(study)
        study.is_resumable = not (own_fit or self._has_seams)
        folder = artifacts.compiled_path(self._project)
        try:
            with training.steady(), training.programs_kept_in(folder):
                super().search(*fit_args, **fit_kwargs)
            _printing.print_how_trained(self._sharing.summary(), self.oracle.verbose)
        finally:
            self._sharing.end()

    def _executor(self) -> Executor:
        count = self._sharing.lane_count()
        if count == 1:
            return super()._executor()
        from luthier.executors import LanesExecutor

        return LanesExecutor(self._sharing.open_lanes(count, PerTrial(self)), count)

    @property
    def _has_seams(self) -> bool:
        """Whether a subclass builds or trains in a way of its own."""
        seams = ("_build_and_fit_model", "_try_build", "_build_hypermodel")
        return any(map(self._overrides, seams))

    def _settings_for(self, hp: HyperParameters) -> training.BuildSettings:
        compiled = {"optimizer": self.optimizer, "loss": self.loss, "metrics": self.metrics}
        return training.BuildSettings(
            **_tunable.fill_in(compiled, hp),
            max_model_size=self.max_model_size,
            distribution_strategy=self.distribution_strategy,
        )

    @property
    def _settings(self) -> dict[str, Any]:
        folds = {} if self._folds is None else {"cv": str(self._folds)}
        return {
            "executions_per_trial": self.executions_per_trial,
            "max_model_size": self.max_model_size,
            **self._sharing.settings(),
            **folds,
        }

    def _task(self, trial: Trial) -> training.TrialTask:
        if self.hypermodel is None:
            raise ValueError(_setup.NO_HYPERMODEL)
        return task_of(self, self.hypermodel, trial)

    def _quieted(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of `fit` that let only one draw on the terminal.

        Keras's bars are for those who asked for them, and only where no table is drawn.
        """
        quieted = dict(kwargs)
        own_fit = self.hypermodel is not None and training.fits_itself(self.hypermodel)
        if "verbose" in kwargs:
            quieted["verbose"] = 0 if self._is_live else kwargs["verbose"]
        elif not own_fit:
            quieted["verbose"] = 0
        return quieted

    def _populate_initial_space(self) -> None:
        with training.programs_kept_in(artifacts.compiled_path(self._project)):
            super()._populate_initial_space()

    def _build_once(self, hp: HyperParameters) -> None:
        try:
            self._build_hypermodel(hp)
        except OversizedModelError:
            # It showed its hyperparameters all the same; others of them give smaller models.
            return
        except FatalTypeError:
            # What is no model ends the search at its first trial, as in KerasTuner.
            return

    def _on_outcome(self, record: Record) -> None:
        # A trial that failed begins again; what was interrupted goes on from its last epoch.
        retried = {record.number} if record.state is TrialState.WAITING else set()
        self._keeper.sweep(self.oracle.study.history(), self._needed() - retried)
        artifacts.trim_compiled(artifacts.compiled_path(self._project))
        super()._on_outcome(record)

    def _needed(self) -> frozenset[int]:
        """Trials from whose state training may still go on."""
        return _files.needed(self.oracle.study)

    def _folder_of(self, number: int) -> Path:
        return Path(self.get_trial_dir(self.oracle._desk.views.id_of(number)))

    def _folder(self, trial: Trial) -> Path:
        return Path(self.get_trial_dir(trial.trial_id))

    def _overrides(self, name: str) -> bool:
        """Whether a subclass has its own method of that name."""
        return getattr(type(self), name) is not getattr(Tuner, name)


def maybe_distribute(distribution_strategy: Any) -> AbstractContextManager[Any]:
    """The scope of a `tf.distribute.Strategy`; one that does nothing for None."""
    if distribution_strategy is None:
        return nullcontext()
    scope: AbstractContextManager[Any] = distribution_strategy.scope()
    return scope
