"""Searches of Keras models, on every backend: what the guides do, and what goes wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import luthier
from luthier.errors import FatalTypeError, FatalValueError
from luthier.oracles import RandomSearchOracle

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.keras

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 4)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
FIT = {"validation_data": (X, Y), "epochs": 2, "batch_size": 16, "verbose": 0}


def build(hp):
    """Unbuilt until it sees data, as in guide 002."""
    layers = [keras.layers.Dense(hp.Int("units", 2, 8, step=2))]
    if hp.Boolean("dropout"):
        layers.append(keras.layers.Dropout(0.1))
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    rate = hp.Choice("learning_rate", [1e-2, 1e-3])
    model.compile(keras.optimizers.Adam(rate), "mse", metrics=["mae"], run_eagerly=True)
    return model


def small(hp):
    """As quick as can be: nothing is compiled."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    rate = hp.Float("rate", 1e-3, 1e-1, sampling="log")
    model.compile(keras.optimizers.SGD(rate), "mse", run_eagerly=True)
    return model


def search(place, hypermodel=small, **options):
    fit = FIT | options.pop("fit", {})
    made = tuner(place, hypermodel, **options)
    made.search(X, Y, **fit)
    return made


def tuner(place, hypermodel=small, kind=luthier.RandomSearch, **options):
    options = {"objective": "val_loss", "max_trials": 2, "seed": 0, "directory": place} | options
    return kind(hypermodel, **options)


def trials(made):
    return list(made.oracle.trials.values())


def test_a_hyperparameter_that_no_build_reads_is_not_among_the_values(tmp_path):
    hp = luthier.HyperParameters()
    hp.Int("ghost", 1, 9)

    def compiled(hp):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 1, 2))])
        model.compile("sgd", "mse")
        return model

    made = search(tmp_path, compiled, hyperparameters=hp)
    assert [set(trial.hyperparameters.values) for trial in trials(made)] == [{"units"}] * 2


# -- the way of a search ---------------------------------------------------------------------------


def test_the_best_model_has_the_best_score(tmp_path):
    made = search(tmp_path, build, max_trials=2)
    best = made.oracle.get_best_trials()[0]
    assert best.score == min(trial.score for trial in trials(made))
    model = made.get_best_models()[0]
    loss, _ = model.evaluate(X, Y, verbose=0)
    assert loss == pytest.approx(best.score, rel=1e-4)
    again = tuner(tmp_path, build, max_trials=2)
    model = again.get_best_models()[0]
    assert model.evaluate(X, Y, verbose=0)[0] == pytest.approx(best.score, rel=1e-4)


def test_every_epoch_is_kept(tmp_path):
    trial = trials(search(tmp_path, max_trials=1, fit={"epochs": 3}))[0]
    assert [epoch["step"] for epoch in trial.history] == [0, 1, 2]
    losses = [epoch["val_loss"] for epoch in trial.history]
    assert trial.score == min(losses)
    assert trial.best_step == losses.index(min(losses))
    assert trial.metrics.get_best_value("loss") == trial.history[trial.best_step]["loss"]


def test_the_same_seed_gives_the_same_search(tmp_path):
    first, second = (search(tmp_path / name, max_trials=1, fit={"epochs": 1}) for name in "ab")
    assert [trial.score for trial in trials(first)] == [trial.score for trial in trials(second)]


def test_the_best_hyperparameters_build_a_model_again(tmp_path):
    made = search(tmp_path, build, max_trials=1)
    hp = made.get_best_hyperparameters()[0]
    model = made.hypermodel.build(hp)
    assert model.layers[0].units == hp.get("units")


def test_executions_are_averaged_and_their_spread_is_kept(tmp_path):
    trial = trials(search(tmp_path, max_trials=1, executions_per_trial=2))[0]
    best = [
        min(epoch["val_loss"] for epoch in trial.history if epoch["execution"] == execution)
        for execution in (0, 1)
    ]
    assert trial.score == pytest.approx(np.mean(best))
    assert trial.record.spread["val_loss"] == pytest.approx(np.std(best))


