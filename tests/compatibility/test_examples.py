"""What KerasTuner's reference shows for its public names, made small: only the import is another.

The example of `SklearnTuner` is in tests/tuners/test_sklearn.py, those of its guides in
test_guides.py.
"""

from __future__ import annotations

import numpy as np
import pytest

import luthier as kt

keras = pytest.importorskip("keras")
# Shown once: what these programs do on the other backends, tests/tuners/ does there.
pytestmark = pytest.mark.torch

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 3)).astype("float32")
Y = X[:, :1]


class MyHyperModel(kt.HyperModel):
    def build(self, hp):
        model = keras.Sequential()
        model.add(keras.layers.Dense(hp.Choice("units", [8, 16, 32]), activation="relu"))
        model.add(keras.layers.Dense(1, activation="relu"))
        model.compile(loss="mse", run_eagerly=True)
        return model


def tuner(place, hypermodel, kind=kt.RandomSearch, **options):
    options = {"objective": "val_loss", "max_trials": 2, "seed": 0} | options
    return kind(hypermodel, directory=place, **options)


def search(made):
    made.search(X, Y, validation_data=(X, Y), batch_size=16, verbose=0)
    return made


def test_a_hypermodel_with_a_build(tmp_path):
    made = search(tuner(tmp_path, MyHyperModel()))
    best_hp = made.get_best_hyperparameters()[0]
    model = made.hypermodel.build(best_hp)
    assert model.layers[0].units == best_hp.get("units")


def test_a_hypermodel_that_tunes_its_epochs(tmp_path):
    class Tuned(MyHyperModel):
        def fit(self, hp, model, *args, **kwargs):
            return model.fit(*args, epochs=hp.Int("epochs", 1, 2), **kwargs)

    made = search(tuner(tmp_path, Tuned()))
    for trial in made.oracle.trials.values():
        assert len(trial.history) == trial.hyperparameters.get("epochs")


def test_a_hypermodel_that_returns_a_dict(tmp_path):
    class Own(MyHyperModel):
        def fit(self, hp, model, *args, **kwargs):
            return {"loss": 2.0, "val_loss": hp.Float("x", 0.0, 1.0), "val_accuracy": 0.5}

    best = search(tuner(tmp_path, Own())).oracle.get_best_trials()[0]
    assert best.score == best.hyperparameters.get("x")
    assert best.metrics.get_last_value("val_accuracy") == 0.5


def test_a_tuner_that_builds_and_fits(tmp_path):
    class MyTuner(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            hp = trial.hyperparameters
            model = self.hypermodel.build(hp)
            return self.hypermodel.fit(hp, model, *args, **kwargs)

    assert len(search(tuner(tmp_path, MyHyperModel(), MyTuner)).oracle.trials) == 2


def test_a_tuner_as_a_black_box(tmp_path):
    class MyTuner(kt.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            hp = trial.hyperparameters
            x = hp.Float("x", -2.0, 2.0)
            return x * x + 2 * x + 1

    made = MyTuner(max_trials=10, seed=0, directory=tmp_path)
    made.search(verbose=0)
    assert made.oracle.get_best_trials()[0].score < 0.5


def test_a_model_selected_in_conditional_scopes(tmp_path):
    class Selected(kt.HyperModel):
        def build(self, hp):
            model = keras.Sequential()
            model.add(keras.Input(shape=(4, 4, 3)))
            model_type = hp.Choice("model_type", ["mlp", "cnn"])
            with hp.conditional_scope("model_type", ["mlp"]):
                if model_type == "mlp":
                    model.add(keras.layers.Flatten())
                    model.add(keras.layers.Dense(hp.Int("units", 2, 4), activation="relu"))
            with hp.conditional_scope("model_type", ["cnn"]):
                if model_type == "cnn":
                    model.add(keras.layers.Conv2D(hp.Int("filters", 2, 4), 3, activation="relu"))
                    model.add(keras.layers.GlobalAveragePooling2D())
            model.add(keras.layers.Dense(2, activation="softmax"))
            model.compile(loss="sparse_categorical_crossentropy", run_eagerly=True)
            return model

    made = tuner(tmp_path, Selected(), max_trials=4)
    assert [p.name for p in made.oracle.get_space().space] == ["model_type", "units", "filters"]


def test_hyperband_with_a_loop_of_ones_own(tmp_path):
    class MyTuner(kt.Hyperband):
        def run_trial(self, trial, *args, **kwargs):
            hp = trial.hyperparameters
            if "tuner/trial_id" in hp:
                past_trial = self.oracle.get_trial(hp["tuner/trial_id"])
                assert past_trial.score is not None
                promoted.append(past_trial.trial_id)
            initial_epoch = hp["tuner/initial_epoch"]
            last_epoch = hp["tuner/epochs"]
            assert initial_epoch < last_epoch
            return abs(hp.get("units") - 16) / last_epoch

    promoted: list[str] = []
    made = MyTuner(MyHyperModel(), "val_loss", max_epochs=4, factor=2, directory=tmp_path)
    made.search(verbose=0)
    assert promoted
