"""Wide traces that are told are those that would be made, or are not told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.jax

X = np.linspace(-1.0, 1.5, 24, dtype=np.float32).reshape(4, 6)
WIDE = 64
Numbers = tuple[float, int, int]
"""A rate and two widths."""


def _step(rate: float, scale: Callable[[int], float] = float) -> Callable[[Any, Any], Any]:
    """Two layers with dropout, which draws by places; something of it is divided by a width."""
    import jax
    import jax.numpy as jnp

    def loss(weights: Any, key: Any, x: Any) -> Any:
        hidden = jax.nn.relu(x @ weights["in"])
        kept = jax.random.bernoulli(key, 1 - rate, hidden.shape)
        hidden = jnp.where(kept, hidden / (1 - rate), 0.0)
        hidden = jax.nn.relu(hidden @ weights["middle"]) / scale(hidden.shape[1])
        return jnp.mean((hidden @ weights["out"]) ** 2)

    def step(state: Any, x: Any) -> Any:
        weights, number = state
        key = jax.random.fold_in(jax.random.key(7), number)
        value, slopes = jax.value_and_grad(loss)(weights, key, x)
        weights = jax.tree.map(lambda w, slope: w - 0.1 * slope, weights, slopes)
        return value, (weights, number + 1)

    return step


def _made(step: Callable[[Any, Any], Any], one: int, other: int, wide: int = WIDE) -> Any:
    from luthier.programs import IN_BLOCKS, Widening, trace

    shapes = {"in": (6, one), "middle": (one, other), "out": (other, 1)}
    state = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}, np.int32(0)
    widening = Widening(trace(step, state, X), 4)
    for factor in widening.factors:
        factor.wide = wide
    return widening, widening.widened(IN_BLOCKS)


def _family(seen: list[Numbers], scale: Callable[[int], float] = float) -> Any:
    from luthier.programs import IN_BLOCKS, SizedFamily

    family = None
    for rate, one, other in seen:
        widening, wider = _made(_step(rate, scale), one, other)
        family = family or SizedFamily(widening, IN_BLOCKS)
        assert family.add([rate], widening, wider)
    return family


SEEN = [(0.1, 20, 36), (0.35, 41, 7), (0.22, 11, 60)]


@pytest.fixture(autouse=True)
def small_products_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luthier.programs._jax_blocks._LEAST_WORK", 1e3)


@settings(max_examples=8, deadline=None)
@given(st.tuples(st.floats(0.05, 0.9), st.integers(2, WIDE), st.integers(2, WIDE)))
def test_what_is_told_is_what_would_be_made(numbers: Numbers) -> None:
    rate, one, other = numbers
    widening, expected = _made(_step(rate), one, other)
    shapes = [(6, one), (one, other), (other, 1), ()]
    family = _family(SEEN)
    sizes = family.one.sizes_in(shapes)
    assert sizes == [one, other]
    told, padding = family.tell([rate], sizes)
    assert padding == widening.padding()
    assert told.skeleton == expected.skeleton
    for ours, theirs in zip(told.constants, expected.constants, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


def test_sizes_that_do_not_go_together_are_none() -> None:
    one = _family(SEEN).one
    for shapes in (
        [(6, 9), (8, 3), (3, 1), ()],  # a layer takes others than the one before it gives
        [(5, 9), (9, 3), (3, 1), ()],  # what is fixed is not what it was
        [(6, 9), (9, 1), (1, 1), ()],  # one place is no factor
        [(6, 9), (9, 3), (3, 1)],
    ):
        assert one.sizes_in(shapes) is None


def test_what_is_no_simple_function_of_a_width_is_not_told() -> None:
    family = _family(SEEN, lambda width: 1.0 + width % 7)
    assert family.tell([0.3], [16, 30]) is None


def test_too_few_are_not_enough() -> None:
    assert _family(SEEN[:2]).tell([0.3], [16, 30]) is None


def test_a_number_that_never_changed_is_not_known() -> None:
    family = _family([(0.1, one, other) for _, one, other in SEEN])
    assert family.tell([0.1], [16, 30]) is not None
    assert family.tell([0.3], [16, 30]) is None


@pytest.mark.parametrize("other", ["function", "wide sizes"])
def test_another_function_is_no_member(other: str) -> None:
    import jax

    family = _family(SEEN)
    if other == "wide sizes":
        assert not family.add([0.3], *_made(_step(0.3), 16, 30, wide=48))
        return

    def step(state: Any, x: Any) -> Any:
        value, (weights, number) = _step(0.3)(state, x)
        return value, (jax.tree.map(jax.numpy.sin, weights), number)

    assert not family.add([0.3], *_made(step, 16, 30))
