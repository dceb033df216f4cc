"""`cv=` in a tuner of Keras models: folds are executions, and what has lost is dropped."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier.errors import FatalTypeError, FatalValueError
from luthier.records import TrialState
from luthier.tuners._tasks import folds_of

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.keras

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3)).astype("float32")
Y = np.sign(X[:, :1])


def build(hp):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    rate = hp.Choice("rate", [1e-1, 1e-9])
    model.compile(keras.optimizers.SGD(rate), "mse", run_eagerly=True)
    return model


def tuner(place, hypermodel=build, max_trials=1, **options):
    options = {"cv": 3, "seed": 0} | options
    return luthier.GridSearch(
        hypermodel, "val_loss", max_trials=max_trials, directory=place, **options
    )


def folds(made, trial="0"):
    return made.oracle.trials[trial].record.info["folds"]


def test_the_score_is_the_mean_over_folds_and_the_spread_is_kept(tmp_path):
    made = tuner(tmp_path)
    made.search(X, Y, epochs=2, batch_size=10, verbose=0)
    trial = made.oracle.trials["0"]
    by_fold = [
        min(e["val_loss"] for e in trial.history if e["execution"] == fold) for fold in range(3)
    ]
    assert folds(made) == pytest.approx(by_fold)
    assert trial.score == pytest.approx(np.mean(by_fold))
    assert trial.record.spread["val_loss"] == pytest.approx(np.std(by_fold))
    assert made.get_best_models()[0].predict(X, verbose=0).shape == (30, 1)


@pytest.mark.torch  # the same on every backend
def test_the_model_of_the_fold_that_went_best_is_given(tmp_path):
    splits = [(np.arange(10, 30), np.arange(10)), (np.arange(20), np.arange(20, 30))]
    made = tuner(tmp_path, cv=splits)
    made.search(X, Y, epochs=2, batch_size=10, verbose=0)
    best = int(np.argmin(folds(made)))
    unseen = splits[best][1]
    predicted = made.get_best_models()[0].predict(X[unseen], verbose=0)
    assert np.mean((predicted - Y[unseen]) ** 2) == pytest.approx(folds(made)[best], rel=1e-5)


def test_hopeless_trials_are_dropped_after_the_first_folds(tmp_path):
    made = tuner(tmp_path, max_trials=2, cv=4)
    made.search(X, Y, epochs=2, batch_size=10, verbose=0)
    best, other = (made.oracle.trials[name].record for name in "01")
    assert (best.state, other.state) == (TrialState.COMPLETED, TrialState.STOPPED)
    assert len(folds(made, "0")) == 4
    assert 2 <= len(folds(made, "1")) < 4
    assert other.info["dropped"]
    assert other.score > best.score
    assert made.oracle.get_best_trials()[0].trial_id == "0"


@pytest.mark.torch  # the same on every backend
def test_an_interrupted_trial_goes_on_with_its_fold(tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt

    calls: list[int] = []
    fit = {"epochs": 1, "callbacks": [Stop], "verbose": 0}
    with pytest.raises(KeyboardInterrupt):
        tuner(tmp_path).search(X, Y, **fit)
    made = tuner(tmp_path)
    made.search(X, Y, **fit)
    assert len(calls) == 4  # the second fold twice, the first not again
    assert len(folds(made)) == 3


@pytest.mark.torch  # the same on every backend
def test_several_inputs_weights_and_a_fit_of_ones_own(tmp_path):
    class Own(luthier.HyperModel):
        def build(self, hp):
            left, right = keras.Input((3,), name="a"), keras.Input((3,), name="b")
            out = keras.layers.Dense(1)(keras.layers.add([left, right]))
            model = keras.Model({"a": left, "b": right}, out)
            model.compile("sgd", "mse", run_eagerly=True)
            return model

        def fit(self, hp, model, *args, **kwargs):
            seen.append((len(args[0]["a"]), len(kwargs["validation_data"])))
            return model.fit(*args, **kwargs)

    seen: list[tuple[int, int]] = []
    made = tuner(tmp_path, Own())
    weights = {"sample_weight": np.ones(30), "class_weight": None}
    made.search({"a": X, "b": X}, Y, verbose=0, **weights)
    assert seen == [(20, 3)] * 3


@pytest.mark.torch  # the same on every backend
def test_each_fold_is_trained_as_often_as_executions_say(tmp_path):
    made = tuner(tmp_path, cv=2, executions_per_trial=2)
    made.search(X, Y, verbose=0)
    assert len(folds(made)) == 4


@pytest.mark.torch  # the same on every backend
@pytest.mark.parametrize(
    ("args", "fit", "error", "text"),
    [
        ((iter([X]),), {}, FatalTypeError, "Generators"),
        ((X, Y), {"validation_split": 0.1}, FatalValueError, "exclude each other"),
        ((X, Y), {"cv": [([0, 1], [30])]}, FatalValueError, "from 0 to 29, got 30"),
    ],
)
def test_what_cannot_be_split_ends_the_search(tmp_path, args, fit, error, text):
    made = tuner(tmp_path, cv=fit.pop("cv", 3))
    with pytest.raises(error, match=text):
        made.search(*args, verbose=0, **fit)


@pytest.mark.parametrize(
    "options",
    [{"cv": 1}, {"cv": [1, 2]}, {"cv": []}, {"cv_risk": 1.5}, {"cv": None, "cv_risk": 0.1}],
)
def test_options_that_mean_nothing_are_refused_at_once(tmp_path, options):
    with pytest.raises(FatalValueError, match=r"`cv|`cv_risk"):
        tuner(tmp_path, **options)


@pytest.mark.torch  # the same on every backend
def test_splits_that_can_be_read_once_serve_every_trial(tmp_path):
    splits = [(np.arange(10, 30), np.arange(10)), (np.arange(20), np.arange(20, 30))]
    made = tuner(tmp_path, cv=iter(splits), cv_risk=0, max_trials=2)
    made.search(X, Y, epochs=1, verbose=0)
    assert [len(folds(made, number)) for number in "01"] == [2, 2]
    assert made.oracle.study.spec.settings["cv"] == "2 given folds"


@pytest.mark.torch  # the same on every backend
def test_what_is_exported_trains_on_all_rows(tmp_path):
    made = tuner(tmp_path)
    made.search(X, Y, epochs=1, verbose=0)
    script = made.export(tmp_path / "best.py")
    text = script.read_text(encoding="utf-8")
    assert "the mean over its folds; here it gets all rows" in text.splitlines()[0]
    place = {"__name__": "script", "__file__": str(script)}
    exec(compile(text, str(script), "exec"), place)
    place["main"]()
    model = keras.models.load_model(tmp_path / "best.keras")
    assert model.predict(X, verbose=0).shape == (30, 1)


@pytest.mark.torch
def test_trials_of_hyperband_are_compared_with_those_trained_as_long(tmp_path):
    made = luthier.Hyperband(
        build, "val_loss", max_epochs=2, factor=2, cv=2, seed=0, directory=tmp_path
    )
    made.search(X, Y, verbose=0)
    trial = made.oracle.get_best_trials()[0]
    assert folds_of(made, trial).best == tuple(trial.record.info["folds"])
    trial.hyperparameters.values = {"tuner/epochs": 99}
    assert folds_of(made, trial).best == ()
