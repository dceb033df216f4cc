"""`SklearnTuner`: searches scikit-learn estimators by cross-validation.

Enters: an oracle, a function that builds an estimator or pipeline, data. Leaves: trials with the
score of every fold, and estimators fitted to all of the data.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from luthier.errors import FatalRuntimeError, FatalValueError, MissingExtraError, StudyError
from luthier.oracles import Oracle
from luthier.oracles._trial import Trial
from luthier.records import Decision, Measurement
from luthier.space import HyperParameters
from luthier.training import Result, average
from luthier.tuners._base_tuner import BaseTuner

if TYPE_CHECKING:
    from luthier.training._sklearn import Data, Split

SCORE = "score"
FORMS = ("skops", "joblib")


class SklearnTuner(BaseTuner):
    """Searches scikit-learn estimators and pipelines by cross-validation.

    The score of a trial is the mean over the folds, which are the same for all trials; its spread
    and every fold's score are kept with it, in `trial.history` and `trial.record.spread`.

    Args:
        oracle: chooses the values; its objective is `Objective("score", "max")`.
        hypermodel: a `HyperModel`, or a function `build(hp)` that returns an estimator.
        scoring: a scorer of scikit-learn, or the name of one; None takes the estimator's `score`.
        metrics: further functions of `sklearn.metrics`, such as `accuracy_score`, that are kept
            with each trial and do not steer the search.
        cv: a splitter of scikit-learn, or how many shuffled folds; None: five.
        keep: `"skops"` or `"joblib"` fits the estimator of each trial to all of the data and
            writes it into the trial's folder in that form, so that `get_best_models` finds it in
            another process. joblib's files are pickles: open none of a stranger. None writes
            nothing: `get_best_models` fits the estimators anew.
        trusted: with `keep="skops"`, names of types of your own that may be loaded.
        **kwargs: see `BaseTuner`: `directory`, `project_name`, `overwrite`, `storage`.

    Raises:
        FatalValueError: (a ValueError) for another objective, or a `keep` or a name of a scorer
            that is not known.
        FatalTypeError: (a TypeError) for a `scoring` or a metric that cannot be called.
        MissingExtraError: (an ImportError) without scikit-learn.

    Example:
        >>> import luthier
        >>> from sklearn.linear_model import RidgeClassifier
        >>> def build(hp):
        ...     return RidgeClassifier(alpha=hp.Float("alpha", 1e-3, 1.0, sampling="log"))
        >>> oracle = luthier.oracles.RandomSearchOracle(
        ...     objective=luthier.Objective("score", "max"), max_trials=10
        ... )
        >>> tuner = luthier.SklearnTuner(oracle, build, cv=3)  # doctest: +SKIP
        >>> tuner.search(X, y)  # doctest: +SKIP
        >>> tuner.get_best_models()[0].predict(X)  # doctest: +SKIP
    """

    def __init__(
        self,
        oracle: Oracle,
        hypermodel: Any,
        scoring: Any = None,
        metrics: Any = None,
        cv: Any = None,
        *,
        keep: str | None = None,
        trusted: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        if importlib.util.find_spec("sklearn") is None:
            raise MissingExtraError(
                "Please install sklearn before using the `SklearnTuner`: "
                'pip install "luthier[sklearn]".'
            )
        from luthier.training._sklearn import Judge, splitter

        _check_objective(oracle)
        if keep is not None and keep not in FORMS:
            raise FatalValueError(f'Expected `keep` to be "skops", "joblib" or None, got {keep!r}.')
        self.scoring = scoring
        self.metrics = _listed(metrics)
        Judge(self.scoring, self.metrics).check()
        self.cv = splitter(cv)
        self.keep = keep
        self.trusted = tuple(trusted)
        self._data: Data | None = None
        self._splits: tuple[tuple[int, ...], list[Split]] | None = None
        super().__init__(oracle, hypermodel, **kwargs)

    def search(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> None:
        """Search until the limit is reached or nothing is left to try; goes on where it stopped.

        Args:
            X: what estimators are fitted to: an array, a DataFrame, a sparse matrix or a list of
                rows.
            y: what belongs to each row; None where the estimators want none.
            sample_weight: a weight for each row, for estimators, scorers and metrics that take
                weights; in a pipeline the last step gets them.
            groups: the group of each row, for splitters that ask for groups.

        Raises:
            FatalValueError: (a ValueError) if these do not have the same number of rows, or `cv`
                cannot split them.
        """
        self._of(X, y, sample_weight, groups)
        super().search(X, y, sample_weight=sample_weight, groups=groups)

    def run_trial(
        self, trial: Trial, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> Any:
        """Fit and score the trial's estimator on each fold.

        Args:
            trial: its `hyperparameters` give the values.
            X: see `search`.
            y: see `search`.
            sample_weight: see `search`.
            groups: see `search`.

        Returns:
            Means over the folds, with their spread.
        """
        from luthier.training import _sklearn

        data, splits = self._of(X, y, sample_weight, groups)
        judge = _sklearn.Judge(self.scoring, self.metrics)
        began = time.monotonic()
        results: list[Result] = []
        for values in _sklearn.scores(lambda: self._build(trial), data, splits, judge):
            results.append(Result(values))
            if self._report is None:
                continue
            step = len(results) - 1
            reply = self._report(Measurement(step, values, time.monotonic() - began))
            if reply is not Decision.CONTINUE:
                break
        if self.keep is not None:
            self.save_model(trial.trial_id, _sklearn.fitted(self._build(trial), data))
        return average(results, self.oracle.objective)

    def save_model(self, trial_id: str, model: Any, step: int = 0) -> None:
        """Write a fitted estimator into the trial's folder, in the form that `keep` names."""
        del step
        from luthier.training import _sklearn

        _sklearn.save_model(model, Path(self.get_trial_dir(trial_id)), self.keep or FORMS[0])

    def load_model(self, trial: Trial) -> Any:
        """The trial's estimator, fitted to all of the data: read, or fitted now.

        Raises:
            FatalRuntimeError: (a RuntimeError) if it was not kept and there is no data to fit to.
            FatalValueError: if its file holds types that are not trusted.
        """
        from luthier.training import _sklearn

        if self.keep is not None:
            folder = Path(self.get_trial_dir(trial.trial_id))
            return _sklearn.load_model(folder, self.keep, self.trusted)
        if self._data is None:
            raise FatalRuntimeError(
                "The estimators of this search were not kept, and there is no data to fit them to: "
                'call search(X, y) first (it goes on where it stopped), or search with keep="skops"'
                ' or keep="joblib".'
            )
        return _sklearn.fitted(self._build(trial), self._data)

    def export(
        self,
        path: str | os.PathLike[str] = "best.py",
        *,
        data: Callable[[], Mapping[str, Any]] | None = None,
    ) -> Path:
        """Write a script that builds the best estimator, fits it to all rows and saves it.

        It holds the code of the hypermodel with all that it uses, and runs without this tuner, its
        project or its search. What it is fitted to is kept beside it (`best.npz`); the estimator is
        saved with joblib, or in the form that `keep` names.

        Args:
            path: of the script.
            data: a function that makes the data, where it cannot be kept so (sparse matrices,
                columns of objects); it returns `{"X": ..., "y": ...}`, and weights by the name that
                `fit` knows them by.

        Returns:
            The path.

        Raises:
            StudyError: if no trial has a score, or there is no data: call `search(X, y)` first.
            FatalValueError: (a ValueError) if something cannot be written into a script; says what.

        Example:
            >>> tuner.search(X, y)  # doctest: +SKIP
            >>> tuner.export("best.py")  # doctest: +SKIP
        """
        from luthier.training import _sklearn
        from luthier.tuners._export_sklearn import NO_DATA, export_estimator

        given: dict[str, Any] = {}
        if data is None:
            if self._data is None:
                raise StudyError(NO_DATA)
            best = next(iter(self.oracle.get_best_trials()), None)
            given = {"X": self._data.x, "y": self._data.y}
            if best is not None:
                given |= _sklearn.fit_weights(self._build(best), self._data.weights)
            given = {name: value for name, value in given.items() if value is not None}
        return export_estimator(self, path, given, data)

    def _build(self, trial: Trial) -> Any:
        if self.hypermodel is None:
            raise FatalValueError("SklearnTuner needs a `hypermodel` that builds an estimator.")
        return self.hypermodel.build(trial.hyperparameters)

    def _build_once(self, hp: HyperParameters) -> None:
        if self.hypermodel is not None:
            self.hypermodel.build(hp)

    def _of(self, *given: Any) -> tuple[Data, list[Split]]:
        """The data as one, and its folds, made once for the same data."""
        from luthier.training import _sklearn

        seen = tuple(map(id, given))
        if self._data is None or self._splits is None or self._splits[0] != seen:
            data = _sklearn.Data(*given)
            data.check()
            self._splits = (seen, _sklearn.folds(self.cv, data))
            self._data = data
        return self._data, self._splits[1]


def _check_objective(oracle: object) -> None:
    """Refuse an oracle that ranks by something else than the score.

    Raises:
        FatalValueError: (a ValueError) naming it.
    """
    objective = getattr(oracle, "objective", None)
    if objective is not None and objective.names != (SCORE,):
        raise FatalValueError(
            'Expected the oracle of a `SklearnTuner` to have objective=Objective("score", "max"), '
            f"got {objective}."
        )


def _listed(metrics: Any) -> list[Any]:
    if metrics is None:
        return []
    return list(metrics) if isinstance(metrics, list | tuple) else [metrics]
