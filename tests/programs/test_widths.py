"""A step written anew for wider layers computes what it computed, or says that it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.jax

X = np.linspace(-1.0, 1.5, 24, dtype=np.float32).reshape(4, 6)


LAYERS = ["relu", "gelu", "dropped", "gated", "imaged", "normal"]


def _layers() -> dict[str, Callable[[Any, Any], Any]]:
    """What may happen to hidden units, from `(rows, units)` to the same shape."""
    import jax
    import jax.numpy as jnp

    def dropped(h: Any, key: Any) -> Any:
        return jnp.where(jax.random.bernoulli(key, 0.7, h.shape), h / 0.7, 0.0)

    def gated(h: Any, key: Any) -> Any:
        halves = jnp.concatenate([h, 2 * h], axis=1)
        first, second = jnp.split(halves, 2, axis=1)
        return first * jnp.tanh(second)

    def imaged(h: Any, key: Any) -> Any:
        image = jnp.broadcast_to(h[:, None, None, :], (4, 2, 3, h.shape[1]))
        image = image * jax.random.uniform(key, image.shape)
        return image.reshape(4, -1).reshape(24, -1)[::6]

    return {
        "relu": lambda h, key: jax.nn.relu(h),
        "gelu": lambda h, key: jax.nn.gelu(h),
        "dropped": dropped,
        "gated": gated,
        "imaged": imaged,
        "normal": lambda h, key: h / jnp.sqrt(1 + jnp.mean(h**2, axis=1, keepdims=True)),
    }


def _step(names: list[str]) -> Callable[[Any, Any], Any]:
    import jax
    import jax.numpy as jnp

    def loss(weights: Any, key: Any, x: Any) -> Any:
        hidden = x @ weights["in"] + weights["bias"]
        for index, name in enumerate(names):
            hidden = _layers()[name](hidden, jax.random.fold_in(key, index))
        return jnp.mean((hidden @ weights["out"] - x[:, :2]) ** 2)

    def step(state: Any, x: Any) -> Any:
        weights, number = state
        key = jax.random.fold_in(jax.random.key(7), number)
        value, slopes = jax.value_and_grad(loss)(weights, key, x)
        weights = jax.tree.map(lambda w, slope: w - 0.1 * slope, weights, slopes)
        return value, (weights, number + 1)

    return step


def _state(units: int) -> Any:
    random = np.random.default_rng(units)
    shapes = {"bias": (units,), "in": (6, units), "out": (units, 2)}
    weights = {k: random.normal(size=shape).astype(np.float32) for k, shape in shapes.items()}
    return weights, np.int32(0)


def _widened(step: Any, units: int, wide: int) -> tuple[Any, Any, Any, Any]:
    from luthier.programs import Widening, trace

    state = _state(units)
    own = trace(step, state, X)
    one = Widening(own, 4)
    assert [factor.size for factor in one.factors] == [units]
    one.factors[0].wide = wide
    return state, own, one.widened(), one.padding()


@settings(max_examples=6)
@given(
    st.lists(st.sampled_from(LAYERS), min_size=1, max_size=3),
    st.integers(3, 9),
)
def test_steps_of_all_widths_are_one_skeleton_and_keep_their_results(
    names: list[str], units: int
) -> None:
    from luthier.programs import disagreement

    step = _step(names)
    state, own, wider, padding = _widened(step, units, 10)
    assert wider.skeleton == _widened(step, 2, 10)[2].skeleton
    assert disagreement(own, wider, padding, state, X) == ""


def _made_of_nothing(name: str) -> Callable[[Any], Any]:
    import jax
    import jax.numpy as jnp

    def spread(h: Any) -> Any:
        # Zeros that are not there change how far the others are apart.
        return h / (0.1 + jax.lax.stop_gradient(jnp.var(h, axis=1, keepdims=True)))

    return {"sigmoid": jax.nn.sigmoid, "spread": spread}[name]


@pytest.mark.parametrize(
    ("name", "why"), [("sigmoid", "padding does not stay zero"), ("spread", "other results")]
)
def test_what_makes_something_of_nothing_is_found_out(name: str, why: str) -> None:
    import jax
    import jax.numpy as jnp

    from luthier.programs import disagreement

    def step(state: Any, x: Any) -> Any:
        def loss(weights: Any) -> Any:
            hidden = _made_of_nothing(name)(x @ weights["in"] + weights["bias"])
            return jnp.mean((hidden @ weights["out"] - x[:, :2]) ** 2)

        value, slopes = jax.value_and_grad(loss)(state[0])
        return value, (jax.tree.map(lambda w, slope: w - 0.1 * slope, state[0], slopes), state[1])

    state, own, wider, padding = _widened(step, 5, 8)
    assert why in disagreement(own, wider, padding, state, X)


def test_an_axis_that_no_rule_is_known_for_keeps_its_size() -> None:
    import jax.numpy as jnp

    from luthier.programs import Widening, trace

    def step(state: Any, x: Any) -> Any:
        return jnp.sum(jnp.linalg.qr(x @ state)[0]), state

    assert Widening(trace(step, np.ones((6, 3), np.float32), X), 1).factors == []
