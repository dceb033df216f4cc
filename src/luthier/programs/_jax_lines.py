"""A trace as one list of operations, whose axes are known and which can be done on larger arrays.

Enters: a trace. Leaves: its operations in order, those of nested calls among them, each with the
values that it takes and gives. What larger arrays are for is decided elsewhere (`_jax_widths`,
`_jax_masking`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core
from jax.extend.random import threefry2x32_p

from luthier.programs._axes import Axis, Factor, fix, resolved, tie, wide
from luthier.programs._axis_rules import SIZES, Axes, held, relate
from luthier.programs._jax_padding import embedded, is_wider
from luthier.programs._jax_primitives import INLINED, LIFTED
from luthier.programs._jax_random import bits_at, draws_by_place
from luthier.programs._jax_trace import (
    Trace,
    UntraceableError,
    bind_again,
    count_constants,
    in_context,
    trace,
)

Do = Callable[["Line", list[Any], Any], Sequence[Any]]
"""Does an operation: called with it, its operands and what it has to know beside: if it draws, the
strides of what is drawn.
"""


class Lines:
    """The operations of a trace.

    Args:
        one: the trace.

    Attributes:
        arguments: what it takes, flat.
        constants: the arrays that it closes over, those that are needed.
        lines: its operations, those that are needed.
        results: what it returns, flat.
    """

    def __init__(self, one: Trace) -> None:
        self._trace = one = _with_constants(one)
        self._known = iter(one.constants)
        self.lines: list[Line] = []
        self.constants: list[Value] = []
        self.arguments = [Value(variable.aval) for variable in one.closed.jaxpr.invars]
        self.results = self._flatten(one.closed, self.arguments)
        self._forget_unused()

    def relate(self) -> None:
        """Say of all axes what they are made of; those of arguments and constants are known."""
        for line in self.lines:
            line.relate()

    def tie_state(self, leaves: int) -> None:
        """Say that the state which is returned, last, is as large as the one that is taken, first,
        and that nothing else which is returned may be larger.

        Args:
            leaves: arrays in the state.

        Raises:
            UntraceableError: if the two are of other shapes.
        """
        count = len(self.results) - leaves
        for before, after in zip(self.arguments, self.results[count:], strict=False):
            if before.shape != after.shape:
                raise UntraceableError("it changes the shapes of its state")
            for one, other in zip(before.axes, after.axes, strict=True):
                tie(one, other)
        for one in (one for value in self.results[:count] for one in value.axes):
            fix(one)

    def program(self, facts: Callable[[Line], Any] | None = None) -> Callable[..., Any]:
        """The operations on arrays that have as many places on each axis as its factors have by now
        (`wide`): a function of what does one of them (`Line.run`) and of the trace's arguments.

        Args:
            facts: what that has to know of an operation, as an array; `Line.strides` if not given.
        """
        outside = [value.constant() for value in self.constants]
        known = [(facts or Line.strides)(line) for line in self.lines]

        def program(do: Do, *args: Any) -> Any:
            values = dict(zip(self.arguments, jax.tree.leaves(args), strict=True))
            values.update(zip(self.constants, outside, strict=True))
            for line, own in zip(self.lines, known, strict=True):
                operands = [value.of(values) for value in line.taken]
                values.update(zip(line.given, do(line, operands, own), strict=True))
            results = [value.of(values) for value in self.results]
            return jax.tree.unflatten(self._trace.results, results)

        return program

    def types(self) -> Sequence[Any]:
        """Types of the program's arguments, nested as the trace's are."""
        types = [value.wide_type() for value in self.arguments]
        arguments: Sequence[Any] = jax.tree.unflatten(self._trace.arguments, types)
        return arguments

    def _flatten(self, closed: Any, arguments: Sequence[Value]) -> list[Value]:
        """Collect the operations of a program and of what it calls; its results."""
        jaxpr, consts = _opened(closed), getattr(closed, "consts", ())
        # Constants come in the order in which `_jax_trace` finds them.
        own = [Value(v.aval, next(self._known)) for v in jaxpr.constvars[: len(consts)]]
        self.constants += own
        values: dict[Any, Value] = dict(zip(jaxpr.constvars, own, strict=True))
        values.update(zip(jaxpr.invars, arguments, strict=True))

        def value_of(variable: Any) -> Value:
            if isinstance(variable, core.Literal):
                return Value(variable.aval, next(self._known))
            return values[variable]

        for equation in jaxpr.eqns:
            taken = [value_of(variable) for variable in equation.invars]
            key = INLINED.get(equation.primitive.name)
            if key is not None:
                given = self._flatten(equation.params[key], taken)
            else:
                self._skip_nested(equation)
                given = [Value(variable.aval) for variable in equation.outvars]
                self.lines.append(Line(equation, taken, given))
            values.update(zip(equation.outvars, given, strict=True))
        return [value_of(variable) for variable in jaxpr.outvars]

    def _skip_nested(self, equation: Any) -> None:
        name = equation.primitive.name
        nested = LIFTED[name].inner(equation.params) if name in LIFTED else ()
        for _ in range(sum(count_constants(one) for one in nested)):
            next(self._known)

    def _forget_unused(self) -> None:
        """Drop what no result needs: nothing would say how wide it is."""
        needed, kept = set(self.results), []
        for line in reversed(self.lines):
            if not needed.isdisjoint(line.given):
                needed.update(line.taken)
                kept.append(line)
        self.lines = kept[::-1]
        self.constants = [value for value in self.constants if value in needed]


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


class Value:
    """A value of a program.

    Attributes:
        axes: what its axes are made of.
        shape, dtype: in the trace.
        known: the constant that it is, or None.
    """

    def __init__(self, aval: Any, known: Any = None) -> None:
        self._aval = aval
        self.shape: tuple[int, ...] = tuple(aval.shape)
        self.dtype = aval.dtype
        self.axes: Axes = []
        self.known = known

    def wide_type(self) -> Any:
        """Its shape and type where arrays are larger."""
        return _struct(self._aval, wide(self.axes))

    def of(self, values: dict[Value, Any]) -> Any:
        """What it is while a program is written anew."""
        return values.get(self, self.known)

    def constant(self) -> Any:
        """The constant, as wide as it has to be."""
        places = tuple(tuple((f.size, f.wide) for f in resolved(one)) for one in self.axes)
        return jnp.asarray(embedded(self.known, places)) if is_wider(places) else self.known


@dataclass(frozen=True)
class Line:
    """One operation of a program.

    Attributes:
        equation: what JAX says of it.
        taken: its operands.
        given: its results.
    """

    equation: Any
    taken: list[Value]
    given: list[Value]

    @property
    def values(self) -> list[Value]:
        """Its operands and its results."""
        return [*self.taken, *self.given]

    def relate(self) -> None:
        """Say what the axes of the results are made of, and tie those of the operands."""
        name, params = self.equation.primitive.name, self.equation.params
        shapes = [value.shape for value in self.given]
        taken = [value.axes for value in self.taken]
        is_known = name != "random_bits" or draws_by_place(self.equation)
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
        if not draws_by_place(self.equation):
            return None
        sizes = [factor.size for factor in self._drawn()]
        return jnp.asarray([prod(sizes[index + 1 :]) for index in range(len(sizes))], jnp.uint32)

    def run(self, operands: Sequence[Any], strides: Any) -> Sequence[Any]:
        """Do the operation on wider arrays."""
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

    def draws_along(self, factor: Factor) -> bool:
        """Whether it draws numbers of which those for one place of a factor come after those for
        the place before.
        """
        return self.equation.primitive.name == "random_bits" and self._drawn()[:1] == (factor,)

    def draw_more(self, operands: Sequence[Any]) -> Sequence[Any]:
        """Draw what it draws and more after it, for arrays that are larger along such a factor."""
        shape = wide(self.given[0].axes)
        with in_context(self.equation):
            return bind_again(self.equation, operands, self.equation.params | {"shape": shape})

    def _drawn(self) -> Axis:
        return tuple(factor for one in self.given[0].axes for factor in resolved(one))

    def _bits(self, key: Any, strides: Any) -> Any:
        """The bits that the narrow trial draws, at the places that its entries have here."""
        sizes = [factor.wide for factor in self._drawn()]
        counters: Any = jnp.zeros(sizes, jnp.uint32)
        for index in range(len(sizes)):
            places = jax.lax.broadcasted_iota(jnp.uint32, sizes, index)
            counters = counters + places * strides[index]
        if jax.default_backend() == "cpu":
            return bits_at(key, counters).reshape(wide(self.given[0].axes))
        halves = jax.random.key_data(key)
        shape = jnp.zeros(sizes, jnp.uint32)
        first, second = threefry2x32_p.bind(shape + halves[0], shape + halves[1], shape, counters)
        return (first ^ second).reshape(wide(self.given[0].axes))
