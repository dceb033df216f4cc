from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.model_selection import GroupKFold, ShuffleSplit, StratifiedKFold, TimeSeriesSplit

from luthier.errors import FatalTypeError, FatalValueError
from luthier.objective import Objective
from luthier.training._folds import CrossValidation, losing
from luthier.training._results import Result

X = np.arange(20.0).reshape(10, 2)
Y = np.arange(10.0)
LOSS = Objective("val_loss", "min")


def parts(cv: Any = 5, *args: Any, **kwargs: Any) -> Any:
    return CrossValidation(cv).parts(args or (X, Y), kwargs)


def test_each_row_is_held_out_once_and_stays_with_its_target() -> None:
    folded = parts(3)
    assert folded.count == 3
    seen = []
    for fold in range(3):
        (x, y), kwargs = folded.arguments(fold)
        held_out, target = kwargs["validation_data"]
        np.testing.assert_array_equal(x[:, 0], 2 * y)
        np.testing.assert_array_equal(held_out[:, 0], 2 * target)
        assert sorted([*y, *target]) == list(Y)
        seen += list(target)
    assert sorted(seen) == list(Y)


def test_folds_are_the_same_every_time_and_after_the_last_they_begin_again() -> None:
    for cv in (3, ShuffleSplit(3)):
        first, second = parts(cv), parts(cv)
        for fold in range(3):
            expected = first.arguments(fold)[1]["validation_data"][1]
            np.testing.assert_array_equal(
                second.arguments(fold + 3)[1]["validation_data"][1], expected
            )


def test_weights_are_split_and_the_rest_is_left_alone() -> None:
    folded = parts(5, X, y=Y, sample_weight=Y + 1, class_weight={0: 2.0}, epochs=3)
    (x,), kwargs = folded.arguments(0)
    assert kwargs.pop("class_weight") == {0: 2.0}
    assert kwargs.pop("epochs") == 3
    np.testing.assert_array_equal(kwargs["sample_weight"], kwargs["y"] + 1)
    _, target, weights = kwargs["validation_data"]
    np.testing.assert_array_equal(weights, target + 1)
    assert len(x) == 8


@pytest.mark.parametrize(
    "inputs",
    [
        {"a": X, "b": Y},
        [X, Y],
        (X, Y),
        pd.DataFrame(X, index=range(50, 60)),
        sparse.csr_matrix(X),
        X.tolist(),
    ],
    ids=["dict", "list", "tuple", "frame", "sparse", "rows"],
)
def test_inputs_may_be_several_and_of_any_kind(inputs: Any) -> None:
    (x, y), kwargs = parts(5, inputs, pd.Series(Y, index=range(7, 17))).arguments(0)
    assert type(x) is type(inputs)
    assert len(y) == 8
    assert len(kwargs["validation_data"][1]) == 2
    first = x["a"] if isinstance(x, dict) else x[0] if isinstance(x, list | tuple) else x
    if isinstance(inputs, list) and not isinstance(inputs[0], np.ndarray):
        first = x
    rows = first.toarray() if sparse.issparse(first) else np.asarray(first)
    np.testing.assert_array_equal(rows[:, 0], 2 * np.asarray(y))


def test_any_splitter_will_do() -> None:
    groups = np.repeat([0, 1, 2, 3, 4], 2)
    _, kwargs = parts(GroupKFold(5), groups=groups).arguments(0)
    assert "groups" not in kwargs
    assert len(set(groups[kwargs["validation_data"][1].astype(int)])) == 1
    (_, train), kwargs = parts(TimeSeriesSplit(3)).arguments(0)
    assert max(train) < min(kwargs["validation_data"][1])
    one_hot = np.eye(2)[[0, 0, 0, 0, 0, 1, 1, 1, 1, 1]]
    _, kwargs = parts(StratifiedKFold(5), X, one_hot).arguments(0)
    np.testing.assert_array_equal(kwargs["validation_data"][1].sum(axis=0), [1, 1])
    pairs = [(np.arange(8), np.arange(8, 10))]
    np.testing.assert_array_equal(parts(pairs).arguments(0)[1]["validation_data"][1], [8, 9])


@pytest.mark.parametrize("cv", [1, 0, True, "five", None, 2.5, {"a": 1}])
def test_what_makes_no_folds_is_refused(cv: Any) -> None:
    with pytest.raises(FatalValueError, match="Expected `cv` to be a number of folds"):
        CrossValidation(cv)


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "text"),
    [
        ((iter([X]),), {}, FatalTypeError, "takes NumPy arrays.*got list_iterator. Generators"),
        ((), {"epochs": 2}, FatalTypeError, "needs x"),
        ((X, Y), {"validation_split": 0.2}, FatalValueError, "exclude each other"),
        ((X, Y), {"validation_data": (X, Y)}, FatalValueError, "exclude each other"),
        ((X, Y[:4]), {}, FatalValueError, "as many rows"),
        ((X[:3], Y[:3]), {}, FatalValueError, "cv=5, 3 rows"),
        ((X, Y, 32, 2, 0, None, 0.2), {}, FatalValueError, "by name"),
    ],
)
def test_what_cannot_be_split_is_said(args: Any, kwargs: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        CrossValidation(5).parts(args, kwargs)


def test_a_splitter_that_cannot_is_explained() -> None:
    with pytest.raises(FatalValueError, match=r"GroupKFold.*cannot split the data"):
        parts(GroupKFold(5))


@pytest.mark.parametrize("y", [["a"] * 9 + ["rare"], np.eye(2)[[0] * 9 + [1]]])
def test_classes_missing_in_a_fold_are_named(y: Any) -> None:
    with pytest.warns(UserWarning, match="missing where it trains: .*StratifiedKFold"):
        parts(5, X, np.array(y))


def test_what_has_lost_is_dropped_and_what_has_not_goes_on() -> None:
    best = (1.0, 1.1, 0.9, 1.0, 1.05)
    assert losing((5.0, 5.1), best, LOSS)
    assert not losing((5.0,), best, LOSS)
    assert not losing((1.1, 1.0), best, LOSS)
    assert not losing((0.1, 0.11), best, LOSS)
    assert not losing((5.0, 5.1), (), LOSS)
    assert not losing((5.0, 5.1), best, LOSS, risk=0.0)
    assert not losing((5.0, float("nan")), best, LOSS)
    accuracy = Objective("val_accuracy", "max")
    assert losing((0.1, 0.11), (0.9, 0.91, 0.89), accuracy)


def test_the_best_is_dropped_with_the_risk_at_most() -> None:
    # Trials that are better over all folds, by little, with much noise between folds.
    rng = np.random.default_rng(0)
    best = np.zeros(5)
    count, lost = 0, 0
    while count < 1500:
        values = rng.normal(rng.normal(0.0, 0.5), 1.0, 5)
        if values.mean() >= 0:
            continue
        count += 1
        lost += any(losing(tuple(values[:k]), tuple(best), LOSS) for k in (2, 3, 4))
    assert lost / count <= 0.05


def test_what_was_dropped_ranks_where_it_would_have_come_to() -> None:
    folds = CrossValidation(5, best=(1.0, 1.0, 9.0, 9.0, 9.0))
    results = [Result({"val_loss": 6.0, "loss": 1.0}), Result({"val_loss": 6.1, "loss": 3.0})]
    lost = folds.verdict(results, LOSS)
    assert lost is not None
    # Better than the best's mean of 5.8 on the easy folds alone, and yet not the best.
    assert lost.metrics["val_loss"] == pytest.approx(5.8 + 5.05)
    assert lost.metrics["loss"] == 2.0
    assert folds.verdict(results[:1], LOSS) is None
