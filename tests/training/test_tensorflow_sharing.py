from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from luthier.errors import FatalRuntimeError
from luthier.training import Sharing
from tests.training.models import data

pytestmark = pytest.mark.tensorflow

ARCHITECTURES = ("dense", "convolution", "recurrent", "two inputs", "unbuilt")
SAME = {"rtol": 1e-6, "atol": 1e-7}


@pytest.fixture
def shared() -> Sharing:
    """What the models of one search share."""
    return Sharing()


def network(kind: str, p: Mapping[str, float], optimizer: Any = None) -> Any:
    """A model of one of several architectures; its numbers are `p`."""
    import keras
    from keras import layers, regularizers

    decay = regularizers.L2(p["l2"])
    inputs = layers.Input((3,))
    if kind == "unbuilt":
        model = keras.Sequential(
            [layers.Dense(4, "relu", kernel_regularizer=decay), layers.Dropout(p["rate"])]
        )
        model.add(layers.Dense(1))
    else:
        if kind == "dense":
            x = layers.BatchNormalization(momentum=p["momentum"])(layers.Dense(4, "tanh")(inputs))
        elif kind == "convolution":
            x = layers.Conv1D(2, 2, kernel_regularizer=decay)(layers.Reshape((3, 1))(inputs))
            x = layers.LayerNormalization(epsilon=p["epsilon"])(layers.Flatten()(x))
        elif kind == "recurrent":
            x = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 1.0, 2.0])(inputs)
            x = layers.RandomFlip()(layers.Reshape((3, 1, 1))(x))
            x = layers.Reshape((3, 1))(x)
            x = layers.SimpleRNN(3, kernel_regularizer=decay)(x)
        else:
            left = layers.Dense(3, kernel_regularizer=decay)(inputs)
            x = layers.Concatenate()([left, layers.GaussianNoise(p["rate"])(inputs)])
        x = layers.Dropout(p["rate"])(x)
        model = keras.Model(inputs, layers.Dense(1)(x))
    if optimizer is None:
        optimizer = keras.optimizers.Adam(p["lr"], beta_1=p["beta"], weight_decay=p["l2"])
    model.compile(optimizer, keras.losses.Huber(delta=p["delta"]), metrics=["mae"])
    return model


def numbers(rng: np.random.Generator) -> dict[str, float]:
    return {
        "rate": rng.uniform(0.05, 0.6),
        "l2": 10 ** rng.uniform(-5, -1),
        "lr": 10 ** rng.uniform(-3, -1),
        "beta": rng.uniform(0.5, 0.95),
        "delta": rng.uniform(0.1, 0.9),
        "momentum": rng.uniform(0.5, 0.95),
        "epsilon": 10 ** rng.uniform(-5, -2),
    }


def train(make: Callable[[], Any], share: Callable[[Any], None], **options: Any) -> Any:
    """What a fit gave, epoch by epoch, and the state of the model after it."""
    import keras

    from luthier.training._keras_model import reset_names

    reset_names()
    keras.utils.set_random_seed(7)
    model = make()
    share(model)
    x, y = data()
    options = {"epochs": 2, "batch_size": 20, "shuffle": False, "verbose": 0, **options}
    history = model.fit(x, y, validation_data=(x[:30], y[:30]), **options).history
    state = [np.asarray(v.value) for v in (*model.variables, *model.optimizer.variables)]
    return history, state


def plainly(model: Any) -> None:
    """As Keras does."""


def sharing(shared: Sharing, info: dict[str, Any] | None = None) -> Callable[[Any], None]:
    from luthier.training._tensorflow_sharing import share_steps

    return lambda model: share_steps(model, shared, {} if info is None else info)


def assert_same(one: Any, other: Any) -> None:
    assert one[0].keys() == other[0].keys()
    for name, values in one[0].items():
        np.testing.assert_allclose(values, other[0][name], **SAME)
    assert len(one[1]) == len(other[1])
    for mine, theirs in zip(one[1], other[1], strict=True):
        np.testing.assert_allclose(mine, theirs, **SAME)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_later_trials_trace_nothing_and_equal_a_plain_fit(kind: str, shared: Sharing) -> None:
    rng = np.random.default_rng(ARCHITECTURES.index(kind))
    for _ in range(3):
        p = numbers(rng)
        info: dict[str, Any] = {}
        one = train(lambda: network(kind, p), sharing(shared, info))  # noqa: B023
        assert info == {"ran": "compiled once"}
        assert shared.graphs.traced == 2  # a step of training and one of testing
    assert_same(one, train(lambda: network(kind, p), plainly))
    assert len(shared.graphs) == 1