@pytest.mark.parametrize("kind", [luthier.GridSearch, luthier.BayesianOptimization])
def test_other_tuners_search_too(tmp_path, kind):
    made = search(tmp_path, kind=kind, max_trials=2, fit={"epochs": 1})
    assert [trial.status for trial in trials(made)] == ["COMPLETED"] * 2


# -- guide 002: a search space tailored from outside ----------------------------------------------


def test_a_few_are_searched_and_the_rest_is_fixed(tmp_path, capsys):
    hp = luthier.HyperParameters()
    hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    made = search(tmp_path, build, hyperparameters=hp, tune_new_entries=False, fit={"epochs": 1})
    capsys.readouterr()
    made.search_space_summary()
    assert capsys.readouterr().out == (
        "Search space summary\nDefault search space size: 1\nlearning_rate (Float)\n"
        "{'default': 0.0001, 'conditions': [], 'min_value': 0.0001, 'max_value': 0.01, "
        "'step': None, 'sampling': 'log'}\n"
    )
    values = [trial.hyperparameters.values for trial in trials(made)]
    assert {v["units"] for v in values} == {2}
    assert {v["dropout"] for v in values} == {False}
    assert len({v["learning_rate"] for v in values}) == 2


def test_a_few_are_fixed_and_the_rest_is_searched(tmp_path, capsys):
    hp = luthier.HyperParameters()
    hp.Fixed("learning_rate", value=1e-4)
    made = search(tmp_path, build, hyperparameters=hp, tune_new_entries=True, fit={"epochs": 1})
    capsys.readouterr()
    made.search_space_summary()
    assert capsys.readouterr().out.splitlines()[:6] == [
        "Search space summary",
        "Default search space size: 3",
        "learning_rate (Fixed)",
        "{'conditions': [], 'value': 0.0001}",
        "units (Int)",
        "{'default': None, 'conditions': [], 'min_value': 2, 'max_value': 8, 'step': 2, "
        "'sampling': 'linear'}",
    ]
    values = [trial.hyperparameters.values for trial in trials(made)]
    assert {v["learning_rate"] for v in values} == {1e-4}
    assert len({(v["units"], v["dropout"]) for v in values}) == 2


def test_what_models_are_compiled_with_is_replaced(tmp_path):
    made = search(
        tmp_path,
        build,
        optimizer=keras.optimizers.SGD(1e-3),
        loss="mae",
        metrics=["mse"],
        max_trials=1,
    )
    model = made.get_best_models()[0]
    assert model.loss == "mae"
    assert type(model.optimizer).__name__ == "SGD"
    assert set(trials(made)[0].metrics.metrics) == {"loss", "mse", "val_loss", "val_mse"}


def test_new_entries_may_be_refused(tmp_path):
    hp = luthier.HyperParameters()
    hp.Choice("learning_rate", [1e-2])
    with pytest.raises(RuntimeError, match=r"`allow_new_entries` is `False`.*units"):
        tuner(tmp_path, build, hyperparameters=hp, allow_new_entries=False)


# -- guide 000: training tuned too -----------------------------------------------------------------


class ByHand(luthier.HyperModel):
    """Trains epoch by epoch and calls the callbacks itself."""

    def build(self, hp):
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    def fit(self, hp, model, x, y, validation_data, callbacks=None, **kwargs):
        size = hp.Int("batch_size", 8, 32, step=8, default=16)
        rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3)
        model.compile(keras.optimizers.SGD(rate), "mse", run_eagerly=True)
        for callback in callbacks:
            callback.set_model(model)
        best = float("inf")
        for epoch in range(2):
            for start in range(0, len(x), size):
                model.train_on_batch(x[start : start + size], y[start : start + size])
            loss = float(model.evaluate(*validation_data, verbose=0))
            for callback in callbacks:
                callback.on_epoch_end(epoch, logs={"my_metric": loss})
            best = min(best, loss)
        return best


