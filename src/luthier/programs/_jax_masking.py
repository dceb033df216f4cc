"""One trace of a step for full batches and for the last one, which has fewer rows.

The last batch is filled up with rows that count for nothing: wherever an operation puts rows
together (a sum, a product over them), those that are not real are replaced by what changes nothing
there. Which operations put rows together follows from their axes; a step with an operation of which
that is not known has no such trace. So nothing has to be tried: what is computed of the real rows
is what the step computes of them alone, but for the order in which numbers are added.

Enters: two traces. Leaves: one, of a step that is told which of the two batches it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from luthier.programs._axes import Axis, Factor, axis, resolved, wide
from luthier.programs._axis_rules import RULES
from luthier.programs._jax_families import same_array
from luthier.programs._jax_lines import Line, Lines
from luthier.programs._jax_trace import Trace, UntraceableError, trace

# What an operation does to a row is its own matter; operations that are neither here nor among the
# rules of axes may do anything.
_ROWWISE = frozenset(
    """
    abs acos acosh add add_any and asin asinh atan atan2 atanh bitcast_convert_type cbrt ceil clamp
    conj convert_element_type copy copy_p cos cosh digamma div eq erf erf_inv erfc exp exp2 expm1
    floor ge gt imag integer_pow is_finite le lgamma log log1p logistic lt max min mul name ne neg
    nextafter not or population_count pow real reduce_precision rem round rsqrt select_n shift_left
    shift_right_arithmetic shift_right_logical sign sin sinh sqrt square stop_gradient sub tan tanh
    xor
    """.split()  # noqa: SIM905
)
_NEUTRAL: dict[str, Callable[[Any], Any]] = {
    "reduce_sum": lambda dtype: 0,
    "reduce_prod": lambda dtype: 1,
    "reduce_max": lambda dtype: _extreme(dtype, -1),
    "reduce_min": lambda dtype: _extreme(dtype, 1),
    "reduce_and": lambda dtype: True if dtype == np.bool_ else -1,
    "reduce_or": lambda dtype: 0,
    "reduce_xor": lambda dtype: 0,
}
"""Reductions, and what changes nothing in each of them."""


def masked(full: Trace, last: Trace, leaves: int, rows: tuple[int, int]) -> Trace:
    """A trace of a step that takes `(state, (batch, is_last))`.

    Args:
        full: the trace of the step for `(state, batch)`, where a batch has all its rows.
        last: the same for a batch of fewer rows.
        leaves: arrays in the state.
        rows: how many rows the two have.

    Returns:
        For a batch of as many rows as `full` has; of the last one, the first rows are real.

    Raises:
        UntraceableError: if it cannot be seen that rows that are not real would count for nothing.
    """
    most, fewer = rows
    one = _Masking(full, leaves, most, most)
    other = _Masking(last, leaves, fewer, most)
    long, short = one.trace(), other.trace()
    if long.skeleton != short.skeleton:
        raise UntraceableError("the last batch is computed otherwise")
    pairs = list(zip(long.constants, short.constants, strict=True))
    differs = [not same_array(a, b) for a, b in pairs]

    def step(state: Any, given: Any) -> Any:
        batch, is_last = given
        constants = [
            jnp.where(is_last, b, a) if changes else a
            for (a, b), changes in zip(pairs, differs, strict=True)
        ]
        count = jnp.where(is_last, np.int32(fewer), np.int32(most))
        return long.replay(constants, state, batch, count)

    step.__name__ = full.name
    state, batch = one.types()
    return trace(step, state, (batch, jax.ShapeDtypeStruct((), np.bool_)))


class _Masking:
    """A step in which some rows of a batch may not be real.

    Args:
        one: its trace, for `(state, batch)`.
        leaves: arrays in the state.
        rows: of a batch.
        size: rows that it is to have.

    Raises:
        UntraceableError: if rows depend on each other in a way that is not known.
    """

    def __init__(self, one: Trace, leaves: int, rows: int, size: int) -> None:
        self._all = Lines(one)
        factor = Factor(rows)
        for index, value in enumerate(self._all.arguments):
            value.axes = [axis(length, is_fixed=True) for length in value.shape]
            if index >= leaves and value.shape[:1] == (rows,):
                value.axes[0] = (factor,)
        for value in self._all.constants:
            value.axes = [axis(length) for length in value.shape]
        self._all.relate()
        self._all.tie_state(leaves)
        parts = factor.resolved()
        if rows == 1 or len(parts) != 1 or parts[0].is_fixed:
            raise UntraceableError("rows of a batch are put together")
        (self._rows,) = parts
        self._rows.wide = size
        for line in self._all.lines:
            self._check(line)

    def types(self) -> Sequence[Any]:
        """Types of the state and of a batch."""
        return self._all.types()

    def trace(self) -> Trace:
        """Its trace, for `(state, batch, count)`; the first `count` rows are real."""
        program = self._all.program()

        def step(state: Any, batch: Any, count: Any) -> Any:
            def do(line: Line, operands: list[Any], strides: Any) -> Sequence[Any]:
                if line.draws_along(self._rows):
                    return line.draw_more(operands)
                return line.run(self._operands(line, operands, count), strides)

            return program(do, state, batch)

        return trace(step, *self.types(), jax.ShapeDtypeStruct((), np.int32))

    def _check(self, line: Line) -> None:
        name = line.equation.primitive.name
        is_known = name in _ROWWISE or name in _NEUTRAL or name in RULES
        if not is_known and any(
            self._has_rows(one) for value in (*line.taken, *line.given) for one in value.axes
        ):
            raise UntraceableError(f"what {name} does to rows of a batch is not known")

    def _has_rows(self, one: Axis) -> bool:
        return self._rows in resolved(one)

    def _operands(self, line: Line, operands: list[Any], count: Any) -> list[Any]:
        """The operands, where rows are put together with those that are real alone."""
        name = line.equation.primitive.name
        result = list(operands)
        for index, place in self._together(line):
            neutral = _NEUTRAL[name](operands[index].dtype) if name in _NEUTRAL else 0
            is_real = self._are_real(line.taken[index].axes[place], count)
            shape = result[index].shape
            is_real = jax.lax.broadcast_in_dim(is_real, shape, (place,))
            other = jax.lax.full(shape, neutral, result[index].dtype)
            result[index] = jax.lax.select(is_real, result[index], other)
        return result

    def _together(self, line: Line) -> list[tuple[int, int]]:
        """Operands and axes along which an operation puts rows together."""
        name, params = line.equation.primitive.name, line.equation.params
        places: list[tuple[int, int]] = []
        if name in _NEUTRAL:
            places = [(0, place) for place in params["axes"]]
        elif name == "dot_general":
            (own, others), _ = params["dimension_numbers"]
            places = [*((0, place) for place in own), *((1, place) for place in others)]
        elif name == "conv_general_dilated":
            spec = params["dimension_numbers"]
            places = [(0, spec.lhs_spec[1]), (1, spec.rhs_spec[1])]
        return [one for one in places if self._has_rows(line.taken[one[0]].axes[one[1]])]

    def _are_real(self, one: Axis, count: Any) -> Any:
        """Which places of an axis are of rows that are real, shape `(places,)`."""
        factors = resolved(one)
        index = factors.index(self._rows)
        (length,) = wide([one])
        rows = jax.lax.iota(np.int32, length)
        if len(factors) > 1:
            inner = prod(factor.wide for factor in factors[index + 1 :])
            rows = rows // np.int32(inner) % np.int32(self._rows.wide)
        return rows < count


def _extreme(dtype: Any, sign: int) -> Any:
    """What is never above, or below, another number of a type."""
    if dtype == np.bool_:
        return sign > 0
    if jnp.issubdtype(dtype, np.floating):
        return sign * np.inf
    limits = np.iinfo(dtype)
    return limits.max if sign > 0 else limits.min
