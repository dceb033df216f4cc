"""Hyperparameters in the place of arguments: of `search`, and of a tuner's compile settings."""

from __future__ import annotations

import numpy as np
import pytest

import luthier
from luthier.engine.base_tuner import BaseTuner
from luthier.errors import FatalTypeError, FatalValueError
from luthier.oracles import GridSearchOracle, RandomSearchOracle


class Noting(BaseTuner):
    """Notes what it is called with."""

    def run_trial(self, trial, *args, **kwargs):
        vars(self).setdefault("calls", []).append((args, kwargs))
        return float(kwargs.get("batch_size", 1)) + trial.hyperparameters.Float("x", 0.0, 0.5)


def noting(place, kind=RandomSearchOracle, **options):
    options = {"max_trials": 3, "seed": 0} | options
    return Noting(kind(luthier.Objective("score", "min"), **options), directory=place)


def test_an_argument_is_searched_under_its_name(tmp_path):
    made = noting(tmp_path)
    made.search("x", batch_size=luthier.Int(16, 128, step=16), epochs=7, verbose=0)
    batches = [kwargs["batch_size"] for _, kwargs in made.calls]
    assert len(set(batches)) > 1
    assert set(batches) <= set(range(16, 129, 16))
    assert {kwargs["epochs"] for _, kwargs in made.calls} == {7}
    assert {args for args, _ in made.calls} == {("x",)}
    best = made.get_best_hyperparameters()[0]
    assert best.values["batch_size"] == min(batches)
    assert set(best.values) == {"batch_size", "x"}


def test_a_name_of_ones_own_counts_and_arguments_may_hold_several(tmp_path):
    made = noting(tmp_path)
    made.search(
        class_weight={0: 1.0, 1: luthier.Float(1.0, 9.0)},
        steps=[luthier.Choice(["a", "b"]), "c"],
        shuffle=luthier.Boolean("mixed"),
        verbose=0,
    )
    _, kwargs = made.calls[0]
    trial = made.oracle.trials["0"]
    used = trial.hyperparameters.values
    assert kwargs["class_weight"] == {0: 1.0, 1: used["class_weight/1"]}
    assert kwargs["steps"] == [used["steps/0"], "c"]
    assert kwargs["shuffle"] is used["mixed"]


def test_a_grid_goes_through_all_of_them(tmp_path):
    made = noting(tmp_path, GridSearchOracle, max_trials=4)
    made.search(batch_size=luthier.Choice([32, 64]), epochs=luthier.Choice([1, 2]), verbose=0)
    seen = {(kwargs["batch_size"], kwargs["epochs"]) for _, kwargs in made.calls}
    assert (32, 1) in seen
    assert len(made.calls) == 4


def test_it_is_shown_and_goes_on(tmp_path, capsys):
    noting(tmp_path, max_trials=1).search(batch_size=luthier.Int(16, 128), verbose=0)
    made = noting(tmp_path, max_trials=2)
    made.search(batch_size=luthier.Int(16, 128), verbose=0)
    assert len(made.calls) == 1
    capsys.readouterr()
    made.search_space_summary()
    assert "batch_size (Int)" in capsys.readouterr().out
    made.results_summary()
    assert capsys.readouterr().out.count("batch_size: ") == 2


def test_what_is_defined_in_hyperparameters_is_searched_as_said_there(tmp_path):
    hp = luthier.HyperParameters()
    hp.Choice("batch_size", [1, 2])
    made = noting(tmp_path, hyperparameters=hp, tune_new_entries=False)
    made.search(batch_size=luthier.Int(16, 128), verbose=0)
    assert {kwargs["batch_size"] for _, kwargs in made.calls} <= {1, 2}


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "text"),
    [
        ((luthier.Int(1, 2),), {}, FatalTypeError, "argument 1, without a name"),
        (([1], [luthier.Int(1, 2)]), {}, FatalTypeError, "argument 2, without a name"),
        ((), {"verbose": luthier.Int(0, 1)}, FatalValueError, r"search\(verbose=...\) cannot"),
        ((), {"callbacks": [luthier.Boolean()]}, FatalValueError, r"search\(callbacks=...\)"),
        ((), {"validation_data": luthier.Choice([1])}, FatalValueError, "same for all trials"),
    ],
)
def test_wrong_places_are_named_before_any_trial(tmp_path, args, kwargs, error, text):
    made = noting(tmp_path)
    with pytest.raises(error, match=text):
        made.search(*args, **kwargs)
    assert not made.oracle.trials


