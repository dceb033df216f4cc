"""The proof that a replayed trace is the program that was traced.

Before a program is compiled for others, its trace is replayed with its constants as unknown inputs,
and what that traces to is compared with the original: the same operations in the same order on the
same values. It costs milliseconds where running one step for comparison would cost a compile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
from jax.extend import core

from luthier.programs._jax_primitives import INLINED, LIFTED
from luthier.programs._jax_trace import Trace, UntraceableError


def check_replay(one: Trace) -> None:
    """Make sure that a trace, replayed, is the same program again.

    Raises:
        UntraceableError: if it is another, or cannot be replayed.
    """
    types = [_struct(aval) for aval in one.closed.in_avals]
    constants = [_struct(jax.typeof(value)) for value in one.constants]
    args = jax.tree.unflatten(one.arguments, types)
    try:
        again = jax.make_jaxpr(lambda values, given: one.replay(values, *given))(constants, args)
    except Exception as error:
        raise UntraceableError(f"its trace cannot be replayed: {error}") from error
    ours, theirs = _Wiring().read(again), _Wiring().read(one.closed)
    if ours != theirs:
        place = next((pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]), "")
        raise UntraceableError(f"its trace replays differently on this version of JAX: {place}")


class _Value:
    """A value of a program: an argument, a constant, or what an operation gave."""


class _Wiring:
    """Reads a program as one flat list of operations; values are named when they are first used."""

    def __init__(self) -> None:
        self._names: dict[_Value, int] = {}

    def read(self, closed: Any) -> list[tuple[Any, ...]]:
        """All operations, and last which values are the results."""
        values: dict[Any, _Value] = {}
        lines = list(self._body(closed.jaxpr, values))
        return [*lines, ("results", *self._named(closed.jaxpr.outvars, values))]

    def _body(self, jaxpr: Any, values: dict[Any, _Value]) -> Iterator[tuple[Any, ...]]:
        for equation in jaxpr.eqns:
            if _changes_nothing(equation):
                values[equation.outvars[0]] = _value(equation.invars[0], values)
                continue
            key = INLINED.get(equation.primitive.name)
            if key is None:
                yield self._line(equation, values)
                continue
            inner = equation.params[key]
            inner = getattr(inner, "jaxpr", inner)
            taken = [_value(variable, values) for variable in equation.invars]
            within = dict(zip(inner.invars, taken, strict=True))
            yield from self._body(inner, within)
            given = [_value(variable, within) for variable in inner.outvars]
            values.update(zip(equation.outvars, given, strict=True))

    def _line(self, equation: Any, values: dict[Any, _Value]) -> tuple[Any, ...]:
        name = equation.primitive.name
        # A lifted operation takes constants from outside that were within it.
        taken = () if name in LIFTED else self._named(equation.invars, values)
        types = [(variable.aval.shape, str(variable.aval.dtype)) for variable in equation.outvars]
        return name, taken, self._named(equation.outvars, values), tuple(types)

    def _named(self, variables: Any, values: dict[Any, _Value]) -> tuple[int, ...]:
        found = [_value(variable, values) for variable in variables]
        return tuple(self._names.setdefault(value, len(self._names)) for value in found)


def _value(variable: Any, values: dict[Any, _Value]) -> _Value:
    if isinstance(variable, core.Literal):
        return _Value()
    return values.setdefault(variable, _Value())


def _changes_nothing(equation: Any) -> bool:
    """A conversion to the type that the value has; JAX leaves it out where it can."""
    if equation.primitive.name != "convert_element_type":
        return False
    return bool(equation.invars[0].aval.dtype == equation.outvars[0].aval.dtype)


def _struct(aval: Any) -> Any:
    weak = bool(getattr(aval, "weak_type", False))
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=weak)
