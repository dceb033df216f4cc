from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.errors import FatalTypeError, FatalValueError
from luthier.objective import DefaultObjective, MultiObjective, Objective
from luthier.training import RUN_TRIAL, Result, average, best_epoch, summarize

LOSS = Objective("val_loss", "min")
ACCURACY = Objective("val_accuracy", "max")
BOTH = MultiObjective([LOSS, ACCURACY])


def history(epoch: list[int] | None = None, **columns: list[float]) -> Any:
    length = max(map(len, columns.values()), default=0)
    return SimpleNamespace(history=columns, epoch=epoch or list(range(length)))


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), np.float64(2)])
def test_a_number_is_the_objective(value: Any) -> None:
    assert summarize(value, LOSS).metrics == {"val_loss": 2.0}
    assert summarize(value, DefaultObjective()).metrics == {"default_objective": 2.0}
    assert summarize(value, BOTH).metrics == {"multi_objective": 2.0}


def test_a_dict_is_taken_with_all_of_its_metrics() -> None:
    got = summarize({"val_loss": np.float32(0.5), "other": 1}, LOSS)
    assert got == Result({"val_loss": 0.5, "other": 1.0})


def test_a_dict_answers_several_objectives() -> None:
    got = summarize({"val_loss": 1.0, "val_accuracy": 0.5}, BOTH)
    assert BOTH.get_value(got.metrics) == 0.5


def test_a_number_behind_a_metrics_name_does_not_hide_it() -> None:
    objective = Objective("val_auc", "max")
    assert summarize({"val_auc_1": 0.5}, objective).metrics["val_auc"] == 0.5
    got = summarize(history(val_auc_4=[0.1, 0.9, 0.3]), objective)
    assert (got.metrics["val_auc"], got.best_step) == (0.9, 1)


def test_the_best_epoch_of_a_history_counts_with_its_other_metrics() -> None:
    got = summarize(history(val_loss=[3.0, 1.0, 2.0], loss=[9.0, 8.0, 7.0]), LOSS)
    assert got == Result({"val_loss": 1.0, "loss": 8.0}, best_step=1)


def test_the_first_of_equal_epochs_counts() -> None:
    assert summarize(history(val_loss=[2.0, 1.0, 1.0]), LOSS).best_step == 1
    assert summarize(history(val_accuracy=[0.5, 0.5]), ACCURACY).best_step == 0


def test_epochs_are_called_by_their_numbers() -> None:
    assert summarize(history(epoch=[5, 6, 7], val_loss=[3.0, 1.0, 2.0]), LOSS).best_step == 6


def test_a_nan_epoch_hides_no_good_one() -> None:
    got = summarize(history(val_loss=[math.nan, 2.0, 1.0, math.nan]), LOSS)
    assert (got.metrics["val_loss"], got.best_step) == (1.0, 2)
    got = summarize(history(val_accuracy=[math.inf, 0.2, math.nan]), ACCURACY)
    assert got.metrics["val_accuracy"] == 0.2


def test_a_history_without_a_finite_epoch_says_so_by_its_value() -> None:
    assert math.isnan(summarize(history(val_loss=[math.nan, math.nan]), LOSS).metrics["val_loss"])


def test_validation_every_other_epoch_is_matched_with_its_epoch() -> None:
    got = summarize(history(loss=[4.0, 3.0, 2.0, 1.0], val_loss=[5.0, 6.0]), LOSS)
    assert got == Result({"loss": 3.0, "val_loss": 5.0}, best_step=1)


@given(
    st.lists(
        st.one_of(st.floats(-10, 10), st.sampled_from([math.nan, math.inf, -math.inf])), min_size=1
    )
)
def test_the_best_epoch_is_the_least_finite_one(values: list[float]) -> None:
    got = best_epoch({"val_loss": values}, (), LOSS)
    finite = [value for value in values if math.isfinite(value)]
    if finite:
        assert got.metrics["val_loss"] == min(finite)
        assert got.best_step == values.index(min(finite))
    else:
        assert not math.isfinite(got.metrics["val_loss"])


def test_a_list_is_averaged_and_its_spread_kept() -> None:
    got = summarize([{"val_loss": 1.0, "a": 5.0}, {"val_loss": 3.0}], LOSS)
    assert got.metrics == {"val_loss": 2.0, "a": 5.0}
    assert got.spread == {"val_loss": 1.0, "a": 0.0}


def test_the_step_of_several_executions_is_the_best_ones() -> None:
    got = summarize([history(val_loss=[1.0, 2.0]), history(val_loss=[3.0, 0.5])], LOSS)
    assert (got.metrics["val_loss"], got.best_step) == (0.75, 1)


def test_one_execution_has_no_spread() -> None:
    assert summarize([2.0], LOSS) == Result({"val_loss": 2.0})


def test_a_nan_execution_makes_the_mean_nan_without_a_warning() -> None:
    assert math.isnan(
        average([Result({"val_loss": math.nan}), Result({"val_loss": 1.0})], LOSS).metrics[
            "val_loss"
        ]
    )
    assert math.isinf(summarize([math.inf, 1.0], LOSS).metrics["val_loss"])


def test_a_result_is_itself_also_in_a_list() -> None:
    result = Result({"val_loss": 1.0}, best_step=4, info={"a": 1})
    assert summarize(result, LOSS) is result
    assert summarize([result, 3.0], LOSS).metrics == {"val_loss": 2.0}


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, FatalTypeError, "The return value of HyperModel.fit() is None. Did you forget"),
        ({"loss": 1}, FatalValueError, "to have the specified objective, val_loss, as one of the"),
        ("a", FatalTypeError, "to be one of float, dict, keras.callbacks.History, or a list of"),
        ((1.0, 2.0), FatalTypeError, "to be one of float, dict, keras.callbacks.History, or a"),
        ([1.0, "a"], FatalTypeError, "Received return value: a of type <class 'str'>."),
        ([], FatalTypeError, "Received return value: [] of type"),
        ({"val_loss": 1.0, "n": "x"}, FatalTypeError, "n='x'"),
        (history(loss=[1.0]), FatalValueError, '"val_loss" is not among'),
        (history(val_loss=[]), FatalValueError, "No epoch was run"),
    ],
)
def test_what_is_no_result_is_refused(value: object, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as error:
        summarize(value, LOSS)
    assert text in str(error.value)


def test_without_an_objective_only_a_number_will_do() -> None:
    with pytest.raises(FatalTypeError, match="to be a single float when `objective` is left"):
        summarize({"a": 1}, DefaultObjective())
    assert summarize([1.5, 2.5], DefaultObjective()).metrics == {"default_objective": 2.0}


def test_who_returned_it_is_named() -> None:
    with pytest.raises(FatalTypeError, match=r"Tuner\.run_trial\(\) is None"):
        summarize(None, LOSS, RUN_TRIAL)
