"""Reports within an epoch: their places, what a scheduler makes of them, what they leave alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import luthier
from luthier.abc import Scheduler
from luthier.records import Decision, Reply, Suggestion, TrialState
from luthier.training import _keras_reports

pytestmark = pytest.mark.keras

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")


class At(Scheduler):
    """Answers at some places, and keeps who asked."""

    def __init__(self, answers: dict[float, Decision] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[float] = []

    def propose(self, history):
        for trial in history.open:
            if trial.state is TrialState.PAUSED:
                return Suggestion(trial.values, None, resume_from=trial.number)
        return None

    def decide(self, trial, history):
        if trial.state is TrialState.PAUSED:
            return Reply(Decision.PAUSE)
        done = round(trial.measurements[-1].step + 1, 6)
        self.asked.append(done)
        return Reply(self.answers.get(done, Decision.CONTINUE), "as told")

    def lends(self, history):
        return None

    @property
    def settings(self):
        return {"name": "at"}


def build(hp):
    import keras

    hp.Float("rate", 0.1, 0.3, default=0.2)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    is_jax = keras.backend.backend() == "jax"
    model.compile("sgd", "binary_crossentropy", run_eagerly=not is_jax, jit_compile=is_jax)
    return model


@pytest.fixture(autouse=True)
def _all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is now: none is left out."""
    monkeypatch.setattr(_keras_reports, "_SHARE", 0)


def search(folder: Path, scheduler: Any = None, *, fit: Any = None, **options: Any) -> Any:
    options = {"report_every": 2, "objective": "val_loss", "max_trials": 1, **options}
    tuner = luthier.RandomSearch(
        build, seed=3, directory=folder, scheduler=scheduler, overwrite=True, **options
    )
    arguments = {"validation_data": (X, Y), "epochs": 2, "batch_size": 8, "shuffle": False}
    tuner.search(X, Y, **{**arguments, **(fit or {})}, verbose=0)
    return tuner


def places(tuner: Any, trial: int = 0) -> list[float]:
    return [round(m.step + 1, 6) for m in tuner.results.trials[trial].measurements]


def test_reports_come_every_so_many_batches_and_at_ends_of_epochs(tmp_path: Path) -> None:
    scheduler = At()
    tuner = search(tmp_path, scheduler)
    expected = [0.4, 0.8, 1, 1.4, 1.8, 2]
    assert places(tuner) == scheduler.asked == expected
    (trial,) = tuner.results.trials
    has_validation = ["val_loss" in m.metrics for m in trial.measurements]
    assert has_validation == [False, False, True] * 2
    assert all("loss" in m.metrics for m in trial.measurements)
    assert "reports_left_out" not in trial.info


def test_what_is_trained_is_the_same(tmp_path: Path) -> None:
    plain = search(tmp_path / "plain", report_every=None)
    for every in (1, 2, 7):
        tuner = search(tmp_path / str(every), report_every=every)
        (one,), (other,) = plain.results.trials, tuner.results.trials
        ends = [m for m in other.measurements if m.is_whole]
        assert len(other.measurements) - len(ends) == {1: 8, 2: 4}.get(every, 0)
        for before, after in zip(one.measurements, ends, strict=True):
            assert after.step == before.step
            assert after.metrics == pytest.approx(before.metrics, abs=1e-6)
        assert other.score == pytest.approx(one.score, abs=1e-6)
        assert other.best_step == one.best_step


def test_a_report_is_of_the_epoch_so_far(tmp_path: Path) -> None:
    tuner = search(tmp_path, fit={"epochs": 1})
    (trial,) = tuner.results.trials
    first, _, end = (m.metrics["loss"] for m in trial.measurements)
    assert first != pytest.approx(end, rel=1e-4)
    assert first == pytest.approx(end, rel=0.8)


def test_batch_sizes_are_compared_by_the_part_of_an_epoch(tmp_path: Path) -> None:
    tuner = search(tmp_path, max_trials=4, fit={"batch_size": luthier.Choice([8, 10])})
    seen = {t.values["batch_size"]: places(tuner, t.number) for t in tuner.results.trials}
    assert seen == {8: [0.4, 0.8, 1, 1.4, 1.8, 2], 10: [0.5, 1, 1.5, 2]}


