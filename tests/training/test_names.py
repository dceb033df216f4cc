from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.objective import DefaultObjective, MultiObjective, Objective
from luthier.training import _names

AUC = Objective("val_auc", "max")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (True, 1.0),
        (np.float32(0.5), 0.5),
        (np.array([2.0]), 2.0),
        (np.array(3), 3.0),
        (np.array([1.0, 2.0]), None),
        ("1", None),
        (None, None),
        ({"a": 1}, None),
    ],
)
def test_single_numbers_are_taken_and_others_left(value: object, number: float | None) -> None:
    assert _names.as_number(value) == number


@pytest.mark.keras
def test_a_tensor_with_one_element_is_a_number() -> None:
    import keras

    variable = keras.Variable(2.5)
    assert _names.as_number(keras.ops.convert_to_tensor(1.5)) == 1.5
    assert _names.as_number(variable.value) == 2.5
    assert _names.as_number(keras.ops.zeros((2,))) is None


def test_a_number_behind_a_name_is_passed_over_where_it_is_the_only_one() -> None:
    assert _names.find("val_auc", ["val_auc_3", "auc_3"]) == "val_auc_3"
    assert _names.find("val_auc_1", ["val_auc"]) == "val_auc"
    assert _names.find("val_auc", ["val_auc_1", "val_auc_2"]) is None
    assert _names.find("val_auc", ["val_auc", "val_auc_1"]) == "val_auc"
    assert _names.find("2", ["1"]) is None


@given(st.dictionaries(st.sampled_from(["a", "a_1", "a_2", "b", "b_7"]), st.floats(0, 1)))
def test_aligning_adds_the_objective_and_changes_nothing_else(metrics: dict[str, float]) -> None:
    objective = MultiObjective([Objective("a", "min"), Objective("b", "max")])
    named = _names.aligned(metrics, objective)
    assert {name: named[name] for name in metrics} == metrics
    assert set(named) - set(metrics) <= {"a", "b"}
    assert objective.has_value(named) == (not _names.missing(objective, metrics))


def test_an_unnamed_objective_is_known_as_such() -> None:
    assert not _names.is_named(DefaultObjective())
    assert _names.is_named(AUC)


def test_what_is_reported_is_listed_where_the_objective_is_missing() -> None:
    text = _names.explain_missing(Objective("val_acc", "max"), {"loss": 1.0, "val_loss": 2.0})
    assert '"val_acc"' in text
    assert "loss, val_loss" in text


def test_missing_validation_data_is_what_is_said() -> None:
    text = _names.explain_missing(AUC, {"loss": 1.0})
    assert "validation_data" in text


def test_ambiguous_names_are_offered() -> None:
    text = _names.explain_missing(AUC, {"val_auc_1": 1.0, "val_auc_2": 1.0})
    assert "Name one of val_auc_1, val_auc_2." in text


def test_a_metric_with_several_numbers_is_named() -> None:
    text = _names.explain_missing(AUC, {"val_auc": np.zeros(3)})
    assert "no single number" in text
