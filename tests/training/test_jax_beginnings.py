"""What variables begin with is the same to the bit, and new shapes are not compiled for."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.jax

SHAPES = [(7,), (5, 5, 1, 8), (3, 300), (1, 1), (), (0, 3), (33, 129)]
RANDOM = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
]


def _made(name: str, shape: tuple[int, ...], dtype: str) -> Any:
    import keras

    return getattr(keras.initializers, name)(seed=3)(shape, dtype=dtype)


def _same(one: Any, other: Any) -> bool:
    return (
        one.dtype == other.dtype
        and one.shape == other.shape
        and one.weak_type == other.weak_type
        and np.asarray(one).tobytes() == np.asarray(other).tobytes()
    )


def test_every_random_initializer_is_known() -> None:
    import keras

    base = keras.initializers.RandomUniform.__mro__[1]
    kinds = [value for value in vars(keras.initializers).values() if isinstance(value, type)]
    found = {kind.__name__ for kind in kinds if issubclass(kind, base) and kind is not base}
    assert found | {"Orthogonal"} == set(RANDOM)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("name", RANDOM)
def test_random_numbers_are_keras_own(name: str, dtype: str) -> None:
    from luthier.training._jax_beginnings import compiled_for_few_shapes

    if name == "Orthogonal" and dtype != "float32":
        pytest.skip("Keras has none of this type")
    shapes = SHAPES if name.startswith(("Random", "Truncated")) else SHAPES[1:3]
    for shape in shapes:
        with compiled_for_few_shapes():
            ours = _made(name, shape, dtype)
        assert _same(ours, _made(name, shape, dtype)), (shape, dtype)


def test_constants_are_keras_own() -> None:
    import keras

    from luthier.training._jax_beginnings import compiled_for_few_shapes

    for name, shape, dtype in itertools.product(
        ["Zeros", "Ones"], SHAPES, ["float32", "bfloat16", "int32", "bool", None]
    ):
        make = getattr(keras.initializers, name)()
        with compiled_for_few_shapes():
            ours = make(shape, dtype=dtype)
        assert _same(ours, make(shape, dtype=dtype))


def test_another_generator_draws_as_it_does() -> None:
    import jax

    from luthier.training._jax_beginnings import compiled_for_few_shapes

    with jax.threefry_partitionable(False):
        with compiled_for_few_shapes():
            ours = _made("GlorotUniform", (5, 7), "float32")
        assert _same(ours, _made("GlorotUniform", (5, 7), "float32"))


def test_a_new_shape_is_not_compiled_for() -> None:
    import jax
    import keras

    from luthier.training._jax_beginnings import compiled_for_few_shapes

    compiles: list[str] = []

    def heard(event: str, seconds: float, **_: Any) -> None:
        if event.endswith("backend_compile_duration"):
            compiles.append(event)

    def build(units: int) -> Any:
        layers = [keras.layers.Dense(units), keras.layers.BatchNormalization()]
        model = keras.Sequential([keras.Input((5,)), *layers])
        optimizer = keras.optimizers.Adam()
        optimizer.build(model.trainable_variables)
        return model

    jax.monitoring.register_event_duration_secs_listener(heard)
    with compiled_for_few_shapes():
        build(11)
        compiles.clear()
        build(13)
    assert compiles == []
    jax.jit(lambda x: x + 1)(np.ones(3))
    assert compiles, "compiles were not heard of"


def test_a_trace_holds_no_arrays() -> None:
    import jax
    from keras import ops

    from luthier.training._jax_beginnings import compiled_for_few_shapes

    with compiled_for_few_shapes():
        assert jax.make_jaxpr(lambda x: x + ops.zeros((300,)))(np.ones(300)).consts == []


def test_keras_is_as_it_was() -> None:
    from keras.src.backend.jax import numpy, random

    from luthier.training._jax_beginnings import compiled_for_few_shapes

    before = numpy.zeros, random.uniform
    with compiled_for_few_shapes(), compiled_for_few_shapes():
        assert random.uniform is not before[1]
    assert (numpy.zeros, random.uniform) == before


def test_a_search_of_widths_trains_inside(tmp_path: Path) -> None:
    """The door is open while a trial's model is built and trained, and shut outside."""
    import keras
    from keras.src.backend.jax import random

    import luthier

    usual, seen = random.uniform, []

    def build(hp: Any) -> Any:
        seen.append(random.uniform)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(hp.Int("units", 2, 9))])
        model.compile("sgd", "mse")
        return model

    tuner = luthier.RandomSearch(build, "loss", max_trials=1, seed=0, directory=tmp_path)
    tuner.search(np.ones((4, 3)), np.ones((4, 1)), epochs=1, verbose=0)
    assert seen[-1] is not usual
    assert random.uniform is usual