def test_what_differs_in_more_than_numbers_has_a_program_of_its_own(shared: Sharing) -> None:
    import keras

    p = numbers(np.random.default_rng(0))
    share = sharing(shared)
    train(lambda: network("dense", p), share)
    for count, change in enumerate(
        (
            {"rate": 0.0},  # Keras asks whether there is any dropout
            {"delta": 2.5},
        ),
        start=2,
    ):
        q = {**p, **change}
        one = train(lambda q=q: network("dense", q), share)
        assert shared.graphs.traced == 2 * count
        assert_same(one, train(lambda q=q: network("dense", q), plainly))

    def frozen() -> Any:
        model = network("dense", p)
        model.layers[1].trainable = False
        model.compile(keras.optimizers.Adam(p["lr"]), "mse")
        return model

    assert_same(train(frozen, share), train(frozen, plainly))


def test_callbacks_do_what_they_do_to_a_plain_fit(shared: Sharing) -> None:
    import keras

    def callbacks() -> list[Any]:
        return [
            keras.callbacks.EarlyStopping("loss", patience=0, restore_best_weights=True),
            keras.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=100.0),
        ]

    for seed in range(2):
        p = {**numbers(np.random.default_rng(seed)), "lr": 0.5}
        one = train(
            lambda p=p: network("dense", p),
            sharing(shared),
            callbacks=callbacks(),
            epochs=4,
        )
        plain = train(lambda p=p: network("dense", p), plainly, callbacks=callbacks(), epochs=4)
        assert_same(one, plain)
    assert shared.graphs.traced == 2


def test_what_a_callback_changes_before_testing_counts(shared: Sharing) -> None:
    import keras

    class Relax(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.model.layers[1].kernel_regularizer.l2 = 0.5

    def dense() -> Any:
        p = numbers(np.random.default_rng(1))
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dropout(0.2)])
        model.add(keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(p["l2"])))
        model.compile("sgd", "mse")
        return model

    for _ in range(2):
        one = train(dense, sharing(shared), callbacks=[Relax()])
    assert_same(one, train(dense, plainly, callbacks=[Relax()]))
    assert shared.graphs.traced == 2


class Power:
    """What a function reads and nobody can see through."""

    value = 1.0


@pytest.mark.parametrize("case", ["layer", "loss", "step", "eager", "several steps"])
def test_what_cannot_be_seen_through_is_trained_plainly_and_says_so(
    case: str, shared: Sharing
) -> None:
    import keras

    class Doubled(keras.layers.Dense):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return 2 * super().call(inputs)

    class Own(keras.Sequential):  # type: ignore[misc]
        def train_step(self, data: Any) -> Any:
            return super().train_step(data)

    power = Power()

    def loss(y: Any, prediction: Any) -> Any:
        return keras.ops.mean(keras.ops.abs(y - prediction) ** power.value)

    def make() -> Any:
        layer = Doubled(1) if case == "layer" else keras.layers.Dense(1)
        model = (Own if case == "step" else keras.Sequential)([keras.Input((3,)), layer])
        model.compile(
            "sgd",
            loss if case == "loss" else "mse",
            run_eagerly=case == "eager",
            steps_per_execution=2 if case == "several steps" else 1,
        )
        return model

    info: dict[str, Any] = {}
    one = train(make, sharing(shared, info), epochs=1)
    assert_same(one, train(make, plainly, epochs=1))
    assert shared.graphs.traced == 0
    says = {
        "layer": "Doubled is not Keras's own",
        "loss": "Power is not Keras's own",
        "step": "Own is not Keras's own",
        "eager": "runs eagerly",
        "several steps": "several steps at once",
    }
    assert info["ran"] == "plain"
    assert says[case] in info["ran_why"]
    with pytest.raises(FatalRuntimeError, match=f"{says[case]}.*strict=True"):
        train(make, sharing(Sharing(strict=True)), epochs=1)


