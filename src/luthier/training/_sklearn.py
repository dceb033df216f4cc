"""The door to scikit-learn: one trial of an estimator, fold by fold, and its files.

Enters: a function that builds the estimator, data, the folds. Leaves: scores, one a fold and
metric; fitted estimators; files of them in the form that the user chose.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import has_fit_parameter

from luthier.errors import FatalTypeError, FatalValueError, MissingExtraError
from luthier.training._rows import take

Split = tuple[Any, Any]
"""Numbers of the rows to train on, and of those to be judged by."""


@dataclass(frozen=True, slots=True)
class Data:
    """What `search` was given.

    Attributes:
        x: rows of features.
        y: what belongs to each row, or None.
        weights: a weight for each row, or None.
        groups: the group of each row, or None.
    """

    x: Any
    y: Any = None
    weights: Any = None
    groups: Any = None

    def check(self) -> None:
        """Refuse parts of different lengths, and no rows at all.

        Raises:
            FatalValueError: (a ValueError) naming the lengths.
        """
        if self.x is None:
            raise FatalValueError("Expected X to hold rows to fit to, got None.")
        try:
            check_consistent_length(self.x, self.y, self.weights, self.groups)
        except (TypeError, ValueError) as error:
            raise FatalValueError(f"X, y, sample_weight and groups do not fit: {error}") from error

    def part(self, rows: Any) -> Data:
        """Some of the rows."""
        return Data(take(self.x, rows), take(self.y, rows), take(self.weights, rows))


@dataclass(frozen=True, slots=True)
class Judge:
    """How an estimator is scored.

    Attributes:
        scoring: a scorer `f(estimator, X, y)`, the name of one, or None for its own `score`.
        metrics: further functions `f(y_true, y_pred)`.
    """

    scoring: Any = None
    metrics: Sequence[Callable[..., Any]] = ()

    def check(self) -> None:
        """Refuse what could score no estimator.

        Raises:
            FatalValueError: (a ValueError) for a name that no scorer has.
            FatalTypeError: (a TypeError) for what cannot be called.
        """
        if isinstance(self.scoring, str):
            try:
                get_scorer(self.scoring)
            except ValueError as error:
                raise FatalValueError(
                    f"Expected `scoring` to name a scorer of scikit-learn: {error}"
                ) from error
        elif self.scoring is not None and not callable(self.scoring):
            raise FatalTypeError(
                "Expected `scoring` to be a scorer f(estimator, X, y), the name of one, or None, "
                f"got {self.scoring!r}."
            )
        for metric in self.metrics:
            if not callable(metric):
                raise FatalTypeError(
                    "Expected `metrics` to be functions f(y_true, y_pred), such as "
                    f"sklearn.metrics.accuracy_score, got {metric!r}."
                )

    def __call__(self, model: Any, data: Data) -> dict[str, float]:
        """The score and the metrics of a fitted estimator."""
        values = {"score": float(self._score(model, data))}
        if self.metrics:
            predicted = model.predict(data.x)
            for metric in self.metrics:
                value = metric(data.y, predicted, **_weights(metric, data.weights))
                values[metric.__name__] = float(value)
        return values

    def _score(self, model: Any, data: Data) -> Any:
        if self.scoring is None:
            return model.score(data.x, data.y, **_weights(model.score, data.weights))
        scorer = get_scorer(self.scoring) if isinstance(self.scoring, str) else self.scoring
        return scorer(model, data.x, data.y, **_weights(scorer, data.weights))


def splitter(cv: Any) -> Any:
    """What splits the data: as given, or so many shuffled folds.

    Args:
        cv: a splitter of scikit-learn, an iterable of splits, how many folds, or None for five.

    Raises:
        FatalValueError: (a ValueError) for anything else.
    """
    if cv is None or (isinstance(cv, int) and not isinstance(cv, bool) and cv > 1):
        return KFold(cv or 5, shuffle=True, random_state=1)
    if isinstance(cv, bool | int | str):
        raise FatalValueError(
            f"Expected `cv` to be a splitter of scikit-learn or a number of folds from 2, "
            f"got {cv!r}."
        )
    return check_cv(cv)


def folds(cv: Any, data: Data) -> list[Split]:
    """The rows of each fold, the same for all trials.

    Raises:
        FatalValueError: (a ValueError) if the data cannot be split so.
    """
    try:
        return list(cv.split(data.x, data.y, data.groups))
    except ValueError as error:
        raise FatalValueError(f"{cv} cannot split the data: {error}") from error


def scores(
    build: Callable[[], Any], data: Data, splits: Sequence[Split], judge: Judge
) -> Iterator[dict[str, float]]:
    """Fit and score an estimator on each fold.

    Raises:
        FatalTypeError: (a TypeError) if what is built cannot be fitted.
    """
    for number, (train, test) in enumerate(splits):
        part, held_out = data.part(train), data.part(test)
        model = fitted(build(), part)
        if number == 0 and hasattr(model, "classes_"):
            check_classes(data, splits)
        yield judge(model, held_out)


def fitted(model: Any, data: Data) -> Any:
    """The estimator, fitted; with weights where it takes them.

    Raises:
        FatalTypeError: (a TypeError) if it has no `fit`.
    """
    # A class has a `fit` too: what was forgotten are the brackets behind it.
    if isinstance(model, type) or not callable(getattr(model, "fit", None)):
        raise FatalTypeError(
            "Expected the model-building function to return an estimator with `fit` and `score`, "
            f"got {model!r} of type {type(model).__name__}."
        )
    model.fit(data.x, data.y, **fit_weights(model, data.weights))
    return model


def check_classes(data: Data, splits: Sequence[Split]) -> None:
    """Warn where a classifier is asked for classes that it was never shown."""
    labels = np.asarray(data.y)
    if labels.ndim != 1:
        return
    for number, (train, test) in enumerate(splits):
        unseen = sorted(set(labels[test].tolist()) - set(labels[train].tolist()), key=str)
        if unseen:
            warnings.warn(
                f"Fold {number} is judged by classes that are missing where it trains: "
                f"{', '.join(map(repr, unseen))}. Use StratifiedKFold, fewer folds, or more rows "
                "of them.",
                stacklevel=2,
            )
            return


def save_model(model: Any, folder: Path, form: str) -> None:
    """Write a fitted estimator as `model.skops` or `model.joblib`; whole, or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"model.{form}.part"
    _module(form).dump(model, draft)
    draft.replace(folder / f"model.{form}")