def test_a_loop_of_ones_own(tmp_path):
    made = luthier.RandomSearch(
        objective=luthier.Objective("my_metric", "min"),
        max_trials=2,
        hypermodel=ByHand(),
        directory=tmp_path,
        project_name="custom_training",
        overwrite=True,
        seed=0,
    )
    made.search(x=X, y=Y, validation_data=(X, Y), verbose=0)
    best = made.get_best_hyperparameters()[0]
    assert set(best.values) == {"batch_size", "learning_rate"}
    trial = made.oracle.get_best_trials()[0]
    assert [epoch["my_metric"] for epoch in trial.history][-1] == pytest.approx(trial.score)
    model = made.get_best_models()[0]
    assert np.mean((model.predict(X, verbose=0) - Y) ** 2) == pytest.approx(trial.score, rel=1e-3)


class Returning(luthier.HyperModel):
    """Returns what a test wants."""

    def __init__(self, returned):  # no super().__init__(), as many programs do
        self.returned = returned

    def build(self, hp):
        return small(hp)

    def fit(self, hp, model, *args, **kwargs):
        return self.returned


@pytest.mark.parametrize(
    ("returned", "score"), [(0.5, 0.5), ({"val_loss": 2}, 2.0), ([1.0, 3.0], 2.0)]
)
def test_what_fit_may_return(tmp_path, returned, score):
    assert trials(search(tmp_path, Returning(returned), max_trials=1))[0].score == score


@pytest.mark.parametrize(
    ("returned", "error", "text"),
    [
        (None, FatalTypeError, r"return value of HyperModel.fit\(\) is None. Did you forget"),
        ("x", FatalTypeError, r"return value of HyperModel.fit\(\) to be one of float, dict"),
        ({"loss": 1.0}, FatalValueError, r"dictionary from HyperModel.fit\(\).*val_loss"),
    ],
)
def test_what_fit_may_not_return(tmp_path, returned, error, text):
    with pytest.raises(error, match=text):
        search(tmp_path, Returning(returned))


# -- subclasses ------------------------------------------------------------------------------------


def test_run_trial_may_tune_what_fit_is_called_with(tmp_path):
    class Batches(luthier.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            kwargs["batch_size"] = trial.hyperparameters.Int("batch_size", 8, 32, step=8)
            histories = super().run_trial(trial, *args, **kwargs)
            assert len(histories[0].history["val_loss"]) == 2
            return histories

    made = search(tmp_path, kind=Batches, max_trials=2)
    assert all("batch_size" in trial.hyperparameters.values for trial in trials(made))


def test_hooks_of_epochs_and_batches(tmp_path):
    seen = []

    class Watching(luthier.RandomSearch):
        def on_epoch_begin(self, trial, model, epoch, logs=None):
            seen.append(f"epoch {epoch} begin")

        def on_epoch_end(self, trial, model, epoch, logs=None):
            assert "val_loss" in logs
            assert isinstance(model, keras.Model)
            seen.append(f"epoch {epoch} end")

        def on_batch_begin(self, trial, model, batch, logs):
            seen.append(f"batch {batch} begin")

        def on_batch_end(self, trial, model, batch, logs=None):
            seen.append(f"batch {batch} end")

    search(tmp_path, kind=Watching, max_trials=1, fit={"epochs": 1})
    assert seen == [
        "epoch 0 begin",
        *(f"batch {batch} {moment}" for batch in (0, 1) for moment in ("begin", "end")),
        "epoch 0 end",
    ]


@pytest.mark.parametrize("seam", ["_build_hypermodel", "_try_build"])
def test_building_may_be_overridden(tmp_path, seam):
    built = []

    def seen(self, hp):
        built.append(hp)
        return getattr(luthier.RandomSearch, seam)(self, hp)

    made = search(tmp_path, kind=type("Mine", (luthier.RandomSearch,), {seam: seen}))
    assert len(built) >= 2
    assert [trial.status for trial in trials(made)] == ["COMPLETED"] * 2


def test_building_and_fitting_may_be_overridden(tmp_path):
    class Mine(luthier.RandomSearch):
        def _build_and_fit_model(self, trial, *args, **kwargs):
            history = super()._build_and_fit_model(trial, *args, **kwargs)
            return {"val_loss": 10 + min(history.history["val_loss"])}

    made = search(tmp_path, kind=Mine, max_trials=1)
    trial = trials(made)[0]
    assert trial.score == pytest.approx(10 + min(e["val_loss"] for e in trial.history))
    assert made.get_best_models()


def test_the_initial_space_may_be_overridden(tmp_path):
    class Mine(luthier.RandomSearch):
        def _populate_initial_space(self):
            hp = luthier.HyperParameters()
            hp.Choice("rate", [0.01])
            self.oracle.update_space(hp)

    made = search(tmp_path, kind=Mine, max_trials=2)
    assert trials(made)[0].hyperparameters.get("rate") == 0.01


def test_a_search_space_defined_while_a_trial_runs(tmp_path):
    class Mine(luthier.Tuner):
        def run_trial(self, trial, x, **kwargs):
            return trial.hyperparameters.Float("a", 0.0, 1.0) ** 2 + x

    made = Mine(RandomSearchOracle(max_trials=3, seed=0), directory=tmp_path)
    made.search(1.0, verbose=0)
    assert len({trial.score for trial in trials(made)}) == 3


# -- interruptions ---------------------------------------------------------------------------------


class StopAt(keras.callbacks.Callback):
    """Ctrl-C at the end of an epoch, once."""

    stopped = False
    begun: list[int] = []  # noqa: RUF012

    def on_epoch_begin(self, epoch, logs=None):
        type(self).begun.append(epoch)

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2 and not type(self).stopped:
            type(self).stopped = True
            raise KeyboardInterrupt


@pytest.fixture
def stop():
    StopAt.stopped, StopAt.begun = False, []
    return StopAt


def test_an_interrupted_trial_goes_on_from_its_last_epoch(tmp_path, stop):
    fit = {"epochs": 5, "callbacks": [stop()]}
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, max_trials=1, fit=fit)
    begun = list(stop.begun)
    resumed = search(tmp_path, max_trials=1, fit=fit)
    trial = trials(resumed)[0]
    assert (trial.status, trial.record.attempt) == ("COMPLETED", 2)
    assert begun == [0, 1, 2]
    assert stop.begun[3] > 0
    assert stop.begun[-1] == 4
    assert [epoch["step"] for epoch in trial.history] == [0, 1, 2, 3, 4]
    assert not list(Path(resumed.get_trial_dir("0")).glob("resume*"))


