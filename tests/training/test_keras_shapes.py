from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.keras


def one_output(**how: Any) -> Any:
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("adam", **how)
    return model


def two_outputs() -> Any:
    import keras

    given = keras.Input((3,))
    first, second = keras.layers.Dense(1, name="a")(given), keras.layers.Dense(1, name="b")(given)
    model = keras.Model(given, [first, second])
    model.compile("adam", "mse", metrics=[["mae"], ["mae"]])
    return model


def a_list_of_one() -> Any:
    import keras

    given = keras.Input((3,))
    model = keras.Model(given, [keras.layers.Dense(2)(given)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def lazy() -> Any:
    import keras

    class Lazy(keras.metrics.Mean):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(y_pred)

    return one_output(loss="mse", metrics=[Lazy(name="lazy"), "mae"])


def scores() -> Any:
    import keras

    return one_output(loss="mse", metrics=[keras.metrics.F1Score(name="f1"), "mae"])


MODELS: dict[str, Callable[[], Any]] = {
    "accuracy": lambda: one_output(loss="categorical_crossentropy", metrics=["accuracy"]),
    "no metrics": lambda: one_output(loss="mse"),
    "weighted": lambda: one_output(loss="mse", weighted_metrics=["mae"]),
    "scores that are built late": scores,
    "a mean of one's own": lazy,
    "two outputs": two_outputs,
    "a list of one output": a_list_of_one,
}


def built(model: Any, build: Callable[..., None], y: Any) -> dict[str, Any]:
    """What a model has after the build, and where random numbers stand."""
    x = np.zeros((6, 3), np.float32)

    class Epoch:
        def __iter__(self) -> Any:
            order = np.random.permutation(6)
            yield 0, 0, iter([(x[order[:4]], y)])

    np.random.seed(3)
    build(model, iterator=Epoch())
    return {
        "metrics": [(v.path.split("/")[-1], tuple(v.shape)) for v in model.metrics_variables],
        "names": [metric.name for metric in model.metrics],
        "optimizer": [tuple(v.shape) for v in model.optimizer.variables],
        "built": (model._compile_loss.built, getattr(model._compile_metrics, "built", None)),
        "random": np.random.rand(),
    }


@pytest.mark.parametrize("name", MODELS)
def test_a_model_has_what_keras_would_have_made(name: str) -> None:
    import keras

    from luthier.training._keras_shapes import symbolic_build

    half = np.zeros((4, 1), np.float32)
    y = [half, half] if name == "two outputs" else np.zeros((4, 2), np.float32)
    wanted = built(MODELS[name](), keras.Model._symbolic_build, y)
    assert built(MODELS[name](), symbolic_build, y) == wanted


@pytest.mark.parametrize("name", ["accuracy", "weighted"])
def test_means_need_no_run_of_the_model(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from luthier.training._keras_shapes import symbolic_build

    model = MODELS[name]()

    def never(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("it was run")

    monkeypatch.setattr(keras.layers.Dense, "call", never)
    built(model, symbolic_build, np.zeros((4, 2), np.float32))


@pytest.mark.jax
def test_targets_that_do_not_fit_are_said_as_keras_says_them() -> None:
    import keras

    from luthier.training._keras_shapes import symbolic_build

    y = {"a": np.zeros((4, 2), np.float32)}
    with pytest.raises(ValueError) as wanted:
        built(MODELS["no metrics"](), keras.Model._symbolic_build, y)
    with pytest.raises(ValueError) as got:
        built(MODELS["no metrics"](), symbolic_build, y)
    assert str(got.value) == str(wanted.value)


@pytest.mark.jax
def test_outputs_of_an_unknown_length_are_built_as_keras_does() -> None:
    import keras

    from luthier.training._keras_shapes import build_by_shapes

    model = keras.Sequential(
        [keras.Input((None, 1)), keras.layers.Conv1D(1, 1), keras.layers.Reshape((-1,))]
    )
    model.compile("sgd", "mse", metrics=["accuracy"])
    assert not build_by_shapes(model, np.zeros((4, 1), np.float32))
