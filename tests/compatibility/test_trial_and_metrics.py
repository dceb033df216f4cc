"""KerasTuner 1.4.8's trials and metric trackers, case by case.

The literals come from running KerasTuner 1.4.8. Where it is wrong, the case says what is right.
"""

from __future__ import annotations

import math

import pytest

import luthier
from luthier.engine.metrics_tracking import MetricHistory, MetricObservation, MetricsTracker
from luthier.engine.trial import Trial, TrialStatus


def some_hp():
    hp = luthier.HyperParameters()
    hp.Float("x", -1.0, 1.0)
    hp.Choice("c", ["a", "b"])
    return hp


STATE = {
    "trial_id": "03",
    "hyperparameters": {
        "space": [
            {
                "class_name": "Float",
                "config": {
                    "name": "x",
                    "default": -1.0,
                    "conditions": [],
                    "min_value": -1.0,
                    "max_value": 1.0,
                    "step": None,
                    "sampling": "linear",
                },
            },
            {
                "class_name": "Choice",
                "config": {
                    "name": "c",
                    "default": "a",
                    "conditions": [],
                    "values": ["a", "b"],
                    "ordered": False,
                },
            },
        ],
        "values": {"x": -1.0, "c": "a"},
    },
    "metrics": {"metrics": {}},
    "score": None,
    "best_step": 0,
    "status": "RUNNING",
    "message": None,
}


def test_state_of_a_new_trial():
    state = Trial(some_hp(), trial_id="03").get_state()
    assert state == STATE
    assert list(state) == list(STATE)


@pytest.mark.parametrize("word", ["RUNNING", "IDLE", "INVALID", "STOPPED", "COMPLETED", "FAILED"])
def test_statuses_are_their_names(word):
    assert getattr(TrialStatus, word) == word


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, "Trial 03 summary\nHyperparameters:\nx: -1.0\nc: a\n"),
        ({"score": 2.0}, "Trial 03 summary\nHyperparameters:\nx: -1.0\nc: a\nScore: 2.0\n"),
        (
            {"message": "boom\ntrace"},
            "Trial 03 summary\nHyperparameters:\nx: -1.0\nc: a\nboom\ntrace\n",
        ),
        (
            {"message": "boom", "score": 0.0},
            "Trial 03 summary\nHyperparameters:\nx: -1.0\nc: a\nScore: 0.0\nboom\n",
        ),
        (
            {"hyperparameters": luthier.HyperParameters()},
            "Trial 03 summary\nHyperparameters:\ndefault configuration\n",
        ),
    ],
)
def test_summary(capsys, change, text):
    trial = Trial(some_hp(), trial_id="03")
    for name, value in change.items():
        setattr(trial, name, value)
    trial.summary()
    assert capsys.readouterr().out == text


def test_special_values_are_shown(capsys):
    hp = luthier.HyperParameters()
    hp.values = {"tuner/epochs": 3, "x": 1}
    Trial(hp, "1").display_hyperparameters()
    assert capsys.readouterr().out == "tuner/epochs: 3\nx: 1\n"


def test_an_id_has_32_characters_where_none_is_given():
    assert len(Trial(some_hp()).trial_id) == 32


def test_any_status_is_kept():
    assert Trial(some_hp(), status="X").status == "X"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Trial.load(tmp_path / "nope.json")


# -- metrics --------------------------------------------------------------------------------------


def three_steps() -> MetricsTracker:
    tracker = MetricsTracker()
    for step, value in ((0, 3.0), (1, 4.0), (2, 1.0), (2, 2.0), (1, 3.0)):
        tracker.update("val_loss", value, step=step)
    return tracker


