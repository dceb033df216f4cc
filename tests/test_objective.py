"""Names, directions, and what they are inferred from."""

from __future__ import annotations

import pytest

from luthier.errors import ObjectiveError
from luthier.objective import (
    MultiObjective,
    Objective,
    create_objective,
    create_objectives,
    from_config,
    infer_metric_direction,
)

LESS = """
loss val_loss mse val_mae mean_squared_error out_loss val_dense_2_loss hinge kl_divergence
false_negatives crossentropy ce weighted_mae
"""
MORE = """
acc accuracy val_acc val_accuracy out_accuracy auc val_auc auc_1 val_auc_12 precision
recall f1_score val_f1_score r2_score cosine_similarity mean_io_u binary_io_u fbeta_score
f1_score_2 val_out_top_k_categorical_accuracy BinaryAccuracy val_weighted_accuracy
recall_at_precision
"""
UNKNOWN = """
score rmse my_metric val_my_metric average_reward
"""


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        *[(name, "min") for name in LESS.split()],
        *[(name, "max") for name in MORE.split()],
        *[(name, None) for name in UNKNOWN.split()],
    ],
)
def test_direction_of_a_name(name, direction):
    assert infer_metric_direction(name) == direction


def test_direction_of_objects_goes_by_their_kind():
    class Loss:
        name = "accuracy"

    class AUC:
        name = "mine"

    def mean_absolute_error():
        pass

    assert infer_metric_direction(Loss()) == "min"
    assert infer_metric_direction(AUC()) == "max"
    assert infer_metric_direction(mean_absolute_error) == "min"


def test_an_unknown_name_says_how_to_name_the_direction():
    with pytest.raises(ObjectiveError, match=r'Could not infer optimization direction .*"score"'):
        create_objective("score")


@pytest.mark.parametrize("direction", ["up", None, 1, "MIN"])
def test_another_direction_is_refused(direction):
    with pytest.raises(ValueError, match='"min" or "max"'):
        Objective("loss", direction)


@pytest.mark.parametrize("objective", [3, 2.5, object()])
def test_an_objective_of_another_kind_is_refused(objective):
    with pytest.raises(TypeError, match="`objective` not understood"):
        create_objective(objective)


def test_a_list_adds_up_in_kerastuners_sense():
    total = create_objective(["val_loss", Objective("speed", "max")])
    assert isinstance(total, MultiObjective)
    assert total.get_value({"val_loss": 3.0, "speed": 1.0}) == 2.0
    assert total.has_value({"val_loss": 3.0, "speed": 1.0})
    assert not total.has_value({"val_loss": 3.0})
    assert total.name_to_direction == {"val_loss": "min", "speed": "max"}
    assert str(total) == (
        'MultiObjective(name="multi_objective", direction="min"): '
        '[Objective(name="val_loss", direction="min"), Objective(name="speed", direction="max")]'
    )


def test_a_list_for_a_study_keeps_each():
    assert [o.name for o in create_objectives(["loss", "acc"])] == ["loss", "acc"]
    assert create_objectives("max")[0].direction == "max"
    with pytest.raises(ObjectiveError):
        create_objectives([])


@pytest.mark.parametrize("objective", [None, "val_loss", ["val_loss", "accuracy"]])
def test_config_round_trip(objective):
    made = create_objective(objective)
    assert from_config(made.get_config()) == made
    assert type(from_config(made.get_config())) is type(made)


def test_equality_goes_by_name_and_direction():
    assert Objective("a", "min") == Objective("a", "min")
    assert Objective("a", "min") != Objective("a", "max")
    assert Objective("a", "min") != "a"


def test_nothing_is_better_than_nan():
    nan = float("nan")
    assert not Objective("a", "min").better_than(nan, 1.0)
    assert not Objective("a", "max").better_than(nan, 1.0)
    assert Objective("a", "max").better_than(2.0, 1.0)