def test_a_loop_of_ones_own_begins_anew(tmp_path, stop):
    class Hand(luthier.HyperModel):
        def build(self, hp):
            return small(hp)

        def fit(self, hp, model, *args, **kwargs):
            return model.fit(*args, **kwargs)

    fit = {"epochs": 4, "callbacks": [stop()]}
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path, Hand(), max_trials=1, fit=fit)
    resumed = search(tmp_path, Hand(), max_trials=1, fit=fit)
    assert stop.begun == [0, 1, 2, 0, 1, 2, 3]
    assert [epoch["step"] for epoch in trials(resumed)[0].history] == [0, 1, 2, 3]


def test_a_retried_trial_begins_anew(tmp_path):
    begun = []

    class Break(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            begun.append(epoch)
            if len(begun) == 3:
                raise ValueError("once")

    made = search(
        tmp_path,
        max_trials=1,
        max_retries_per_trial=1,
        fit={"epochs": 4, "callbacks": [Break()]},
    )
    assert begun == [0, 1, 2, 0, 1, 2, 3]
    assert trials(made)[0].status == "COMPLETED"


# -- what goes wrong -------------------------------------------------------------------------------


def test_oversized_models_are_skipped_and_drawn_again(tmp_path):
    def sized(hp):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("n", 1, 8))])
        model.compile("sgd", "mse", run_eagerly=True)
        return model

    made = search(tmp_path, sized, max_model_size=20, max_trials=3, fit={"epochs": 1})
    states = [trial.record.state.value for trial in trials(made)]
    assert states.count("completed") == 3
    assert set(states) <= {"completed", "skipped"}
    scored = [t for t in trials(made) if t.score is not None]
    assert all(trial.hyperparameters.get("n") <= 4 for trial in scored)
    skipped = [t for t in trials(made) if t.score is None]
    assert all("Oversized model" in trial.message for trial in skipped)