def test_a_trial_is_stopped_within_an_epoch(tmp_path: Path) -> None:
    tuner = search(tmp_path, At({1.4: Decision.STOP}), fit={"epochs": 5})
    (trial,) = tuner.results.trials
    assert (trial.state, trial.message) == (TrialState.STOPPED, "as told")
    assert places(tuner) == [0.4, 0.8, 1, 1.4]
    assert trial.score is not None


def test_a_pause_within_an_epoch_waits_for_its_end(tmp_path: Path) -> None:
    whole = search(tmp_path / "whole")
    pauses = {1: Decision.PAUSE, 0.4: Decision.PAUSE, 1.4: Decision.PAUSE}
    broken = search(tmp_path / "broken", At(pauses))
    assert places(broken) == places(whole)
    (one,), (other,) = whole.results.trials, broken.results.trials
    assert (other.state, other.attempt) == (TrialState.COMPLETED, 2)
    assert other.score == pytest.approx(one.score, abs=1e-6)


def test_limits_count_epochs_and_the_target_is_judged_at_their_ends(tmp_path: Path) -> None:
    tuner = search(tmp_path, max_trials=5, max_epochs_total=3)
    assert sum(m.is_whole for t in tuner.results.trials for m in t.measurements) == 3
    assert "3 epochs in all reached" in tuner.results.reason
    tuner = search(tmp_path, objective="loss", target=100.0, max_trials=5)
    assert places(tuner) == [0.4, 0.8, 1]


def test_a_limit_of_time_ends_a_trial_within_an_epoch(tmp_path: Path) -> None:
    tuner = search(tmp_path, max_trial_time=0)
    assert places(tuner) == [0.4]
    (trial,) = tuner.results.trials
    assert "time limit of 0 seconds for one trial" in trial.message


def test_an_epoch_of_unknown_length_is_counted_first() -> None:
    from luthier.training._keras_callbacks import ReportEpochs

    told: list[float] = []

    def report(measurement: luthier.Measurement) -> Decision:
        told.append(round(measurement.step + 1, 6))
        return Decision.CONTINUE

    callback = _keras_reports.ReportBatches(
        2, ReportEpochs(report, luthier.Objective("loss", "min"))
    )
    callback.set_params({"steps": None})
    callback.on_train_begin()
    for epoch in range(2):
        callback.on_epoch_begin(epoch)
        for batch in range(5):
            callback.on_train_batch_end(batch, {"loss": 1.0})
        callback.on_epoch_end(epoch)
    assert told == [1.4, 1.8]


def test_reports_that_would_slow_training_are_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_keras_reports, "_SHARE", 10**9)
    tuner = search(tmp_path)
    assert places(tuner) == [0.4, 1, 2]
    assert tuner.results.trials[0].info["reports_left_out"] == 3


def test_median_stops_within_an_epoch(tmp_path: Path) -> None:
    """By a training metric: it is what is known there."""
    good = iter(range(4))  # the first build shows the space

    def bad_last(hp):
        model = build(hp)
        if next(good, None) is None:
            model.layers[-1].set_weights([np.full((3, 1), -9.0), np.zeros(1)])
        return model

    tuner = luthier.RandomSearch(
        bad_last,
        "loss",
        4,
        directory=tmp_path,
        report_every=2,
        scheduler=luthier.schedulers.Median(startup=2),
        seed=3,
    )
    tuner.search(X, Y, epochs=2, batch_size=8, shuffle=False, verbose=0)
    last = tuner.results.trials[-1]
    assert (last.state, places(tuner, last.number)) == (TrialState.STOPPED, [0.4])
    assert "after 0.4 epochs is worse than the median" in last.message


@pytest.mark.parametrize("every", [0, -1, 0.5, True, "epoch"])
def test_no_number_of_batches_is_refused(every: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Expected `report_every` as a number of batches"):
        search(tmp_path, report_every=every)


def test_epochs_that_do_not_reach_the_first_rung_are_refused(tmp_path: Path) -> None:
    for kind in (luthier.schedulers.ASHA, luthier.schedulers.SuccessiveHalving):
        with pytest.raises(ValueError, match="first rung, which is at 3 epochs, got 2"):
            search(tmp_path, kind(min_epochs=3))
