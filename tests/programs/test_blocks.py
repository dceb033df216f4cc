"""Products of a wide program that are computed block by block are what they are alone, and no more
blocks are computed than the narrow one fills.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.jax

ROWS = np.linspace(-1.0, 1.5, 40, dtype=np.float32).reshape(8, 5)
IMAGES = np.linspace(-1.0, 1.5, 8 * 9 * 2, dtype=np.float32).reshape(8, 3, 3, 2)
WIDE = 64
Step = Callable[[Any, Any], Any]


@pytest.fixture(autouse=True)
def small_products_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luthier.programs._jax_blocks._LEAST_WORK", 1e3)


def _stepped(loss: Callable[[Any, Any], Any]) -> Step:
    import jax

    def step(state: Any, x: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(state, x)
        return value, jax.tree.map(lambda w, slope: w - 0.1 * slope, state, slopes)

    return step


def _dense() -> Step:
    import jax
    import jax.numpy as jnp

    def loss(weights: Any, x: Any) -> Any:
        hidden = jax.nn.relu(x @ weights["in"])
        hidden = jax.nn.relu(hidden @ weights["middle"])
        return jnp.mean((hidden @ weights["out"]) ** 2)

    return _stepped(loss)


def _images() -> Step:
    """Two convolutions, a flattened image and a layer."""
    import jax
    import jax.numpy as jnp

    def convolved(images: Any, kernels: Any) -> Any:
        names = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(
            images, kernels, (1, 1), "SAME", dimension_numbers=names
        )

    def loss(weights: Any, x: Any) -> Any:
        hidden = jax.nn.relu(convolved(x, weights["in"]))
        hidden = jax.nn.relu(convolved(hidden, weights["middle"]))
        return jnp.mean((hidden.reshape(len(x), -1) @ weights["out"]) ** 2)

    return _stepped(loss)


def _weights(shapes: dict[str, tuple[int, ...]]) -> Any:
    random = np.random.default_rng(0)
    return {name: random.normal(size=shape).astype("f") / 9 for name, shape in shapes.items()}


def _of_dense(one: int, other: int) -> Any:
    return _weights({"in": (5, one), "middle": (one, other), "out": (other, 1)})


def _of_images(one: int, other: int) -> Any:
    return _weights({"in": (3, 3, 2, one), "middle": (3, 3, one, other), "out": (9 * other, 1)})


CASES: dict[str, tuple[Callable[[], Step], Callable[[int, int], Any], Any]] = {
    "dense": (_dense, _of_dense, ROWS),
    "images": (_images, _of_images, IMAGES),
}


def _widened(kind: str, one: int, other: int) -> tuple[Any, Any, Any, Any]:
    """The state, the step's own trace, the wider one and what it was made of."""
    from luthier.programs import Widening, trace

    step, state_of, x = CASES[kind]
    state = state_of(one, other)
    own = trace(step(), state, x)
    widening = Widening(own, 3)
    assert sorted(factor.size for factor in widening.factors) == sorted([one, other])
    for factor in widening.factors:
        factor.wide = WIDE
    return state, own, widening, x


@pytest.mark.parametrize("kind", list(CASES))
@settings(max_examples=3, deadline=None)
@given(st.tuples(st.integers(2, WIDE), st.integers(2, WIDE)).filter(lambda one: one[0] != one[1]))
def test_steps_of_all_widths_are_one_skeleton_and_keep_their_results(
    kind: str, sizes: tuple[int, int]
) -> None:
    from luthier.programs import IN_BLOCKS, disagreement

    state, own, widening, x = _widened(kind, *sizes)
    wider = widening.widened(IN_BLOCKS)
    assert wider.skeleton == _widened(kind, 3, 4)[2].widened(IN_BLOCKS).skeleton
    assert "while" in str(wider.closed)
    assert disagreement(own, wider, widening.padding(), state, x) == ""


@pytest.mark.parametrize("kind", list(CASES))
def test_a_narrow_one_costs_about_as_much_as_alone(kind: str) -> None:
    from luthier.programs import IN_BLOCKS, WHOLE

    narrow, middle, widest = (
        _widened(kind, one, other)[2] for one, other in [(15, 16), (31, 32), (63, 64)]
    )
    whole = widest.work(WHOLE)
    assert widest.work(IN_BLOCKS) == narrow.work(WHOLE) == whole
    # Most of the work is where both widths meet: a quarter of the places, a sixteenth of it.
    assert narrow.work(IN_BLOCKS) < whole / 8
    assert middle.work(IN_BLOCKS) < whole / 3


def test_what_a_trial_does_not_fill_is_not_computed() -> None:
    """Numbers where there should be zeros show what is read."""
    import jax

    from luthier.programs import IN_BLOCKS

    state, _, widening, x = _widened("dense", 10, 30)
    wider, padding = widening.widened(IN_BLOCKS), widening.padding()
    wide = padding.pad(state)
    expected = wider.replay(wider.constants, wide, x)
    wide["middle"][32:] = np.nan
    wide["middle"][:, 32:] = np.nan
    for one, other in zip(
        jax.tree.leaves(padding.cut(wider.replay(wider.constants, wide, x)[1])),
        jax.tree.leaves(padding.cut(expected[1])),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_a_product_that_is_small_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    from luthier.programs import IN_BLOCKS

    monkeypatch.setattr("luthier.programs._jax_blocks._LEAST_WORK", 1e9)
    assert "while" not in str(_widened("dense", 10, 30)[2].widened(IN_BLOCKS).closed)


def test_blocks_are_equal_and_not_too_narrow() -> None:
    from luthier.programs._axes import Factor
    from luthier.programs._jax_blocks import _fewer

    counts = {wide: _fewer(Factor(wide), 8) for wide in (31, 32, 48, 100, 127, 256, 512)}
    assert counts == {31: 1, 32: 2, 48: 3, 100: 5, 127: 1, 256: 8, 512: 8}