def test_what_would_not_be_searched_is_refused(tmp_path):
    hp = luthier.HyperParameters()
    hp.Choice("x", [1, 2])
    made = noting(tmp_path, hyperparameters=hp, tune_new_entries=False)
    with pytest.raises(FatalValueError, match="tune_new_entries=False: define it"):
        made.search(batch_size=luthier.Int(16, 128))


def test_hyperband_decides_about_epochs_itself(tmp_path):
    class Own(luthier.Hyperband):
        def run_trial(self, trial, *args, **kwargs):
            raise NotImplementedError

    made = Own(objective="val_loss", directory=tmp_path)
    with pytest.raises(FatalValueError, match="Hyperband decides itself"):
        made.search(epochs=luthier.Choice([1, 2]))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"batch_size": "8"}, FatalValueError, r"batch_size=...\) to be an int from 1.* got '8'"),
        ({"batch_size": True}, FatalValueError, "int from 1.* got True"),
        ({"epochs": 0}, FatalValueError, "epochs=.* int from 1"),
        ({"batch_size": luthier.Int(0, 8)}, FatalValueError, "int from 1.* got Int"),
        ({"batch_size": luthier.Float(1.0, 8.0)}, FatalValueError, "int from 1.* got Float"),
        ({"batch_size": luthier.Choice(["a", "b"])}, FatalValueError, "int from 1.* got Choice"),
        ({"epoch": 3}, FatalTypeError, r"search\(epoch=...\) is no argument .* mean epochs\?"),
        ({"groups": [1, 2]}, FatalTypeError, r"give the tuner cv=GroupKFold\(5\)"),
        ({"surprise_me": 3}, FatalTypeError, "which takes x, y, batch_size"),
        ({"x": None}, FatalTypeError, "called without data"),
        ({"y": np.zeros(3)}, FatalValueError, "'x': 4, 'y': 3"),
        ({"x": iter([]), "batch_size": luthier.Int(1, 4)}, FatalValueError, "change nothing: x, a"),
        ({"x": iter([])}, FatalValueError, "got y beside x, a list_iterator"),
        ({"validation_split": 20}, FatalValueError, "from 0 to below 1, got 20"),
    ],
)
def test_what_no_model_could_be_trained_with_ends_the_search(tmp_path, arguments, error, text):
    keras = pytest.importorskip("keras")

    def build(hp):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(hp.Int("units", 1, 2))])
        model.compile("sgd", "mse", run_eagerly=True)
        return model

    x = np.zeros((4, 3), "float32")
    made = luthier.RandomSearch(build, "loss", max_trials=2, seed=0, directory=tmp_path)
    with pytest.raises(error, match=text):
        made.search(**{"x": x, "y": x[:, :1], "verbose": 0} | arguments)


@pytest.mark.keras
def test_batch_size_epochs_and_compile_settings_of_a_keras_model(tmp_path):
    keras = pytest.importorskip("keras")

    def build(hp):
        del hp
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=True)
        return model

    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")

    def tuner():
        return luthier.RandomSearch(
            build,
            "val_loss",
            max_trials=3,
            seed=1,
            directory=tmp_path,
            optimizer=luthier.Choice(["adam", "rmsprop"]),
            loss=luthier.Choice("kind", ["mae", "huber"]),
        )

    made = tuner()
    made.search(
        *(x, x[:, :1]),
        validation_data=(x, x[:, :1]),
        batch_size=luthier.Int(8, 32, step=8),
        epochs=luthier.Choice([1, 2]),
        verbose=0,
    )
    for trial in made.oracle.trials.values():
        assert set(trial.hyperparameters.values) == {"optimizer", "kind", "batch_size", "epochs"}
        assert len(trial.history) == trial.hyperparameters.values["epochs"]
    again = tuner()
    best, model = again.get_best_hyperparameters()[0], again.get_best_models()[0]
    assert model.optimizer.name == best.values["optimizer"]
    assert model.loss == best.values["kind"]
