"""A trial in a wider program than its own.

Weights that are padded with zeros stay so in training, and change nothing, where what a layer makes
of zeros is zero again. So the trace of a narrow model can be written anew with wider layers, and
models of all widths then have one skeleton: they share one program. What differs is their state,
padded, and their random numbers: each draws from the counters that its own shapes have.

Enters: a trace. Leaves: a wider one, and the way into its state and out again. Whether the two
agree is found out by running both (`_jax_agreement`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core
from jax.extend.random import threefry2x32_p

from luthier.programs._axes import Axis, Factor, axis, fix, resolved, tie, wide
from luthier.programs._axis_rules import SIZES, Axes, held, relate
from luthier.programs._jax_padding import Padding, embedded, is_wider
from luthier.programs._jax_primitives import INLINED, LIFTED
from luthier.programs._jax_trace import (
    Trace,
    UntraceableError,
    bind_again,
    count_constants,
    in_context,
    trace,
)

_COUNTERS = 2**32
# Parameters of operations that say which axes they are about, whatever the sizes.
_WHERE = ("axes", "axis", "dimension", "dimensions", "dimension_numbers", "permutation")


class Widening:
    """What the axes of a trace are made of.

    Args:
        one: a trace of a function of a state and other arguments, which returns other results and
            the new state, last.
        leaves: arrays in the state.
        padding: how the state lies in a wider one, if another trace of the trial decided it.

    Raises:
        UntraceableError: if the state that is returned is of another shape, or the trace does not
            go with the padding.

    Attributes:
        factors: those of the state that may be wider, in order.
    """

    def __init__(self, one: Trace, leaves: int, padding: Padding | None = None) -> None:
        self._trace = one = _with_constants(one)
        self._known = iter(one.constants)
        self._leaves = leaves
        self._lines: list[_Line] = []
        self._constants: list[_Value] = []
        jaxpr = one.closed.jaxpr
        self._arguments = [_Value(variable.aval) for variable in jaxpr.invars]
        self._results = self._flatten(one.closed, self._arguments)
        self._forget_unused()
        self._begin(padding)
        for line in self._lines:
            line.relate()
        self._end()
        state = [one for value in self._arguments[:leaves] for one in value.axes]
        self.factors = [
            factor
            for factor in dict.fromkeys(factor for one in state for factor in resolved(one))
            if not factor.is_fixed
        ]
        if padding is not None and not self._goes_with(padding, state):
            raise UntraceableError("it cannot be padded as another step of the model is")

    @property
    def length(self) -> int:
        """How many operations there are."""
        return len(self._lines)

    def padding(self) -> Padding:
        """How the state lies in the wider one."""
        return Padding(
            tuple(
                tuple(tuple((f.size, f.wide) for f in resolved(one)) for one in value.axes)
                for value in self._arguments[: self._leaves]
            )
        )

    def structure(self) -> str:
        """Equal for models that differ in widths, and in numbers, only."""
        numbers = {factor: str(number) for number, factor in enumerate(self.factors)}
        places: dict[_Value, int] = {}
        text = []
        for line in self._lines:
            params = line.equation.params
            wired = [places.setdefault(one, len(places)) for one in (*line.taken, *line.given)]
            said = [f"{name}={params[name]}" for name in _WHERE if name in params]
            text.append(f"{line.equation.primitive.name}{said}{wired}")
        for value in self._arguments[: self._leaves]:
            text += [numbers.get(f, "=") for one in value.axes for f in resolved(one)]
        return hashlib.sha256(",".join(text).encode()).hexdigest()

    def widened(self) -> Trace:
        """The trace with as many places on each axis as its factors have by now (`wide`)."""
        outside = [value.constant() for value in self._constants]
        strides = [line.strides() for line in self._lines]

        def program(*args: Any) -> Any:
            values = dict(zip(self._arguments, jax.tree.leaves(args), strict=True))
            values.update(zip(self._constants, outside, strict=True))
            for line, own in zip(self._lines, strides, strict=True):
                values.update(zip(line.given, line.run(values, own), strict=True))
            results = [value.of(values) for value in self._results]
            return jax.tree.unflatten(self._trace.results, results)

        types = [value.wide_type() for value in self._arguments]
        return trace(program, *jax.tree.unflatten(self._trace.arguments, types))

    def work(self) -> float:
        """Multiplications and additions of all products in the wider one, about."""
        return sum(line.work() for line in self._lines)

    def _flatten(self, closed: Any, arguments: Sequence[_Value]) -> list[_Value]:
        """Collect the operations of a program and of what it calls; its results."""
        jaxpr, consts = _opened(closed), getattr(closed, "consts", ())
        # Constants come in the order in which `_jax_trace` finds them.
        own = [_Value(v.aval, next(self._known)) for v in jaxpr.constvars[: len(consts)]]
        self._constants += own
        values: dict[Any, _Value] = dict(zip(jaxpr.constvars, own, strict=True))
        values.update(zip(jaxpr.invars, arguments, strict=True))

        def value_of(variable: Any) -> _Value:
            if isinstance(variable, core.Literal):
                return _Value(variable.aval, next(self._known))
            return values[variable]

        for equation in jaxpr.eqns:
            taken = [value_of(variable) for variable in equation.invars]
            key = INLINED.get(equation.primitive.name)
            if key is not None:
                given = self._flatten(equation.params[key], taken)
            else:
                self._skip_nested(equation)
                given = [_Value(variable.aval) for variable in equation.outvars]
                self._lines.append(_Line(equation, taken, given))
            values.update(zip(equation.outvars, given, strict=True))
        return [value_of(variable) for variable in jaxpr.outvars]

    def _goes_with(self, padding: Padding, state: Sequence[Axis]) -> bool:
        before = [prod(wider for _, wider in one) for axes in padding.places for one in axes]
        parts = [factor for one in state for factor in resolved(one)]
        return before == list(wide(state)) and not any(
            factor.is_fixed and factor.size != factor.wide for factor in parts
        )

    def _skip_nested(self, equation: Any) -> None:
        name = equation.primitive.name
        nested = LIFTED[name].inner(equation.params) if name in LIFTED else ()
        for _ in range(sum(count_constants(one) for one in nested)):
            next(self._known)

    def _forget_unused(self) -> None:
        """Drop what no result needs: nothing would say how wide it is."""
        needed, kept = set(self._results), []
        for line in reversed(self._lines):
            if not needed.isdisjoint(line.given):
                needed.update(line.taken)
                kept.append(line)
        self._lines = kept[::-1]
        self._constants = [value for value in self._constants if value in needed]

    def _begin(self, padding: Padding | None) -> None:
        """What is known before the first operation: the state may be padded, data may not."""
        for index, value in enumerate(self._arguments):
            is_state = index < self._leaves
            if is_state and padding is not None:
                value.axes = [_axis_of(one) for one in padding.places[index]]
            else:
                value.axes = [axis(size, is_fixed=not is_state) for size in value.shape]
        for value in self._constants:
            value.axes = [axis(size) for size in value.shape]

    def _end(self) -> None:
        """What is known after the last: the state is padded as before, and nothing else is."""
        count = len(self._results) - self._leaves
        for before, after in zip(self._arguments, self._results[count:], strict=False):
            if before.shape != after.shape:
                raise UntraceableError("it changes the shapes of its state")
            for one, other in zip(before.axes, after.axes, strict=True):
                tie(one, other)
        for one in (one for value in self._results[:count] for one in value.axes):
            fix(one)


def _with_constants(one: Trace) -> Trace:
    """The trace with its constants in nested traces too, which may be those of another trial."""
    if not _has_lifted(one.closed.jaxpr):
        return one
    types = [_struct(aval) for aval in one.closed.in_avals]
    args = jax.tree.unflatten(one.arguments, types)
    return trace(partial(one.replay, one.constants), *args)


def _has_lifted(jaxpr: Any) -> bool:
    return any(
        equation.primitive.name in LIFTED
        or (
            equation.primitive.name in INLINED
            and _has_lifted(_opened(equation.params[INLINED[equation.primitive.name]]))
        )
        for equation in jaxpr.eqns
    )


def _opened(one: Any) -> Any:
    return getattr(one, "jaxpr", one)


def _struct(aval: Any, shape: tuple[int, ...] | None = None) -> Any:
    weak = bool(getattr(aval, "weak_type", False))
    return jax.ShapeDtypeStruct(shape or aval.shape, aval.dtype, weak_type=weak)


class _Value:
    """A value of a program.

    Attributes:
        axes: what its axes are made of.
        known: the constant that it is, or None.
    """

    def __init__(self, aval: Any, known: Any = None) -> None:
        self._aval = aval
        self.shape: tuple[int, ...] = tuple(aval.shape)
        self.axes: Axes = []
        self.known = known

    def wide_type(self) -> Any:
        return _struct(self._aval, wide(self.axes))

    def of(self, values: dict[_Value, Any]) -> Any:
        """What it is while a program is written anew."""
        return values.get(self, self.known)

    def constant(self) -> Any:
        """The constant, as wide as it has to be."""
        places = tuple(tuple((f.size, f.wide) for f in resolved(one)) for one in self.axes)
        return jnp.asarray(embedded(self.known, places)) if is_wider(places) else self.known


@dataclass(frozen=True)
class _Line:
    """One operation of a program."""

    equation: Any
    taken: list[_Value]
    given: list[_Value]

    def relate(self) -> None:
        """Say what the axes of the results are made of, and tie those of the operands."""
        name, params = self.equation.primitive.name, self.equation.params
        shapes = [value.shape for value in self.given]
        taken = [value.axes for value in self.taken]
        is_known = name != "random_bits" or self._has_counters()
        axes = relate(name, params, taken, shapes) if is_known else held(taken, shapes)
        for value, own in zip(self.given, axes, strict=True):
            value.axes = own

    def work(self) -> float:
        """Multiplications and additions, about; 0 for what is no product."""
        params = self.equation.params
        if self.equation.primitive.name == "dot_general":
            (summed, _), _ = params["dimension_numbers"]
        elif self.equation.primitive.name == "conv_general_dilated":
            # For each entry of the result all of a kernel but its outputs.
            spec = params["dimension_numbers"].rhs_spec
            summed = spec[1:]
        else:
            return 0.0
        side = self.taken[0 if self.equation.primitive.name == "dot_general" else 1]
        terms = prod(wide(side.axes[place] for place in summed))
        return 2.0 * terms * prod(wide(self.given[0].axes))

    def strides(self) -> Any:
        """How far apart in the stream of random numbers neighbours along each factor are."""
        if self.equation.primitive.name != "random_bits" or not self._has_counters():
            return None
        sizes = [factor.size for factor in self._drawn()]
        return jnp.asarray([prod(sizes[index + 1 :]) for index in range(len(sizes))], jnp.uint32)

    def run(self, values: dict[_Value, Any], strides: Any) -> Sequence[Any]:
        """Do the operation on wider arrays."""
        operands = [value.of(values) for value in self.taken]
        name, params = self.equation.primitive.name, self.equation.params
        if strides is not None:
            return [self._bits(operands[0], strides)]
        if name in SIZES:
            taken, given = ([value.axes for value in side] for side in (self.taken, self.given))
            params = params | SIZES[name](params, taken, given)
        with in_context(self.equation):
            results = bind_again(self.equation, operands, params)
        for value, result in zip(self.given, results, strict=True):
            if tuple(result.shape) != wide(value.axes):
                raise UntraceableError(f"{name} cannot be written for wider layers")
        return results

    def _has_counters(self) -> bool:
        """Whether each number that is drawn is a function of its place alone."""
        key = self.equation.invars[0].aval
        return (
            bool(jax.config.jax_threefry_partitionable)
            and "fry" in str(key.dtype)
            and not key.shape
            and self.equation.params["bit_width"] == 32
            and 1 < prod(self.equation.params["shape"]) < _COUNTERS
        )

    def _drawn(self) -> Axis:
        return tuple(factor for one in self.given[0].axes for factor in resolved(one))

    def _bits(self, key: Any, strides: Any) -> Any:
        """The bits that the narrow trial draws, at the places that its entries have here."""
        sizes = [factor.wide for factor in self._drawn()]
        counters: Any = jnp.zeros(sizes, jnp.uint32)
        for index in range(len(sizes)):
            places = jax.lax.broadcasted_iota(jnp.uint32, sizes, index)
            counters = counters + places * strides[index]
        halves = jax.random.key_data(key)
        shape = jnp.zeros(sizes, jnp.uint32)
        first, second = threefry2x32_p.bind(shape + halves[0], shape + halves[1], shape, counters)
        return (first ^ second).reshape(wide(self.given[0].axes))


def _axis_of(places: Sequence[tuple[int, int]]) -> Axis:
    factors = []
    for size, wider in places:
        factors.append(Factor(size))
        factors[-1].wide = wider
    return tuple(factors)
