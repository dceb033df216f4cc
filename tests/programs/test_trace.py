"""Laws of traces and shared programs: sharing gives each function what it gives alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.jax

X = np.linspace(-1.0, 1.5, 6, dtype=np.float32)
NUMBERS = st.floats(0.03, 1.9)


def _blocks() -> dict[str, Callable[[float, Any], Any]]:
    """Ways in which a number may stand in a program."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    return {
        "scale": lambda v, x: x * v,
        "jit": lambda v, x: jax.jit(lambda t: jnp.where(t > v, t, v))(x),
        "custom_jvp": lambda v, x: jax.nn.relu(x - v),
        "grad": lambda v, x: jax.grad(lambda t: jnp.sum(jnp.tanh(t * v) ** 2))(x),
        "remat": lambda v, x: jax.grad(jax.checkpoint(lambda t: jnp.sin(t * v).sum()))(x),
        "scan": lambda v, x: lax.scan(lambda c, _: (c * v + 0.25, c.sum()), x, None, length=3)[0],
        "while": lambda v, x: lax.while_loop(
            lambda c: (c[0] < 3) & (c[1].sum() < 50 * v), lambda c: (c[0] + 1, c[1] * v), (0, x)
        )[1],
        "cond": lambda v, x: lax.cond(x.sum() > v, lambda t: t * v, lambda t: t - v, x),
        "nested": lambda v, x: lax.scan(
            lambda c, _: (lax.cond(c.sum() > v, lambda t: t * v, jnp.cos, c), None), x, None, 2
        )[0],
        "array": lambda v, x: x + np.linspace(v, 1, 6, dtype=np.float32),
        "random": lambda v, x: x + v * jax.random.normal(jax.random.key(3), x.shape),
    }


def _chained(names: list[str], value: float) -> Callable[[Any], Any]:
    blocks = _blocks()

    def function(x: Any) -> Any:
        for name in names:
            x = blocks[name](value, x)
        return {"x": x}

    return function


@settings(max_examples=12)
@given(
    st.lists(st.sampled_from(sorted(_blocks())), min_size=1, max_size=3),
    st.lists(NUMBERS, min_size=2, max_size=3, unique=True),
)
def test_functions_of_one_structure_share_a_program_and_keep_their_results(
    names: list[str], values: list[float]
) -> None:
    from luthier.programs import Programs

    programs = Programs()
    shared = [programs.compiled(_chained(names, value), X) for value in values]
    assert len(programs) == 1
    for value, run in zip(values, shared, strict=True):
        np.testing.assert_allclose(
            run(X)["x"], _chained(names, value)(X)["x"], rtol=2e-5, atol=2e-6
        )


@pytest.mark.parametrize("name", sorted(_blocks()))
def test_constants_everywhere_are_found_and_replayed(name: str) -> None:
    import jax

    from luthier.programs import trace
    from luthier.programs._jax_wiring import check_replay

    one, two = (trace(_chained([name], value), X) for value in (0.3, 0.7))
    assert one.skeleton == two.skeleton
    check_replay(one)
    replayed = jax.jit(one.replay)(two.constants, X)
    np.testing.assert_allclose(replayed["x"], _chained([name], 0.7)(X)["x"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda x: x * 0.3, lambda x: x + 0.3),
        (lambda x: (x * 0.3)[:2], lambda x: (x * 0.3)[:3]),
        (lambda x: {"a": x * 0.3}, lambda x: {"b": x * 0.3}),
        (lambda x: x.astype("bfloat16") * 0.3, lambda x: x * 0.3),
        (lambda x: x * np.ones(6, "float32"), lambda x: x * np.ones((1, 6), "float32")),
    ],
)
def test_other_operations_shapes_types_or_names_are_other_skeletons(one: Any, other: Any) -> None:
    from luthier.programs import trace

    assert trace(one, X).skeleton != trace(other, X).skeleton


def test_what_cannot_be_shared_says_why() -> None:
    import jax

    from luthier.programs import UntraceableError, trace

    with pytest.raises(UntraceableError, match="calls back to Python"):
        trace(lambda x: (jax.debug.print("{}", x), x)[1], X)
    with pytest.raises(UntraceableError, match="TracerBoolConversionError"):
        trace(lambda x: x if x.sum() > 0 else -x, X)


def test_callbacks_to_different_functions_do_not_share() -> None:
    import jax

    from luthier.programs import trace

    def calling(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: jax.pure_callback(function, jax.ShapeDtypeStruct(X.shape, X.dtype), x)

    assert trace(calling(np.sin), X).skeleton != trace(calling(np.cos), X).skeleton
