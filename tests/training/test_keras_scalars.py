from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow

# Both in the range where Keras goes the same way.
PAIR = (0.25, 0.375)
ADAMS = ("Adam", "AdamW", "Nadam", "Adamax", "Lamb")
OPTIMIZERS = (
    *ADAMS,
    "SGD",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Lion",
    "Ftrl",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PolynomialDecay",
    "CosineDecay",
    "CosineDecayRestarts",
)
LOSSES = (
    "Huber",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
)
LAYERS = {
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "GaussianNoise",
    "AlphaDropout",
    "ELU",
    "BatchNormalization",
    "LayerNormalization",
    "GroupNormalization",
}


def layers(value: float) -> list[Any]:
    import keras
    from keras import layers

    return [
        layers.Dropout(value),
        layers.GaussianNoise(value),
        layers.AlphaDropout(value),
        layers.ELU(alpha=value),
        layers.BatchNormalization(momentum=value, epsilon=value),
        layers.LayerNormalization(epsilon=value),
        layers.GroupNormalization(groups=2, epsilon=value),
        layers.Dense(
            4,
            kernel_regularizer=keras.regularizers.L1L2(value, value),
            bias_regularizer=keras.regularizers.L2(value),
            activity_regularizer=keras.regularizers.L2(value),
        ),
    ]


def spatial(value: float) -> list[Any]:
    from keras import layers

    return [
        layers.Reshape((4, 1)),
        layers.SpatialDropout1D(value),
        layers.Reshape((2, 2, 1)),
        layers.SpatialDropout2D(value),
        layers.Reshape((2, 2, 1, 1)),
        layers.SpatialDropout3D(value),
        layers.Flatten(),
    ]


def optimizers() -> dict[str, Callable[[float], Any]]:
    from keras import optimizers as room
    from keras.optimizers import schedules

    def clipped(**options: Any) -> dict[str, Any]:
        return {"learning_rate": 0.1, "use_ema": True, **options}

    def adam(kind: str) -> Callable[[float], Any]:
        return lambda v: getattr(room, kind)(
            **clipped(beta_1=v, beta_2=v, epsilon=v, weight_decay=v, ema_momentum=v, clipnorm=v)
        )

    made: dict[str, Callable[[float], Any]] = {name: adam(name) for name in ADAMS}
    made["SGD"] = lambda v: room.SGD(
        **clipped(momentum=v, nesterov=True, weight_decay=v, clipvalue=v)
    )
    made["RMSprop"] = lambda v: room.RMSprop(
        **clipped(rho=v, momentum=v, epsilon=v, global_clipnorm=v)
    )
    made["Adagrad"] = lambda v: room.Adagrad(**clipped(epsilon=v))
    made["Adadelta"] = lambda v: room.Adadelta(**clipped(rho=v, epsilon=v))
    made["Lion"] = lambda v: room.Lion(**clipped(beta_1=v, beta_2=v))
    made["Ftrl"] = lambda v: room.Ftrl(
        learning_rate_power=-v,
        l1_regularization_strength=v,
        l2_regularization_strength=v,
        l2_shrinkage_regularization_strength=v,
        beta=v,
    )
    made["ExponentialDecay"] = lambda v: room.SGD(schedules.ExponentialDecay(v, 10, v))
    made["InverseTimeDecay"] = lambda v: room.SGD(schedules.InverseTimeDecay(v, 10, v))
    made["PolynomialDecay"] = lambda v: room.SGD(schedules.PolynomialDecay(v, 10, v / 2, v))
    made["CosineDecay"] = lambda v: room.SGD(
        schedules.CosineDecay(v, 10, v, warmup_target=2 * v, warmup_steps=3)
    )
    made["CosineDecayRestarts"] = lambda v: room.SGD(schedules.CosineDecayRestarts(v, 10, alpha=v))
    return made


def losses() -> dict[str, Callable[[float], Any]]:
    from keras import losses as room

    return {
        "Huber": lambda v: room.Huber(delta=v),
        "BinaryCrossentropy": lambda v: room.BinaryCrossentropy(label_smoothing=v),
        "BinaryFocalCrossentropy": lambda v: room.BinaryFocalCrossentropy(
            apply_class_balancing=True, alpha=v, gamma=v, label_smoothing=v
        ),
        "CategoricalCrossentropy": lambda v: room.CategoricalCrossentropy(label_smoothing=v),
        "CategoricalFocalCrossentropy": lambda v: room.CategoricalFocalCrossentropy(
            alpha=v, gamma=v, label_smoothing=v
        ),
    }


def model(body: list[Any], optimizer: Any = "sgd", loss: Any = "mse") -> Any:
    import keras

    made = keras.Sequential([keras.Input((4,)), *body])
    made.compile(optimizer, loss)
    return made


def traced(make: Callable[[float], Any], value: float) -> tuple[str, set[str], set[str]]:
    """The graph of a training step as text, the numbers that a model has, and those not read."""
    import tensorflow as tf

    from luthier.training import _tensorflow_sharing as sharing
    from luthier.training._keras_fingerprint import fingerprint
    from luthier.training._keras_model import reset_names
    from luthier.training._tensorflow_programs import Numbers, Program

    reset_names()
    made = make(value)
    data = np.ones((4, 4), "float32")
    iterator = iter(tf.data.Dataset.from_tensor_slices((data, data)).batch(2))
    sharing._complete(made, iterator.element_spec)
    look = fingerprint(made)
    numbers = Numbers(look.scalars)
    program = Program(
        lambda it: sharing._step(made, "train", it), iterator, look.variables, numbers
    )
    graph = program._graph.graph.as_graph_def()
    text = "".join([*map(str, graph.node), *sorted(map(str, graph.library.function))])
    text = re.sub(r'[-_]\d+"', '#"', text)  # numbers that keep names apart
    names = [f"{scalar.kind}.{scalar.name}" for scalar in look.scalars]
    return look.key + text, set(names), {names[index] for index in program.unread}


def check(make: Callable[[float], Any]) -> set[str]:
    first, names, unread = traced(make, PAIR[0])
    second, _, _ = traced(make, PAIR[1])
    assert first == second
    return names - unread


def test_numbers_of_layers_and_regularizers_are_inputs() -> None:
    import keras

    read = check(lambda value: model(layers(value)))
    read |= check(lambda value: model([*spatial(value), keras.layers.Dense(4)]))
    assert {number.split(".")[0] for number in read} == LAYERS | {"L2", "L1L2"}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_numbers_of_optimizers_and_schedules_are_inputs(name: str) -> None:
    import keras

    read = check(lambda value: model([keras.layers.Dense(4)], optimizers()[name](value)))
    assert any(number.startswith(f"{name}.") for number in read)


@pytest.mark.parametrize("name", LOSSES)
def test_numbers_of_losses_are_inputs(name: str) -> None:
    import keras

    def make(value: float) -> Any:
        body = [keras.layers.Dense(4, activation="softmax")]
        return model(body, loss=losses()[name](value))

    assert any(number.startswith(f"{name}.") for number in check(make))


def test_each_number_that_is_said_to_be_an_input_was_seen_to_be_one() -> None:
    """What the table names and no test above traces would be a claim without proof."""
    from luthier.training import _keras_scalars as table

    seen = set(OPTIMIZERS) | set(LOSSES) | LAYERS | {"L2", "L1L2"}
    assert {kind.__name__ for kind in table._SCALARS} == seen
