"""A function's trace: its skeleton, the constants in it, and running it with others in their place.

Enters: a function and example arguments. Leaves: a `Trace`. What is replayed is exactly the traced
program; only numbers that stood in it may come from outside. Constants are numbered in the order in
which the program is walked, the same order in `_Reader` and in `_Replay`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.extend import core

from luthier.programs._jax_primitives import DERIVATIVES, INLINED, LIFTED, Lifted

Rule = Callable[[Any, Sequence[Any]], Any]
"""Another way to compute one operation: called with it and its operands; None: the usual way."""


class UntraceableError(Exception):
    """The function has no trace that others could share; the message says why."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a function does, in two parts.

    Attributes:
        skeleton: equal for traces that are the same program up to their constants.
        constants: the numbers and arrays in it, in order.
        closed: the program itself.
        arguments: how the function's arguments are nested.
        results: how what it returns is nested.
        result_types: shapes and types of what it returns, flat.
        kept: objects that the skeleton names by their identity, which must live as long.
        name: of the function; no part of the skeleton.
    """

    skeleton: str
    constants: tuple[Any, ...]
    closed: Any
    arguments: Any
    results: Any
    result_types: tuple[Any, ...]
    kept: tuple[Any, ...] = ()
    name: str = "function"

    def replay(self, constants: Sequence[Any], *args: Any, rule: Rule | None = None) -> Any:
        """What the function returns for `args`, with other constants in its program.

        Args:
            constants: as many as the trace has, of the same types; they may be traced themselves.
            *args: nested as the example arguments were.
            rule: another way to compute some operations.
        """
        flat = jax.tree.leaves(args)
        replay = _Replay(iter(constants), rule)
        values = replay.run(self.closed.jaxpr, self.closed.consts, flat)
        return jax.tree.unflatten(self.results, values)


def trace(function: Callable[..., Any], *args: Any) -> Trace:
    """Trace a function: no compile, some milliseconds.

    Args:
        function: takes and returns nested arrays.
        *args: example arguments, or their `jax.ShapeDtypeStruct`s.

    Raises:
        UntraceableError: if the function calls back to Python, or JAX cannot trace it.
    """
    try:
        closed, shapes = jax.make_jaxpr(function, return_shape=True)(*args)
    except Exception as error:
        reason = str(error).strip().splitlines() or [""]
        raise UntraceableError(f"{type(error).__name__}: {reason[0]}") from error
    name = getattr(function, "__name__", "function")
    return _read(closed, jax.tree.structure(args), shapes, name)


def _read(closed: Any, arguments: Any, shapes: Any, name: str) -> Trace:
    if closed.effects:
        raise UntraceableError(f"it calls back to Python ({_named(closed.effects)})")
    reader = _Reader()
    results = jax.tree.structure(shapes)
    text = f"{arguments}\n{results}\n{reader.closed(closed)}"
    return Trace(
        skeleton=hashlib.sha256(text.encode()).hexdigest(),
        constants=tuple(reader.constants),
        closed=closed,
        arguments=arguments,
        results=results,
        result_types=tuple(closed.out_avals),
        kept=tuple(reader.kept),
        name=name,
    )


class _Reader:
    """Writes a trace down without its constants, and collects these."""

    def __init__(self) -> None:
        self.constants: list[Any] = []
        self.kept: list[Any] = []

    def closed(self, closed: Any) -> str:
        """A trace with the arrays that it closes over."""
        self.constants.extend(closed.consts)
        return self.body(closed.jaxpr, {})

    def body(self, jaxpr: Any, names: dict[Any, str], *, hoists: bool = True) -> str:
        """A trace's operations; variables are named by their order."""

        def named(variable: Any) -> str:
            if isinstance(variable, core.Literal):
                return self._literal(variable, hoists)
            if variable not in names:
                names[variable] = f"{len(names)}:{_typed(variable.aval)}"
            return names[variable]

        lines = [",".join(map(named, [*jaxpr.constvars, *jaxpr.invars]))]
        for equation in jaxpr.eqns:
            taken = ",".join(map(named, equation.invars))
            inside = self._parameters(equation, hoists)
            given = ",".join(map(named, equation.outvars))
            lines.append(f"{given}={equation.primitive.name}[{inside}]{taken}{_context(equation)}")
        lines.append(",".join(map(named, jaxpr.outvars)))
        return "\n".join(lines)

    def _literal(self, literal: Any, hoists: bool) -> str:
        if hoists:
            self.constants.append(np.asarray(literal.val, dtype=literal.aval.dtype))
            return f"constant:{_typed(literal.aval)}"
        return f"{_exact(literal.val)}:{_typed(literal.aval)}"

    def _parameters(self, equation: Any, hoists: bool) -> str:
        params, name = equation.params, equation.primitive.name
        if hoists and name in INLINED:
            return f"<{self._nested(params[INLINED[name]])}>"
        if hoists and name in LIFTED:
            inner = LIFTED[name].inner(params)
            ids = {id(one) for one in inner} | {id(params.get("branches"))}
            nested = "|".join(self._nested(one) for one in inner)
            others = {key: value for key, value in params.items() if id(value) not in ids}
            return f"<{nested}>{self._value(others)}"
        return self._value({key: params[key] for key in params if key not in DERIVATIVES})

    def _nested(self, one: Any) -> str:
        return self.closed(one) if isinstance(one, core.ClosedJaxpr) else self.body(one, {})

    def _value(self, value: Any) -> str:
        """A parameter, so that different ones read differently."""
        if isinstance(value, core.ClosedJaxpr):
            consts = ",".join(_exact(const) for const in value.consts)
            return f"{{{self.body(value.jaxpr, {}, hoists=False)}|{consts}}}"
        if isinstance(value, core.Jaxpr):
            return f"{{{self.body(value, {}, hoists=False)}}}"
        if isinstance(value, Mapping):
            return ",".join(f"{key}={self._value(value[key])}" for key in sorted(value, key=str))
        if type(value) in (tuple, list):
            return f"({','.join(map(self._value, value))})"
        if isinstance(value, np.ndarray | jax.Array):
            return _exact(value)
        text = repr(value)
        if callable(value) or " at 0x" in text or " object at " in text:
            self.kept.append(value)
            return f"{type(value).__name__}@{id(value)}"
        return text


