"""Hyperband on Keras models: what goes on from a trial is its whole state."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier import artifacts

pytestmark = pytest.mark.keras

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")


def build(hp):
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    rate = hp.Float("rate", 0.01, 0.5, sampling="log")
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9),
        "binary_crossentropy",
        run_eagerly=keras.backend.backend() != "jax",
        jit_compile=keras.backend.backend() == "jax",
    )
    return model


def test_promoted_trials_go_on_and_states_go_when_nobody_needs_them(tmp_path, backend, capsys):
    tuner = luthier.Hyperband(
        build, "val_loss", max_epochs=2, factor=2, seed=0, directory=tmp_path, keep=2
    )
    tuner.search(X, Y, validation_data=(X, Y), batch_size=8, verbose=0)
    trials = tuner.results.trials
    assert [t.values["tuner/round"] for t in trials] == [0, 0, 1, 0, 0]
    promoted = trials[2]
    assert promoted.info["resumed_from_epoch"] == 1
    assert [m.step for m in promoted.measurements] == [1]
    parent = trials[promoted.suggestion.resume_from]
    assert promoted.metrics["val_loss"] < parent.metrics["val_loss"]
    assert not list(tmp_path.rglob(artifacts.RESUME))
    assert len(list(tmp_path.rglob(artifacts.CHECKPOINT))) == 2
    assert len(tuner.get_best_models(2)) == 2
    tuner.results_summary(1)
    assert "2 trained models kept" in capsys.readouterr().out


def test_a_population_copies_states_and_keeps_its_own_learning_rates(tmp_path, backend):
    tuner = luthier.RandomSearch(
        build,
        "val_loss",
        max_trials=4,
        seed=0,
        directory=tmp_path,
        scheduler=luthier.schedulers.Population(2, 1, exploit=0.5),
    )
    tuner.search(X, Y, validation_data=(X, Y), epochs=2, batch_size=8, verbose=0)
    trials = tuner.results.trials
    assert [[m.step for m in trial.measurements] for trial in trials] == [[0], [0], [1], [1]]
    assert {trial.suggestion.resume_from for trial in trials[2:]} == {
        min(trials[:2], key=lambda trial: trial.score).number
    }
    assert all(trial.info["resumed_from_epoch"] == 1 for trial in trials[2:])
    assert trials[2].values != trials[3].values
    assert not list(tmp_path.rglob(artifacts.RESUME))
