"""Random bits in one pass are JAX's own, whatever the shape and the key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.jax


@pytest.mark.parametrize("shape", [(2,), (3,), (64,), (5, 7), (2, 3, 4, 5), (4097,)])
def test_bits_of_a_shape(shape: tuple[int, ...]) -> None:
    import jax

    from luthier.programs import trace
    from luthier.programs._jax_random import as_rounds

    used: list[str] = []

    def rule(equation: Any, operands: Any) -> Any:
        result = as_rounds(equation, operands)
        used.extend([equation.primitive.name] if result is not None else [])
        return result

    for seed in (0, 7, 2**31 - 1):
        key = jax.random.key(seed)
        one = trace(lambda key: jax.random.uniform(key, shape), key)
        ours = one.replay(one.constants, key, rule=rule)
        np.testing.assert_array_equal(ours, jax.random.uniform(key, shape))
    assert used == (["random_bits"] * 3 if jax.default_backend() == "cpu" else [])


def test_bits_of_places() -> None:
    import jax

    from luthier.programs._jax_random import bits_at

    key = jax.random.key(5)
    places = np.random.default_rng(0).integers(0, 1000, (3, 11)).astype("uint32")
    np.testing.assert_array_equal(bits_at(key, places), jax.random.bits(key, (1000,))[places])


def test_what_is_drawn_otherwise_is_left_alone() -> None:
    import jax

    from luthier.programs import trace
    from luthier.programs._jax_random import as_rounds, draws_by_place

    def drawn(draw: Any, key: Any) -> list[Any]:
        equations = trace(draw, key).closed.jaxpr.eqns
        return [one for one in equations if one.primitive.name == "random_bits"]

    key = jax.random.key(0)
    (short,) = drawn(lambda key: jax.random.bits(key, (8,), "uint8"), key)
    (single,) = drawn(lambda key: jax.random.bits(key, ()), key)
    (other,) = drawn(lambda key: jax.random.bits(key, (8,)), jax.random.key(0, impl="rbg"))
    for equation in (short, single, other):
        assert not draws_by_place(equation)
        assert as_rounds(equation, [key]) is None
    with jax.threefry_partitionable(False):
        (joined,) = drawn(lambda key: jax.random.bits(key, (8,)), key)
        assert as_rounds(joined, [key]) is None
