"""Searches in lanes find what searches without find: each trial trains as it would alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import luthier

pytestmark = pytest.mark.jax
pytest.importorskip("greenlet")

RANDOM = np.random.default_rng(0)
X = RANDOM.random((40, 4)).astype("float32")
Y = (X.sum(axis=1) > 2).astype("int32")


def build(hp: Any) -> Any:
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(6, activation="relu"),
            layers.Dropout(hp.Float("dropout", 0.05, 0.5)),
            layers.Dense(2, activation="softmax"),
        ]
    )
    rate = hp.Float("rate", 1e-3, 0.3, sampling="log")
    model.compile(keras.optimizers.SGD(rate, momentum=0.8), "sparse_categorical_crossentropy")
    return model


def searched(folder: Path, **options: Any) -> Any:
    import keras

    options = {"max_trials": 5, "seed": 3, "overwrite": True} | options
    tuner = luthier.RandomSearch(build, "val_loss", directory=folder, **options)
    stop = keras.callbacks.EarlyStopping(patience=0, min_delta=0.01, restore_best_weights=True)
    tuner.search(X, Y, validation_split=0.3, batch_size=16, epochs=4, verbose=0, callbacks=[stop])
    return tuner


def measured(tuner: Any) -> dict[int, Any]:
    return {
        trial.number: [(m.step, m.metrics) for m in trial.measurements]
        for trial in tuner.oracle.study.history().trials
    }


def test_lanes_refill_and_stop_early_and_train_each_trial_as_alone(
    tmp_path: Path,
) -> None:
    alone, packed = searched(tmp_path / "1", lanes=1), searched(tmp_path / "3", lanes=3)
    expected, got = measured(alone), measured(packed)
    assert got.keys() == expected.keys()
    assert len({len(steps) for steps in expected.values()}) > 1  # some stopped early
    for number, steps in expected.items():
        assert [step for step, _ in got[number]] == [step for step, _ in steps]
        for (_, ours), (_, theirs) in zip(got[number], steps, strict=True):
            assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-5)
    trials = packed.oracle.study.history().trials
    assert {trial.info["ran"] for trial in trials} == {"packed"}
    assert packed.oracle.study.spec.settings["lanes"] == 3
    model, other = packed.get_best_models()[0], alone.get_best_models()[0]
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_a_trial_that_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    def fails(hp: Any) -> Any:
        model = build(hp)
        if int(hp.get("dropout") * 1e6) % 2:
            raise ValueError("too much")
        return model

    options = {"max_trials": 4, "seed": 3, "overwrite": True, "max_consecutive_failed_trials": 9}
    tuner = luthier.RandomSearch(fails, "val_loss", directory=tmp_path, lanes=2, **options)
    tuner.search(X, Y, validation_split=0.3, batch_size=28, epochs=1, verbose=0)
    states = {t.state.value for t in tuner.oracle.study.history().trials}
    assert len(states) == 2


def test_the_end_of_a_search_says_how_trials_were_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"max_trials": 2, "seed": 3, "overwrite": True}
    tuner = luthier.RandomSearch(build, "val_loss", directory=tmp_path, **options)
    tuner.search(X, Y, validation_split=0.3, batch_size=28, epochs=1, verbose=2)
    assert "2 trials: 2 compiled once in " in capsys.readouterr().out


@pytest.mark.parametrize("lanes", [0, -1, True, 2.5, "many"])
def test_wrong_numbers_of_lanes_are_refused(tmp_path: Path, lanes: Any) -> None:
    with pytest.raises(ValueError, match="lanes"):
        luthier.RandomSearch(build, "val_loss", directory=tmp_path, lanes=lanes)


def test_strict_refuses_what_cannot_share(tmp_path: Path) -> None:
    def eager(hp: Any) -> Any:
        model = build(hp)
        model.run_eagerly = True
        return model

    tuner = luthier.RandomSearch(eager, "val_loss", directory=tmp_path, strict=True, max_trials=1)
    with pytest.raises(luthier.errors.FatalError, match="run_eagerly"):
        tuner.search(X, Y, validation_split=0.3, epochs=1, verbose=0)