@pytest.mark.parametrize(
    "call",
    [
        "get_history",
        "get_best_value",
        "get_best_step",
        "get_statistics",
        "get_last_value",
        "get_direction",
    ],
)
def test_an_unknown_metric(call):
    with pytest.raises(ValueError, match=r"^Unknown metric: a$"):
        getattr(MetricsTracker(), call)("a")


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("get_history", []),
        ("get_best_value", None),
        ("get_best_step", None),
        ("get_statistics", {}),
        ("get_last_value", None),
        ("get_direction", "min"),
        ("exists", True),
    ],
)
def test_a_metric_that_was_registered_only(call, answer):
    tracker = MetricsTracker()
    tracker.register("val_loss")
    assert getattr(tracker, call)("val_loss") == answer


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("get_best_value", 1.5),
        ("get_best_step", 2),
        ("get_last_value", 1.5),
        (
            "get_statistics",
            {
                "min": 1.5,
                "max": 3.5,
                "mean": 2.6666666666666665,
                "median": 3.0,
                "var": 0.7222222222222222,
                "std": 0.8498365855987975,
            },
        ),
    ],
)
def test_a_metric_with_three_steps(call, answer):
    assert getattr(three_steps(), call)("val_loss") == pytest.approx(answer)


def test_history_of_three_steps():
    history = three_steps().get_history("val_loss")
    assert [repr(observation) for observation in history] == [
        "MetricObservation(value=[3.0], step=0)",
        "MetricObservation(value=[4.0, 3.0], step=1)",
        "MetricObservation(value=[1.0, 2.0], step=2)",
    ]


def test_config_of_three_steps():
    assert three_steps().get_config() == {
        "metrics": {
            "val_loss": {
                "direction": "min",
                "observations": [
                    {"value": [3.0], "step": 0},
                    {"value": [4.0, 3.0], "step": 1},
                    {"value": [1.0, 2.0], "step": 2},
                ],
            }
        }
    }


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_loss", "min"),
        ("accuracy", "max"),
        ("acc", "max"),
        ("zzz", "min"),
        ("score", "min"),
        # KerasTuner says "min" to these two.
        ("f1_score", "max"),
        ("r2_score", "max"),
    ],
)
def test_direction_of_a_metric_that_is_updated(name, direction):
    tracker = MetricsTracker()
    assert tracker.update(name, 0.5) is True
    assert tracker.get_direction(name) == direction


@pytest.mark.parametrize(
    ("action", "error", "text"),
    [
        (
            lambda t: (t.register("a"), t.register("a")),
            ValueError,
            "Metric already exists: a",
        ),
        (
            lambda t: t.register("q", "up"),
            ValueError,
            '`direction` should be one of {"min", "max"}, but got: up',
        ),
        (
            lambda t: t.update("l", [1.0, 2.0]),
            TypeError,
            "float() argument must be a string or a real number, not 'list'",
        ),
        (
            lambda t: t.update("n", None),
            TypeError,
            "float() argument must be a string or a real number, not 'NoneType'",
        ),
        (lambda t: t.update("s", "x"), ValueError, "could not convert string to float: 'x'"),
        (
            lambda t: MetricHistory("x"),
            ValueError,
            '`direction` should be one of {"min", "max"}, but got: x',
        ),
    ],
)
def test_errors_of_metrics(action, error, text):
    with pytest.raises(error) as caught:
        action(MetricsTracker())
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("values", "best"),
    [
        # KerasTuner keeps a NaN as the first best value, and an infinity for ever.
        ([math.nan, 1.0], 1.0),
        ([math.nan], None),
        ([-math.inf, 3.0], 3.0),
        ([2.0, math.nan], 2.0),
    ],
)
def test_values_that_are_not_finite_never_win(values, best):
    tracker = MetricsTracker()
    for step, value in enumerate(values):
        tracker.update("val_loss", value, step=step)
    assert tracker.get_best_value("val_loss") == best


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (MetricObservation(1, 0), MetricObservation([1], 0), True),
        (MetricObservation(1, 0), MetricObservation([2], 0), False),
        (MetricObservation(1, 0), MetricObservation([1], 1), False),
        (MetricObservation(1, 0), 3, False),
    ],
)
def test_equality_of_observations(left, right, equal):
    assert (left == right) is equal


def test_an_observation_takes_more_values():
    observation = MetricObservation(1, 0)
    observation.append(3)
    observation.append([4, 5])
    assert observation.value == [1, 3, 4, 5]
    assert observation.mean() == 3.25
    assert observation.get_config() == {"value": [1, 3, 4, 5], "step": 0}
    assert MetricObservation.from_config({"value": [1], "step": 2}) == MetricObservation(1, 2)