def test_data_of_another_form_has_a_program_of_its_own(shared: Sharing) -> None:
    p = numbers(np.random.default_rng(2))
    model = network("dense", p)
    sharing(shared)(model)
    x, y = data()
    model.fit(x, y, batch_size=20, verbose=0)
    model.fit(x, y, sample_weight=np.ones(len(x)), batch_size=20, verbose=0)
    assert shared.graphs.traced == 2
    loss, _ = model.evaluate(x, y, verbose=0)
    assert shared.graphs.traced == 3
    assert np.isfinite(loss)
    assert np.isfinite(model.train_on_batch(x, y)).all()
    assert model.predict(x, verbose=0).shape == y.shape


def test_a_model_that_is_over_is_let_go_and_its_program_is_not(shared: Sharing) -> None:
    p = numbers(np.random.default_rng(3))
    gone: list[Any] = []

    def make() -> Any:
        model = network("dense", p)
        gone.append(weakref.ref(model))
        return model

    train(make, sharing(shared))
    gc.collect()
    assert gone[0]() is None
    train(make, sharing(shared))
    assert shared.graphs.traced == 2


def test_models_may_take_turns_with_one_program(shared: Sharing) -> None:
    from luthier.training._keras_model import reset_names

    rng = np.random.default_rng(4)
    x, y = data()
    models = []
    for _ in range(2):
        reset_names()
        models.append(network("dense", numbers(rng)))
    alone = [model.evaluate(x, y, verbose=0) for model in models]
    for model in models:
        model.test_function = None
        sharing(shared)(model)
    for _ in range(2):
        together = [model.evaluate(x, y, verbose=0) for model in models]
        np.testing.assert_allclose(together, alone, **SAME)
    assert shared.graphs.traced == 1


def test_a_search_compiles_once_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import luthier

    def build(hp: luthier.HyperParameters) -> Any:
        names = ("rate", "l2", "lr", "beta", "delta", "momentum", "epsilon")
        return network("dense", {name: hp.Float(name, 0.1, 0.9) for name in names})

    x, y = data()
    tuner = luthier.RandomSearch(build, "val_loss", max_trials=3, seed=0, directory=tmp_path)
    tuner.search(x, y, validation_data=(x, y), epochs=1, verbose=2)
    assert [trial.info["ran"] for trial in tuner.results.trials] == ["compiled once"] * 3
    assert "3 trials: 3 compiled once in 1 program" in capsys.readouterr().out


def test_a_number_that_a_loss_reads_in_python_is_named_where_it_costs_a_trace(
    tmp_path: Path,
) -> None:
    import keras

    import luthier

    def build(hp: luthier.HyperParameters) -> Any:
        share, unit = hp.Choice("share", [0.5, 0.25]), 1.0

        def loss(y_true: Any, y_pred: Any) -> Any:
            return unit * share * keras.ops.mean(keras.ops.square(y_true - y_pred), -1)

        model = network("dense", numbers(np.random.default_rng(5)))
        model.compile(keras.optimizers.SGD(hp.Choice("rate", [0.01, 0.02])), loss)
        return model

    x, y = data()
    tuner = luthier.GridSearch(build, "val_loss", max_trials=4, directory=tmp_path)
    tuner.search(x, y, validation_data=(x, y), epochs=1, verbose=0)
    whys = [trial.info.get("own_numbers_why", "") for trial in tuner.results.trials]
    assert len(whys) == 4
    assert sum("code of one's own reads share as Python numbers" in why for why in whys) == 1
    assert whys.count("") == 3


def test_programs_of_large_models_are_not_hoarded(
    shared: Sharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    from luthier.training import _tensorflow_programs

    p = numbers(np.random.default_rng(5))
    monkeypatch.setattr(_tensorflow_programs, "_MOST_BYTES", 100)
    for count in (2, 4):
        train(lambda: network("dense", p), sharing(shared), epochs=1)
        assert shared.graphs.traced == count


def test_what_goes_wrong_inside_leaves_a_plain_fit(
    shared: Sharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    from luthier.training import _tensorflow_sharing

    def other(*_: Any) -> None:
        raise AttributeError("another Keras")

    monkeypatch.setattr(_tensorflow_sharing, "fingerprint", other)
    p = numbers(np.random.default_rng(6))
    info: dict[str, Any] = {}
    history, _ = train(lambda: network("dense", p), sharing(shared, info), epochs=1)
    assert np.isfinite(history["loss"]).all()
    assert info == {"ran": "plain", "ran_why": "AttributeError: another Keras"}
