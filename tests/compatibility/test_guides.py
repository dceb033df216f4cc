"""Programs as KerasTuner's guides write them, made small: only the import is another.

Guide 001 tunes a network with two convolutions, guide 002 tailors a ready-made hypermodel. Guide
000 and the rest of 002 are in tests/tuners/test_tuner.py.
"""

from __future__ import annotations

import numpy as np
import pytest

import luthier as keras_tuner
import luthier as kt

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.keras

SHAPE = (8, 8, 1)
CLASSES = 3
RNG = np.random.default_rng(0)
X = RNG.random((24, *SHAPE), dtype="float32")
Y = RNG.integers(0, CLASSES, 24)


def test_guide_001(project, capsys):
    layers = keras.layers

    def build(hp):
        model = keras.Sequential()
        filters = hp.Int("L1_Conv2D_Filters", min_value=8, max_value=64, step=4)
        model.add(layers.Conv2D(filters, (3, 3), padding="same", activation="relu"))
        model.add(layers.MaxPooling2D(pool_size=(2, 2)))
        model.add(layers.Dropout(0.25))
        filters = hp.Int("L2_Conv2D_Filters", min_value=8, max_value=64, step=4)
        model.add(layers.Conv2D(filters, (3, 3), padding="same", activation="relu"))
        model.add(layers.Flatten())
        units = hp.Int("L3_Dense_num", min_value=4, max_value=216, step=4)
        model.add(layers.Dense(units, activation="relu"))
        model.add(layers.Dense(CLASSES, activation="softmax"))
        model.compile(
            loss="categorical_crossentropy",
            optimizer="adam",
            metrics=["accuracy"],
        )
        return model

    y = keras.utils.to_categorical(Y, CLASSES)
    tuner = kt.RandomSearch(
        build, objective="val_loss", max_trials=1, directory="log", project_name="test"
    )
    tuner.search_space_summary()
    tuner.search(X, y, epochs=1, validation_data=(X, y), verbose=0)
    tuner.results_summary()
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "Search space summary",
        "Default search space size: 3",
        "L1_Conv2D_Filters (Int)",
        "{'default': None, 'conditions': [], 'min_value': 8, 'max_value': 64, 'step': 4, "
        "'sampling': 'linear'}",
    ]
    assert "Results in log/test" in lines
    assert lines[-1].startswith("Score: ")
    best = tuner.get_best_hyperparameters()[0]
    model = tuner.hypermodel.build(best)
    assert model.layers[0].filters == best.get("L1_Conv2D_Filters")


def test_guide_002_with_a_ready_made_hypermodel(project, capsys):
    hypermodel = keras_tuner.applications.HyperXception(input_shape=SHAPE, classes=CLASSES)
    hp = keras_tuner.HyperParameters()
    hp.Choice("learning_rate", values=[1e-2, 1e-3, 1e-4])
    tuner = keras_tuner.RandomSearch(
        hypermodel,
        hyperparameters=hp,
        tune_new_entries=False,
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        objective="val_accuracy",
        max_trials=1,
        overwrite=True,
        directory="my_dir",
        project_name="helloworld",
    )
    capsys.readouterr()
    tuner.search_space_summary()
    assert capsys.readouterr().out.splitlines() == [
        "Search space summary",
        "Default search space size: 1",
        "learning_rate (Choice)",
        "{'default': 0.01, 'conditions': [], 'values': [0.01, 0.001, 0.0001], 'ordered': True}",
    ]
    # Training such a network takes too long for a test: what would be trained is looked at.
    trial = tuner.oracle.create_trial("tuner0")
    model = tuner._try_build(trial.hyperparameters)
    assert model.loss == "sparse_categorical_crossentropy"
    assert float(model.optimizer.learning_rate) == pytest.approx(
        trial.hyperparameters.get("learning_rate")
    )
    assert trial.hyperparameters.get("sep_num_filters") == 256


def test_a_metric_of_ones_own_is_the_objective(project):
    class Spread(keras.metrics.Metric):
        def __init__(self, **options):
            super().__init__(name="spread", **options)
            self.worst = self.add_weight(name="worst", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            worst = keras.ops.max(keras.ops.abs(y_true - y_pred))
            self.worst.assign(keras.ops.maximum(self.worst, worst))

        def result(self):
            return keras.ops.convert_to_tensor(self.worst)

        def reset_state(self):
            self.worst.assign(0.0)

    def build(hp):
        start = hp.Choice("start", ["zeros", "ones"])
        model = keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(1, kernel_initializer=start)]
        )
        model.compile(keras.optimizers.SGD(1e-9), "mse", metrics=[Spread()])
        return model

    tuner = kt.GridSearch(build, kt.Objective("val_spread", direction="max"))
    x = np.ones((4, 2), "float32")
    y = 3.0 * x[:, :1]
    tuner.search(x, y, validation_data=(x, y), epochs=1, batch_size=2, verbose=0)
    # Weights of 0 predict 0, weights of 1 predict 2, and hardly anything is learnt.
    assert [trial.score for trial in tuner.oracle.trials.values()] == pytest.approx([3.0, 1.0])
    assert tuner.get_best_hyperparameters()[0].get("start") == "zeros"
