"""Trackers of metrics: what was reported at which step, and which value is the best."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.oracles._metrics import MetricHistory, MetricObservation, MetricsTracker

values = st.floats(allow_nan=True, allow_infinity=True)
reports = st.lists(st.tuples(st.integers(0, 5), values), max_size=20)
finite = st.floats(-1e6, 1e6)


def filled(direction: str, pairs: list[tuple[int, float]]) -> MetricHistory:
    history = MetricHistory(direction)
    for step, value in pairs:
        history.update(value, step)
    return history


@given(reports, st.sampled_from(["min", "max"]))
def test_a_history_survives_its_configuration(pairs, direction):
    config = filled(direction, pairs).get_config()
    assert repr(MetricHistory.from_config(config).get_config()) == repr(config)


@given(reports)
def test_steps_are_in_order_and_each_once(pairs):
    steps = [observation.step for observation in filled("min", pairs).get_history()]
    assert steps == sorted({step for step, _ in pairs})


@given(reports, st.sampled_from(["min", "max"]))
def test_the_best_value_is_finite_and_no_finite_mean_is_better(pairs, direction):
    history = filled(direction, pairs)
    means = [o.mean() for o in history.get_history() if math.isfinite(o.mean())]
    best = history.get_best_value()
    assert best == (None if not means else min(means) if direction == "min" else max(means))


@given(st.lists(finite, min_size=1, max_size=10))
def test_ties_keep_the_first_step(numbers):
    history = filled("max", list(enumerate(numbers)))
    assert history.get_best_step() == numbers.index(max(numbers))


def test_a_nan_does_not_hide_later_values():
    tracker = MetricsTracker()
    assert tracker.update("val_loss", math.nan, step=0) is False
    assert tracker.update("val_loss", 1.0, step=1) is True
    assert tracker.get_best_value("val_loss") == 1.0
    assert tracker.get_best_step("val_loss") == 1


def test_without_a_finite_value_nothing_is_best():
    tracker = MetricsTracker()
    tracker.update("val_loss", math.inf)
    assert tracker.get_best_value("val_loss") is None
    assert tracker.get_best_step("val_loss") is None
    assert tracker.get_statistics("val_loss") == {}
    assert tracker.get_last_value("val_loss") == math.inf


def test_update_says_whether_the_best_value_improved():
    tracker = MetricsTracker()
    improved = [tracker.update("acc", value, step) for step, value in enumerate([0.5, 0.4, 0.7])]
    assert improved == [True, False, True]


def test_several_values_at_a_step_count_with_their_mean():
    tracker = MetricsTracker()
    for value in (1.0, 2.0, 6.0):
        tracker.update("loss", value, step=3)
    assert tracker.get_history("loss") == [MetricObservation([1.0, 2.0, 6.0], 3)]
    assert tracker.get_best_value("loss") == 3.0


def test_set_history_replaces_what_was_there():
    tracker = MetricsTracker()
    tracker.update("acc", 0.9)
    tracker.set_history("acc", [MetricObservation(0.2, 5), MetricObservation([0.4, 0.6], 1)])
    assert tracker.get_history("acc") == [
        MetricObservation([0.4, 0.6], 1),
        MetricObservation(0.2, 5),
    ]


def test_metrics_are_registered_from_keras_metrics_by_their_names():
    class Metric:
        name = "accuracy"

    tracker = MetricsTracker([Metric(), "val_loss"])
    assert tracker.get_direction("accuracy") == "max"
    assert tracker.get_direction("val_loss") == "min"


def test_an_observation_is_not_equal_to_something_else():
    assert MetricObservation(1.0, 0) != 3
    assert MetricObservation(1.0, 0) != MetricObservation(1.0, 1)


def test_a_config_shares_nothing_with_its_tracker():
    tracker = MetricsTracker()
    tracker.update("loss", 1.0)
    config = tracker.get_config()
    tracker.update("loss", 2.0)
    assert config["metrics"]["loss"]["observations"] == [{"value": [1.0], "step": 0}]
    MetricsTracker.from_config(config).update("loss", 5.0)
    assert config["metrics"]["loss"]["observations"] == [{"value": [1.0], "step": 0}]


@pytest.mark.parametrize("direction", ["up", "", "MIN"])
def test_another_direction_is_refused(direction):
    with pytest.raises(ValueError, match="`direction` should be one of"):
        MetricHistory(direction)