class _Replay:
    """Runs a trace with other constants.

    Args:
        constants: in the order of `_Reader`.
        rule: another way to compute some operations.
    """

    def __init__(self, constants: Iterator[Any], rule: Rule | None) -> None:
        self._constants = constants
        self._rule = rule

    def run(self, jaxpr: Any, consts: Sequence[Any], args: Sequence[Any]) -> list[Any]:
        """What the trace gives for `args`."""
        values = {variable: next(self._constants) for variable in jaxpr.constvars[: len(consts)]}
        values.update(zip(jaxpr.invars, args, strict=True))

        def read(variable: Any) -> Any:
            if isinstance(variable, core.Literal):
                return next(self._constants)
            return values[variable]

        for equation in jaxpr.eqns:
            operands = [read(variable) for variable in equation.invars]
            with in_context(equation):
                results = self._apply(equation, operands)
            values.update(zip(equation.outvars, results, strict=True))
        return [read(variable) for variable in jaxpr.outvars]

    def _apply(self, equation: Any, operands: list[Any]) -> Sequence[Any]:
        name, params = equation.primitive.name, equation.params
        if name in INLINED:
            inner = params[INLINED[name]]
            if isinstance(inner, core.ClosedJaxpr):
                return self.run(inner.jaxpr, inner.consts, operands)
            return self.run(inner, (), operands)
        if name in LIFTED:
            changed, operands = self._lift(LIFTED[name], params, operands)
            return bind_again(equation, operands, changed)
        if self._rule is not None and (result := self._rule(equation, operands)) is not None:
            return [result]
        return bind_again(equation, operands, params)

    def _lift(
        self, lifted: Lifted, params: Mapping[str, Any], operands: list[Any]
    ) -> tuple[dict[str, Any], list[Any]]:
        """An operation whose nested traces get the constants that vary as operands."""
        inner = [_as_closed(one) for one in lifted.inner(params)]
        own = [[next(self._constants) for _ in range(count_constants(one))] for one in inner]
        extra = [[v for v in values if isinstance(v, jax.core.Tracer)] for values in own]
        if lifted.shares_operands:
            extra = [[value for values in extra for value in values]] * len(inner)
        renewed = [
            self._renewed(one, values, more)
            for one, values, more in zip(inner, own, extra, strict=True)
        ]
        return lifted.rebind(params, operands, renewed, extra)

    def _renewed(self, closed: Any, constants: Sequence[Any], extra: Sequence[Any]) -> Any:
        """A nested trace that takes `extra` in front of its own operands."""
        places = {id(value): index for index, value in enumerate(extra)}

        def inner(*args: Any) -> list[Any]:
            given = [
                args[places[id(value)]] if id(value) in places else value for value in constants
            ]
            replay = _Replay(iter(given), self._rule)
            return replay.run(closed.jaxpr, closed.consts, args[len(extra) :])

        types = [_struct(jax.typeof(value)) for value in extra]
        return jax.make_jaxpr(inner)(*types, *map(_struct, closed.in_avals))


def bind_again(equation: Any, operands: Sequence[Any], params: Mapping[str, Any]) -> Sequence[Any]:
    """The results of an operation, of other operands or with other parameters."""
    bound = equation.primitive.get_bind_params(dict(params))
    # Older versions of JAX take functions apart from parameters.
    functions, bound = bound if isinstance(bound, tuple) else ((), bound)
    result = equation.primitive.bind(*functions, *operands, **bound)
    return result if equation.primitive.multiple_results else [result]


def _as_closed(one: Any) -> Any:
    return one if isinstance(one, core.ClosedJaxpr) else core.ClosedJaxpr(one, ())


def count_constants(one: Any) -> int:
    """How many constants a nested trace has."""
    reader = _Reader()
    reader.closed(_as_closed(one))
    return len(reader.constants)


def _struct(aval: Any) -> Any:
    weak = getattr(aval, "weak_type", False)
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=weak)


def _typed(aval: Any) -> str:
    weak = "w" if getattr(aval, "weak_type", False) else ""
    return f"{aval.str_short()}{weak}"


def _exact(value: Any) -> str:
    array = np.asarray(value)
    return f"{array.dtype}{array.shape}{hashlib.sha256(array.tobytes()).hexdigest()}"


def _context(equation: Any) -> str:
    context = getattr(equation, "ctx", None)
    return "" if context is None else f"@{context!r}"


def in_context(equation: Any) -> contextlib.AbstractContextManager[Any]:
    """The settings under which an operation was traced."""
    manager = getattr(getattr(equation, "ctx", None), "manager", None)
    return contextlib.nullcontext() if manager is None else manager


def _named(effects: Any) -> str:
    return ", ".join(sorted({type(effect).__name__ for effect in effects}))
