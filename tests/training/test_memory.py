from __future__ import annotations

import gc
import weakref

import pytest

from luthier.training import released, steady


class Node:
    """Refers to itself, as Keras models do."""

    def __init__(self) -> None:
        self.me = self


def test_what_was_made_inside_is_let_go() -> None:
    gc.disable()
    try:
        with released():
            inside = weakref.ref(Node())
            assert inside() is not None
        assert inside() is None
    finally:
        gc.enable()


def test_it_is_let_go_after_an_error_too() -> None:
    with pytest.raises(ValueError), released():
        raise ValueError


def test_what_is_older_is_set_aside_for_the_time_of_a_search() -> None:
    before = gc.get_freeze_count()
    with steady():
        assert gc.get_freeze_count() > before
    assert gc.get_freeze_count() == 0


@pytest.mark.tensorflow
def test_tensorflow_keeps_no_graphs_of_what_was_made_inside() -> None:
    import tensorflow as tf

    from luthier.training._tensorflow import traced_gradients

    def trace() -> float:
        @tf.custom_gradient
        def double(x):
            return 2 * x, lambda upstream: 2 * upstream

        @tf.function
        def gradient(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = double(x)
            return tape.gradient(y, x)

        return float(gradient(tf.constant(3.0)))

    assert trace() == 2.0
    known = traced_gradients()
    assert known
    with released():
        trace()
        assert traced_gradients() > known
    assert traced_gradients() == known


@pytest.mark.jax
def test_jax_keeps_no_programs_of_what_was_made_inside() -> None:
    import jax
    import keras

    assert keras.backend.backend() == "jax"
    step = jax.jit(lambda x: 2 * x)
    with released():
        assert float(step(3.0)) == 6.0
        assert step._cache_size() == 1
    assert step._cache_size() == 0
    assert float(step(3.0)) == 6.0
