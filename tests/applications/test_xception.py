from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from luthier.applications import HyperXception
from luthier.space import HyperParameters

pytestmark = pytest.mark.keras


def build(values: dict[str, Any] | None = None, **options: Any) -> tuple[Any, HyperParameters]:
    hp = HyperParameters()
    hp.values.update(values or {})
    return HyperXception(**{"input_shape": (28, 28, 1), "classes": 10, **options}).build(hp), hp


# Reference: the same models of keras-tuner 1.4.8, asked for their number of parameters.
@pytest.mark.parametrize(
    ("values", "parameters"),
    [
        ({}, 1_058_592),
        ({"kernel_size": 5}, 1_059_616),
        ({"num_residual_blocks": 2, "pooling": "max"}, 783_136),
        ({"conv2d_num_filters": 128, "sep_num_filters": 128}, 285_600),
        ({"num_dense_layers": 3, "dense_use_bn": False}, 1_058_772),
        ({"num_dense_layers": 3, "activation": "selu"}, 1_049_364),
        (
            {
                "activation": "selu",
                "num_residual_blocks": 2,
                "num_dense_layers": 2,
                "pooling": "flatten",
            },
            1_022_630,
        ),
    ],
)
def test_models_have_the_size_of_keras_tuners(values: dict[str, Any], parameters: int) -> None:
    model, _ = build(values)
    assert model.count_params() == parameters


def test_hyperparameters_are_those_of_keras_tuner() -> None:
    _, hp = build()
    assert hp.values == {
        "activation": "relu",
        "conv2d_num_filters": 64,
        "kernel_size": 3,
        "initial_strides": 2,
        "sep_num_filters": 256,
        "num_residual_blocks": 4,
        "pooling": "avg",
        "num_dense_layers": 1,
        "dropout_rate": 0.5,
        "dense_use_bn": True,
        "learning_rate": 1e-3,
    }
    assert list(hp.values) == [parameter.name for parameter in hp.space]
    assert hp.space[4].get_config()["max_value"] == 768
    assert hp.space[8].get_config()["step"] == 0.1


def test_with_its_top_a_model_can_be_trained() -> None:
    values = {"num_residual_blocks": 2, "sep_num_filters": 128, "conv2d_num_filters": 32}
    model, _ = build(values, input_shape=(8, 8, 1), classes=3)
    x = np.random.default_rng(0).random((6, 8, 8, 1), dtype="float32")
    history = model.fit(x, np.eye(3, dtype="float32")[[0, 1, 2] * 2], verbose=0)
    assert set(history.history) == {"accuracy", "loss"}


def test_without_its_top_a_model_gives_features_and_is_not_compiled() -> None:
    model, hp = build(include_top=False, classes=None)
    assert model.output.shape == (None, 512)
    assert not model.compiled
    assert len(hp.space) == 7


def test_an_input_tensor_may_be_given() -> None:
    import keras

    tensor = keras.Input((32, 32, 3))
    model, _ = build({"num_residual_blocks": 2}, input_shape=None, input_tensor=tensor)
    assert model.inputs[0] is tensor


def test_name_and_tunable_are_a_hypermodels() -> None:
    hypermodel = HyperXception(input_shape=(8, 8, 1), classes=2, name="x", tunable=False)
    hp = HyperParameters()
    hypermodel.build(hp)
    assert (hypermodel.name, hp.space) == ("x", [])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"classes": None}, "You must specify `classes` when `include_top=True`"),
        ({"input_shape": None}, "You must specify either `input_shape` or `input_tensor`."),
    ],
)
def test_what_is_missing_is_said_at_once(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match="^" + text.replace("`", "`")):
        build(**options)
