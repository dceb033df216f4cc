"""A last batch that is filled up gives what it gives alone, or there is no such trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.jax

ROWS, FEWER = 6, 4
X = np.linspace(-1.0, 1.5, ROWS * 3, dtype=np.float32).reshape(ROWS, 3)
IN_HASTE = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}

TOGETHER = ["sum", "mean", "max", "least whole", "all", "product", "flat", "drawn", "turned"]


@pytest.fixture(scope="module")
def pieces() -> Any:
    from tests.programs import pieces

    return pieces


def _together() -> dict[str, Callable[[Any, Any], Any]]:
    """Ways in which rows are put together, from `(rows, 3)` to something without rows."""
    import jax
    import jax.numpy as jnp

    def drawn(x: Any, key: Any) -> Any:
        return jnp.sum(jnp.where(jax.random.bernoulli(key, 0.6, x.shape), x, 0.0), axis=0)

    return {
        "sum": lambda x, key: jnp.sum(x**2, axis=0),
        "mean": lambda x, key: jnp.mean(jnp.exp(x)),
        "max": lambda x, key: jnp.max(-jnp.abs(x), axis=0),
        "least whole": lambda x, key: jnp.min(jnp.round(9 * x).astype(jnp.int32) + 99),
        "all": lambda x, key: jnp.all(x < 1.0),
        "product": lambda x, key: x.T @ x,
        "flat": lambda x, key: jnp.sum(jnp.reshape(x, (-1,)) * 2.0),
        "drawn": drawn,
        "turned": lambda x, key: jnp.prod(jnp.transpose(x[:, None], (2, 1, 0)) + 2.0, axis=2),
    }


def _step(names: list[str]) -> Callable[[Any, Any], Any]:
    import jax

    def step(state: Any, x: Any) -> Any:
        key = jax.random.fold_in(jax.random.key(3), state)
        return [_together()[name](x, key) for name in names], state + 1

    return step


def _masked(step: Any, state: Any, full: Any, last: Any) -> Any:
    import jax

    from luthier.programs import masked, trace

    leaves = jax.tree.structure(state).num_leaves
    sizes = tuple(len(jax.tree.leaves(one)[0]) for one in (full, last))
    one = masked(trace(step, state, full), trace(step, state, last), leaves, sizes)
    replay = jax.jit(lambda state, given: one.replay(one.constants, state, given))

    def run(state: Any, batch: Any, *, is_last: bool) -> Any:
        lowered = replay.lower(state, (batch, np.bool_(is_last)))
        return lowered.compile(compiler_options=IN_HASTE)(state, (batch, np.bool_(is_last)))

    return run


def _filled(last: Any, rows: int, what: float | None = None) -> Any:
    """A batch with as many rows as a full one; those that are not real are the first row."""
    import jax

    def fill(leaf: Any) -> Any:
        more = np.repeat(leaf[:1], rows - len(leaf), axis=0)
        return np.concatenate([leaf, more if what is None else np.full_like(more, what)])

    return jax.tree.map(fill, last)


def _assert_same(ours: Any, theirs: Any, tolerance: float) -> None:
    import jax

    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        first, second = (np.asarray(value, np.float64) for value in (a, b))
        assert first == pytest.approx(second, rel=tolerance, abs=tolerance)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.sampled_from(TOGETHER), min_size=1, max_size=3, unique=True),
    st.sampled_from([None, float("nan"), float("inf"), -1e30]),
)
def test_rows_that_are_not_real_count_for_nothing(names: list[str], what: float | None) -> None:
    step, state, last = _step(names), np.int32(0), X[:FEWER]
    run = _masked(step, state, X, last)
    filled = _filled(last, ROWS, what)
    _assert_same(run(state, filled, is_last=True), step(state, last), 1e-6)
    _assert_same(run(state, X, is_last=False), step(state, X), 1e-6)


@pytest.mark.parametrize("name", ["running sum", "sorted", "reversed", "first", "given back"])
def test_rows_that_meet_otherwise_have_no_such_trace(name: str) -> None:
    import jax.numpy as jnp

    from luthier.programs import UntraceableError

    ways = {
        "running sum": lambda x: jnp.sum(jnp.cumsum(x, axis=0)),
        "sorted": lambda x: jnp.sum(jnp.sort(x, axis=0) * jnp.arange(3)),
        "reversed": lambda x: jnp.sum(x[::-1] * x),
        "first": lambda x: x[0],
        "given back": lambda x: x,
    }
    with pytest.raises(UntraceableError):
        _masked(lambda state, x: (ways[name](x), state), np.int32(0), X, X[:FEWER])


def test_of_nearly_all_pieces_the_last_batch_shares_the_program_of_full_ones(pieces: Any) -> None:
    import jax

    from luthier.programs import UntraceableError

    apart = set()
    for name in pieces.PIECES:
        model, state, batch = pieces.prepared(name, 0.3)
        last = jax.tree.map(lambda leaf: leaf[:5], batch)
        try:
            _masked(model.train_step, state, batch, last)
        except UntraceableError:
            apart.add(name)
    assert apart == pieces.ROWS_TOGETHER


@pytest.mark.parametrize(
    "name",
    ["SpatialDropout2D", "GroupNormalization epsilon", "optimizer Nadam", "loss label smoothing"],
)
def test_a_filled_batch_trains_a_piece_as_it_would_alone(pieces: Any, name: str) -> None:
    import jax

    model, state, batch = pieces.prepared(name, 0.3)
    last = jax.tree.map(lambda leaf: leaf[:5], batch)
    run = _masked(model.train_step, state, batch, last)
    filled = _filled(last, pieces.BATCH)
    _assert_same(run(state, filled, is_last=True), model.train_step(state, last), 2e-6)


@pytest.mark.parametrize("name", ["Dropout", "GaussianDropout", "SpatialDropout2D"])
def test_layers_of_a_filled_step_may_be_wider_as_those_of_a_full_one(
    pieces: Any, name: str
) -> None:
    import jax

    from luthier.programs import Widening, masked, trace

    model, state, batch = pieces.prepared(name, 0.3)
    leaves = jax.tree.structure(state).num_leaves
    full = trace(model.train_step, state, batch)
    last = trace(model.train_step, state, jax.tree.map(lambda leaf: leaf[:5], batch))
    both = masked(full, last, leaves, (pieces.BATCH, 5))
    sizes = [factor.size for factor in Widening(full, leaves).factors]
    assert [factor.size for factor in Widening(both, leaves).factors] == sizes
