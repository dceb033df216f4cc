"""The gradient of a maximum over windows, in slices: that gradient to the bit, or left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.jax

RANDOM = np.random.default_rng(0)


def gradients(images: Any, window: int, stride: int, padding: str) -> tuple[Any, Any]:
    """JAX's own, and with the rule."""
    import jax

    from luthier.programs import trace
    from luthier.programs._jax_pooling import as_slices

    def loss(images: Any) -> Any:
        shape, strides = (1, window, window, 1), (1, stride, stride, 1)
        most = jax.lax.reduce_window(images, -np.inf, jax.lax.max, shape, strides, padding)
        return (most * (1 + jax.numpy.arange(most.size).reshape(most.shape) % 7)).sum()

    one = trace(jax.grad(loss), images)
    assert "select_and_scatter_add" in str(one.closed)
    used: list[str] = []

    def rule(equation: Any, operands: Any) -> Any:
        result = as_slices(equation, operands)
        used.extend([equation.primitive.name] if result is not None else [])
        return result

    ours = one.replay(one.constants, images, rule=rule)
    assert used == (["select_and_scatter_add"] if jax.default_backend() == "cpu" else [])
    return jax.grad(loss)(images), ours


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (3, 3), (2, 1), (2, 3)])
@pytest.mark.parametrize("size", [6, 7])
def test_a_gradient_is_the_same(size: int, window: int, stride: int, padding: str) -> None:
    images = RANDOM.standard_normal((3, size, size + 1, 2)).astype("float32")
    usual, ours = gradients(images, window, stride, padding)
    # Slopes are small whole numbers: sums of them are exact in any order.
    np.testing.assert_array_equal(usual, ours)


def test_of_equal_places_the_first_has_the_slope() -> None:
    images = np.maximum(RANDOM.integers(-3, 3, (4, 6, 6, 3)), 0).astype("float32")
    np.testing.assert_array_equal(*gradients(images, 2, 2, "VALID"))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_of_short_numbers_too(dtype: str) -> None:
    import jax.numpy as jnp

    images = jnp.asarray(RANDOM.integers(-9, 9, (2, 4, 4, 2)), dtype)
    usual, ours = gradients(images, 2, 2, "VALID")
    assert usual.dtype == ours.dtype
    np.testing.assert_array_equal(np.float32(usual), np.float32(ours))


def test_large_windows_and_minima_are_left_alone() -> None:
    import jax

    from luthier.programs import trace
    from luthier.programs._jax_pooling import as_slices

    images = RANDOM.standard_normal((1, 12, 12, 1)).astype("float32")

    def largest(images: Any) -> Any:
        return jax.lax.reduce_window(
            images, -np.inf, jax.lax.max, (1, 6, 6, 1), (1, 6, 6, 1), "VALID"
        ).sum()

    def smallest(images: Any) -> Any:
        return jax.lax.reduce_window(
            images, np.inf, jax.lax.min, (1, 2, 2, 1), (1, 2, 2, 1), "VALID"
        ).sum()

    for loss in (largest, smallest):
        one = trace(jax.grad(loss), images)
        (equation,) = [e for e in one.closed.jaxpr.eqns if "scatter" in e.primitive.name]
        assert as_slices(equation, [images, images]) is None


def test_a_number_that_is_none_reaches_what_is_below() -> None:
    images = RANDOM.standard_normal((1, 4, 4, 1)).astype("float32")
    images[0, 1, 1, 0] = np.nan
    _, ours = gradients(images, 2, 2, "VALID")
    assert np.count_nonzero(ours) == 4, "a slope is lost where a number is none"


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_slopes_of_overlapping_windows_are_summed_in_the_same_order(padding: str) -> None:
    import jax

    from luthier.programs import trace
    from luthier.programs._jax_pooling import as_slices

    images = RANDOM.standard_normal((3, 9, 9, 2)).astype("float32")
    shape, strides = (1, 3, 3, 1), (1, 1, 1, 1)

    def loss(images: Any) -> Any:
        most = jax.lax.reduce_window(images, -np.inf, jax.lax.max, shape, strides, padding)
        return (most * jax.numpy.sin(jax.numpy.arange(most.size)).reshape(most.shape)).sum()

    one = trace(jax.grad(loss), images)
    ours = one.replay(one.constants, images, rule=as_slices)
    np.testing.assert_array_equal(ours, jax.grad(loss)(images))
