from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from luthier.errors import FatalTypeError, FatalValueError, OversizedModelError
from luthier.space import HyperParameters
from luthier.training import (
    BuildSettings,
    as_hypermodel,
    build_model,
    load_model,
    write_build_config,
)
from tests.training.models import build_eagerly, build_with_input, data

pytestmark = pytest.mark.keras


def made(function: Any = build_with_input, **settings: Any) -> Any:
    hypermodel = as_hypermodel(function)
    assert hypermodel is not None
    return build_model(hypermodel, HyperParameters(), BuildSettings(**settings))


def test_automatic_names_are_the_same_in_every_trial() -> None:
    def with_metric(hp: HyperParameters) -> Any:
        import keras

        model = build_with_input(hp)
        model.compile("sgd", "mse", metrics=[keras.metrics.MeanAbsoluteError()])
        return model

    names = []
    for _ in range(2):
        model = made(with_metric)
        x, y = data(4)
        logs = model.evaluate(x, y, verbose=0, return_dict=True)
        names.append(([layer.name for layer in model.layers], sorted(logs)))
    assert names[0] == names[1] == (["dense", "dense_1"], ["loss", "mean_absolute_error"])


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(FatalTypeError) as error:
        made(lambda hp: 3)
    assert str(error.value) == (
        "Expected the model-building function, or HyperModel.build() to return a valid Keras Model "
        "instance. Received: 3 of type <class 'int'>."
    )


def test_a_model_of_keras_2_is_refused_with_advice() -> None:
    kind = type("Model", (), {"__module__": "tf_keras.src.engine.training"})
    with pytest.raises(FatalTypeError, match="one of Keras 2"):
        made(lambda hp: kind())


def test_compile_arguments_are_overridden_and_the_others_stay() -> None:
    import keras

    def weighted(hp: HyperParameters) -> Any:
        model = build_with_input(hp)
        model.compile("adam", "mse", loss_weights=[0.5], run_eagerly=True)
        return model

    model = made(weighted, loss="mae", metrics=["mse"])
    config = model.get_compile_config()
    assert model.loss == "mae"
    assert config["metrics"] == ["mse"]
    assert config["loss_weights"] == [0.5]
    assert model.run_eagerly
    assert isinstance(model.optimizer, keras.optimizers.Adam)


def test_nothing_overridden_leaves_the_model_as_it_is() -> None:
    optimizers = []

    def remembering(hp: HyperParameters) -> Any:
        model = build_with_input(hp)
        optimizers.append(model.optimizer)
        return model

    assert made(remembering).optimizer is optimizers[0]


def test_one_optimizer_serves_many_trials() -> None:
    import keras

    optimizer = keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9))
    metric = keras.metrics.MeanSquaredError(name="error")
    x, y = data(8)
    # Compiled again, the model keeps its other settings: it stays quick.
    models = [made(optimizer=optimizer, metrics=[metric]) for _ in range(2)]
    for model in models:
        model.fit(x, y, verbose=0)
        assert int(np.asarray(model.optimizer.iterations)) == 1
        assert model.optimizer is not optimizer
    assert not optimizer.built
    assert abs(float(models[1].optimizer.learning_rate) - 0.5 * 0.9**0.1) < 1e-6


def test_an_optimizer_that_cannot_be_copied_is_named() -> None:
    import keras

    class Odd(keras.optimizers.SGD):
        def __init__(self, needed: float) -> None:
            super().__init__(needed)

        def get_config(self) -> dict[str, Any]:
            return {}

    with pytest.raises(FatalValueError, match=r"`optimizer` cannot be copied .*Odd"):
        made(optimizer=Odd(0.1))


def test_large_models_are_refused_by_their_trainable_parameters() -> None:
    def half_frozen(hp: HyperParameters) -> Any:
        model = build_with_input(hp)
        model.layers[0].trainable = False
        return model

    with pytest.raises(OversizedModelError, match=r"^Oversized model: 6 parameters. Skip model.$"):
        made(max_model_size=5)
    assert made(max_model_size=6).count_params() == 6
    assert made(half_frozen, max_model_size=2).count_params() == 6


def test_a_model_not_built_yet_has_no_size() -> None:
    assert not made(build_eagerly, max_model_size=1).built


def test_models_are_made_in_the_scope_of_the_strategy() -> None:
    inside: list[bool] = []

    class Strategy:
        entered = False

        @contextlib.contextmanager
        def scope(self) -> Iterator[None]:
            self.entered = True
            yield
            self.entered = False

    strategy = Strategy()

    def watching(hp: HyperParameters) -> Any:
        inside.append(strategy.entered)
        return build_with_input(hp)

    made(watching, distribution_strategy=strategy)
    assert inside == [True]
    assert not strategy.entered


def test_a_model_that_its_first_batch_builds_can_be_loaded(tmp_path: Path) -> None:
    from luthier.training._keras_saving import save_weights

    x, y = data(8)
    model = made(build_eagerly)
    model.fit(x, y, verbose=0)
    checkpoint, shapes = tmp_path / "best.weights.h5", tmp_path / "deep" / "shapes.json"
    save_weights(model, checkpoint)
    write_build_config(model, shapes)
    assert json.loads(shapes.read_text())
    hypermodel = as_hypermodel(build_eagerly)
    assert hypermodel is not None
    twin = load_model(hypermodel, HyperParameters(), BuildSettings(), checkpoint, shapes)
    np.testing.assert_allclose(twin.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)


def test_layers_that_only_a_call_builds_get_their_weights(tmp_path: Path) -> None:
    import keras

    from luthier.training._keras_saving import save_weights

    class Late(keras.Model):
        def build(self, shape: Any) -> None:
            self.layer = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.layer(x)

    def build(hp: HyperParameters) -> Any:
        model = Late()
        model.compile("adam", "mse", run_eagerly=True)
        return model

    x, y = data(8)
    model = build(HyperParameters())
    model.fit(x, y, verbose=0)
    checkpoint, shapes = tmp_path / "best.weights.h5", tmp_path / "shapes.json"
    save_weights(model, checkpoint)
    write_build_config(model, shapes)
    hypermodel = as_hypermodel(build)
    assert hypermodel is not None
    twin = load_model(hypermodel, HyperParameters(), BuildSettings(), checkpoint, shapes)
    np.testing.assert_allclose(twin.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)


def test_weights_of_keras_2_are_said_to_be_such(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.index").touch()
    hypermodel = as_hypermodel(build_eagerly)
    assert hypermodel is not None
    with pytest.raises(FileNotFoundError, match="TensorFlow's own format"):
        load_model(
            hypermodel, HyperParameters(), BuildSettings(), tmp_path / "checkpoint.weights.h5"
        )


def test_weights_that_are_gone_are_named(tmp_path: Path) -> None:
    hypermodel = as_hypermodel(build_eagerly)
    assert hypermodel is not None
    with pytest.raises(FileNotFoundError, match=r"gone\.weights\.h5"):
        load_model(hypermodel, HyperParameters(), BuildSettings(), tmp_path / "gone.weights.h5")
