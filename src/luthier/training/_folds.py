"""Cross-validation of Keras models: each fold is an execution of the trial.

Enters: `cv=` of a tuner, what `search` was called with. Leaves: the arguments of `fit` for each
execution, which trains on all folds but one and is validated by that one; and whether a trial has
fallen so far behind the best one that its other folds need not be run.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from luthier.errors import FatalTypeError, FatalValueError
from luthier.numerics._race import chance_of_overtaking, expected_mean
from luthier.objective import Objective
from luthier.training._results import Result, average, value_of
from luthier.training._rows import ACCEPTED, as_array, count, take

RISK = 0.05
"""Chance, at most, with which a trial is dropped that would have become the best."""

FOLDS = "folds"
"""Key in `Trial.info` of the objective's value of each fold that was run."""

DROPPED = "dropped"
"""Key in `Trial.info` of a trial whose other folds were not run, because it had lost."""

Arguments = tuple[Sequence[Any], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Parts:
    """The arguments of `fit` for each execution, without folds: as given.

    Attributes:
        args: given by position.
        kwargs: given by name.
    """

    args: Sequence[Any]
    kwargs: Mapping[str, Any]

    @property
    def count(self) -> int:
        """How many executions make one whole."""
        return 1

    def arguments(self, execution: int) -> Arguments:
        """What `fit` is called with in an execution."""
        del execution
        return self.args, self.kwargs


@dataclass(frozen=True, slots=True)
class FoldedParts(Parts):
    """The same with folds.

    Attributes:
        splits: rows to train on and to validate by, one pair a fold.
    """

    splits: Sequence[tuple[Any, Any]] = ()

    @property
    def count(self) -> int:
        return len(self.splits)

    def arguments(self, execution: int) -> Arguments:
        train, validate = self.splits[execution % len(self.splits)]
        x, y = _data(self.args, self.kwargs)
        weights = self.kwargs.get("sample_weight")
        args, kwargs = list(self.args), dict(self.kwargs)
        for place, (name, data) in enumerate((("x", x), ("y", y))):
            if place < len(args):
                args[place] = take(data, train)
            elif data is not None:
                kwargs[name] = take(data, train)
        held_out = [take(x, validate)]
        if y is not None:
            held_out.append(take(y, validate))
        if weights is not None:
            kwargs["sample_weight"] = take(weights, train)
            held_out.append(take(weights, validate))
        kwargs["validation_data"] = tuple(held_out)
        return args, kwargs


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """How the rows are split into folds, the same for all trials.

    Args:
        cv: how many shuffled folds, a splitter of scikit-learn, or pairs of row numbers.
        seed: of a splitter that shuffles and has no seed of its own.
        risk: the chance, at most, of dropping a trial that would have become the best; 0 drops
            none.
        best: the objective of each execution of the best trial so far; empty if there is none.

    Raises:
        FatalValueError: (a ValueError) if `cv` is none of these.
    """

    cv: Any
    seed: int = 0
    risk: float = RISK
    best: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 <= self.risk < 1.0:
            raise FatalValueError(f"Expected `cv_risk` from 0 to below 1, got {self.risk!r}.")
        is_number = isinstance(self.cv, int) and not isinstance(self.cv, bool) and self.cv > 1
        if is_number or _is_splitter(self.cv):
            return
        pairs = _pairs(self.cv)
        if not pairs:
            raise FatalValueError(
                "Expected `cv` to be a number of folds from 2, a splitter of scikit-learn such as "
                f"StratifiedKFold(5), or a list of (train, test) row numbers, got {self.cv!r}."
            )
        # What `KFold(5).split(x)` gives can be read once, and every trial wants it.
        object.__setattr__(self, "cv", pairs)

    def __str__(self) -> str:
        return f"{len(self.cv)} given folds" if isinstance(self.cv, list) else str(self.cv)

    def parts(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> FoldedParts:
        """The folds of what `search` was called with.

        Raises:
            FatalTypeError: (a TypeError) for data whose rows cannot be picked.
            FatalValueError: (a ValueError) for validation data beside the folds, data of different
                lengths, or data that cannot be split so.
        """
        kwargs = dict(kwargs)
        groups = kwargs.pop("groups", None)
        _check_validation(args, kwargs)
        x, y = _data(args, kwargs)
        rows = _rows(x, y, kwargs.get("sample_weight"), groups)
        splits = [(np.asarray(a), np.asarray(b)) for a, b in self._splits(rows, y, groups)]
        if not splits:
            raise FatalValueError(f"cv={self.cv} makes no folds.")
        _check_classes(y, splits)
        return FoldedParts(args, kwargs, splits)

    def verdict(self, results: Sequence[Result], objective: Objective) -> Result | None:
        """The result of a trial that need not be run to its end; None for one that goes on.

        Its objective is what all folds are expected to come to, so that it ranks where it would
        have: the folds that were run may be easier than the others.
        """
        values = values_of(results, objective)
        if not losing(values, self.best, objective, self.risk):
            return None
        whole = float(np.mean(self.best))
        estimate = expected_mean(np.array(values), np.array(self.best[: len(values)]), whole)
        mean = average(results, objective)
        return replace(mean, metrics={**mean.metrics, objective.name: estimate})

    def _splits(self, rows: int, y: Any, groups: Any) -> Iterable[tuple[Any, Any]]:
        if isinstance(self.cv, int):
            return _shuffled(rows, self.cv, self.seed)
        if isinstance(self.cv, list):
            return [_within(pair, rows) for pair in self.cv]
        cv = copy.copy(self.cv)
        if getattr(cv, "random_state", 0) is None:
            # Every trial, in whatever process, is to be judged by the same folds.
            cv.random_state = self.seed
        try:
            labels = _labels(y)
            return list(cv.split(np.zeros((rows, 1)), labels, groups))
        except (TypeError, ValueError) as error:
            raise FatalValueError(f"cv={self.cv} cannot split the data: {error}") from error


def _is_splitter(cv: Any) -> bool:
    return not isinstance(cv, str) and callable(getattr(cv, "split", None))


def _pairs(cv: Any) -> list[tuple[Any, Any]]:
    """Numbers of the rows to train on and to validate by, for each fold; empty for no such."""
    if not isinstance(cv, Iterable) or isinstance(cv, str | Mapping):
        return []
    try:
        pairs = [(np.asarray(train), np.asarray(test)) for train, test in cv]
    except (TypeError, ValueError):
        return []
    numbers = all(part.ndim == 1 and part.dtype.kind in "iu" for pair in pairs for part in pair)
    return pairs if numbers else []


def _within(pair: tuple[Any, Any], rows: int) -> tuple[Any, Any]:
    """The fold, if the data have its rows.

    Raises:
        FatalValueError: (a ValueError) naming a row that they do not have.
    """
    last = max(int(part.max(initial=0)) for part in pair)
    if last >= rows:
        raise FatalValueError(
            f"Expected `cv` to name rows of the data, from 0 to {rows - 1}, got {last}."
        )
    return pair


def losing(
    values: Sequence[float], best: Sequence[float], objective: Objective, risk: float = RISK
) -> bool:
    """Whether a trial may be dropped: it would hardly become the best.

    The risk is shared by the occasions on which this is asked, after the second fold and each one
    later: whatever the number of folds, the best is dropped with that chance at most (if
    differences between folds are normal).

    Args:
        values: the objective of each fold that was run, the same folds as in `best`.
        best: the objective of each fold of the best trial.
        objective: what is optimised.
        risk: the chance of dropping what would have become the best; 0 drops nothing.
    """
    k, n = len(values), len(best)
    if not 2 <= k < n or risk <= 0.0 or not np.isfinite([*values, *best]).all():
        return False
    costs, best_costs = objective.sign * np.array(values), objective.sign * np.array(best)
    return chance_of_overtaking(costs, best_costs[:k], n) < risk / (n - 2)


def values_of(results: Sequence[Result], objective: Objective) -> list[float]:
    """The objective of each fold."""
    return [value_of(result.metrics, objective) for result in results]


def _data(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    x = args[0] if args else kwargs.get("x")
    y = args[1] if len(args) > 1 else kwargs.get("y")
    return x, y


def _check_validation(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    for name in ("validation_data", "validation_split"):
        if kwargs.get(name):
            raise FatalValueError(
                f"search({name}=...) and cv=... exclude each other: each fold is validated by "
                "the rows that it leaves out. Leave one of them away."
            )
    if len(args) > 6:
        raise FatalValueError("With cv=..., give all arguments of search() after x and y by name.")


def _rows(x: Any, y: Any, weights: Any, groups: Any) -> int:
    """How many rows the data have.

    Raises:
        FatalTypeError: for data that have no rows to pick.
        FatalValueError: if they do not fit.
    """
    given = {"x": x, "y": y, "sample_weight": weights, "groups": groups}
    given = {name: data for name, data in given.items() if data is not None}
    try:
        counts = {name: count(data) for name, data in given.items()}
    except TypeError as error:
        raise FatalTypeError(
            f"cv=... splits rows, so search() takes {ACCEPTED}; got "
            f"{', '.join(sorted({type(data).__name__ for data in given.values()}))}. Generators, "
            "datasets and loaders give no rows to pick: train on their arrays, or leave cv away."
        ) from error
    if "x" not in counts:
        raise FatalTypeError(f"cv=... splits rows, so search() needs x: {ACCEPTED}.")
    if len(set(counts.values())) > 1:
        raise FatalValueError(f"Expected as many rows in each of the data, got {counts}.")
    return counts["x"]


def _shuffled(rows: int, folds: int, seed: int) -> list[tuple[Any, Any]]:
    if folds > rows:
        raise FatalValueError(
            f"Expected at most as many folds as rows, got cv={folds}, {rows} rows."
        )
    order = np.random.default_rng(seed).permutation(rows)
    held_out = [np.sort(part) for part in np.array_split(order, folds)]
    return [(np.setdiff1d(order, part), part) for part in held_out]


def _labels(y: Any) -> Any:
    """What a splitter may stratify by: a class a row where `y` says one."""
    if y is None or isinstance(y, Mapping | list | tuple):
        return y if isinstance(y, list) and y and not hasattr(y[0], "shape") else None
    labels = as_array(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        return labels[:, 0]
    if labels.ndim == 2 and _is_one_hot(labels):
        return labels.argmax(axis=1)
    return labels


def _is_one_hot(labels: Any) -> bool:
    if labels.dtype.kind not in "biuf" or labels.shape[1] < 2:
        return False
    return bool(((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all())


def _check_classes(y: Any, splits: Sequence[tuple[Any, Any]]) -> None:
    """Warn where rows are to be told apart whose class was never shown."""
    given, labels = getattr(y, "ndim", 1), _labels(y)
    if labels is None:
        return
    labels = np.asarray(labels)
    # Whole numbers may be amounts; texts and one-hot rows are classes.
    are_classes = labels.ndim == 1 and (given == 2 or labels.dtype.kind in "bUOS")
    if not are_classes or labels.dtype.kind == "f":
        return
    for number, (train, validate) in enumerate(splits):
        unseen = sorted(set(labels[validate].tolist()) - set(labels[train].tolist()), key=str)
        if unseen:
            warnings.warn(
                f"Fold {number} is validated by classes that are missing where it trains: "
                f"{', '.join(map(repr, unseen))}. Use cv=StratifiedKFold(...), fewer folds, or "
                "more rows of them.",
                stacklevel=2,
            )
            return