@pytest.mark.parametrize(
    ("objective", "fit", "text"),
    [
        ("val_accuracy", {}, "val_accuracy.*val_loss"),
        ("val_loss", {"validation_data": None}, "val_loss.*validation_data"),
    ],
)
def test_an_objective_that_is_not_reported(tmp_path, objective, fit, text):
    with pytest.raises(FatalValueError, match=text):
        search(tmp_path, objective=objective, fit={"epochs": 50} | fit)


def test_a_hypermodel_that_builds_no_model(tmp_path):
    made = tuner(tmp_path, lambda hp: 3)  # as in KerasTuner, it is the search that says so
    with pytest.raises(FatalTypeError, match=r"valid Keras Model instance. Received: 3"):
        made.search(verbose=0)


@pytest.mark.parametrize(
    ("compiled", "text"),
    [
        (None, "return a compiled model"),
        ({"loss": "mean_square_error"}, "Expected a loss .* got 'mean_square_error'"),
        ({"loss": "mse", "metrics": ["acuracy"]}, "Expected a metric .* got 'acuracy'"),
    ],
)
def test_a_first_model_that_cannot_be_trained_ends_the_search(tmp_path, compiled, text):
    def wrong(hp):
        model = keras.Sequential([keras.layers.Dense(hp.Int("units", 1, 9)), keras.layers.Dense(1)])
        if compiled:
            model.compile("sgd", **compiled)
        return model

    made = tuner(tmp_path, wrong)
    with pytest.raises(FatalValueError, match=text):
        made.search(X, Y, **FIT)
    assert not any(trial.state.is_finished for trial in made.results.trials)


def test_a_later_model_that_cannot_be_trained_is_a_failed_trial(tmp_path):
    def wrong_later(hp):
        model = small(hp)
        model.compile("sgd", hp.Choice("loss", ["mse", "mean_square_error"]), run_eagerly=True)
        return model

    made = tuner(tmp_path, wrong_later, luthier.GridSearch, max_trials=2)
    made.search(X, Y, **FIT)
    assert [trial.state.value for trial in made.results.trials] == ["completed", "failed"]


def test_no_hypermodel(tmp_path):
    with pytest.raises(ValueError) as caught:
        tuner(tmp_path, None)
    assert str(caught.value) == (
        "Received `hypermodel=None`. We only allow not specifying `hypermodel` if the user defines "
        "the search space in `Tuner.run_trial()` by subclassing a `Tuner` class without using a "
        "`HyperModel` instance."
    )


@pytest.mark.parametrize("count", [0, -1, 1.5, True, None])
def test_a_number_of_executions_that_is_none(tmp_path, count):
    with pytest.raises(ValueError, match="Expected `executions_per_trial` to be a positive int"):
        tuner(tmp_path, executions_per_trial=count)


def test_a_callback_that_cannot_be_copied_is_named(tmp_path):
    class Sticky(keras.callbacks.Callback):
        def __deepcopy__(self, memo):
            raise TypeError("no")

    with pytest.raises(FatalValueError, match=r"deep-copyable.*Sticky"):
        search(tmp_path, fit={"callbacks": [Sticky()]})


def test_callbacks_of_one_trial_do_not_touch_another(tmp_path):
    stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=0)
    search(tmp_path, fit={"callbacks": [stopping], "epochs": 3})
    assert stopping.model is None


def test_a_model_whose_weights_are_gone_is_named(tmp_path):
    made = search(tmp_path, max_trials=1, fit={"epochs": 1})
    shutil.rmtree(made.get_trial_dir("0"))
    with pytest.raises(FileNotFoundError, match="trial_0"):
        made.get_best_models()


def test_a_trial_that_fails_does_not_stop_the_search(tmp_path):
    def fragile(hp):
        if hp.Int("n", 1, 6) % 2 == 0:
            raise ValueError("even")
        return small(hp)

    hp = luthier.HyperParameters()
    hp.Int("n", 1, 3)
    made = search(
        tmp_path,
        fragile,
        max_trials=None,
        kind=luthier.GridSearch,
        hyperparameters=hp,
        tune_new_entries=False,
        fit={"epochs": 1},
    )
    assert [t.status for t in trials(made)] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert len(made.get_best_models(9)) == 2