def load_model(folder: Path, form: str, trusted: Sequence[str] = ()) -> Any:
    """Read a fitted estimator that `save_model` wrote.

    Args:
        folder: the trial's.
        form: "skops" or "joblib".
        trusted: names of types that skops may make besides those that it knows.

    Raises:
        FileNotFoundError: if there is none.
        FatalValueError: (a ValueError) naming types that are not trusted.
    """
    path = folder / f"model.{form}"
    if not path.exists():
        raise FileNotFoundError(f"Expected a fitted estimator in {path}, found none.")
    module = _module(form)
    if form == "joblib":
        return module.load(path)
    unknown = sorted(set(module.get_untrusted_types(file=path)) - set(trusted))
    if unknown:
        raise FatalValueError(
            f"{path} holds types that skops does not trust: {', '.join(unknown)}. If they are "
            f"yours, name them: SklearnTuner(..., trusted={unknown})."
        )
    return module.load(path, trusted=list(trusted))


def _module(form: str) -> Any:
    if form == "joblib":
        import joblib

        return joblib
    try:
        import skops.io
    except ImportError as error:
        raise MissingExtraError(
            'Keeping estimators with skops needs it: pip install "luthier[skops]".'
        ) from error
    return skops.io


def _weights(function: Any, weights: Any) -> Mapping[str, Any]:
    """The weights as an argument, where there are any and the function takes them."""
    if weights is None or not _takes_weights(function):
        return {}
    return {"sample_weight": weights}


def _takes_weights(function: Any) -> bool:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    kinds = {parameter.kind for parameter in parameters.values()}
    return "sample_weight" in parameters or inspect.Parameter.VAR_KEYWORD in kinds


def fit_weights(model: Any, weights: Any) -> Mapping[str, Any]:
    """The weights as the argument by which `fit` takes them; none where it does not."""
    if weights is None:
        return {}
    if isinstance(model, Pipeline):
        name, last = model.steps[-1]
        takes = hasattr(last, "fit") and has_fit_parameter(last, "sample_weight")
        return {f"{name}__sample_weight": weights} if takes else {}
    return {"sample_weight": weights} if has_fit_parameter(model, "sample_weight") else {}
