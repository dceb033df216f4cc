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
from functools import partial
from math import prod
from typing import Any

from luthier.programs._axes import Axis, Factor, axis, resolved, wide
from luthier.programs._jax_blocks import WHOLE, Form
from luthier.programs._jax_lines import Lines, Value
from luthier.programs._jax_padding import Padding
from luthier.programs._jax_trace import Trace, UntraceableError, trace

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
        self._all = Lines(one)
        self._leaves = leaves
        self._begin(padding)
        self._all.relate()
        self._all.tie_state(leaves)
        state = [one for value in self._all.arguments[:leaves] for one in value.axes]
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
        return len(self._all.lines)

    def padding(self) -> Padding:
        """How the state lies in the wider one."""
        return Padding(
            tuple(
                tuple(tuple((f.size, f.wide) for f in resolved(one)) for one in value.axes)
                for value in self._all.arguments[: self._leaves]
            )
        )

    def structure(self) -> str:
        """Equal for models that differ in widths, and in numbers, only."""
        numbers = {factor: str(number) for number, factor in enumerate(self.factors)}
        places: dict[Value, int] = {}
        text = []
        for line in self._all.lines:
            params = line.equation.params
            wired = [places.setdefault(one, len(places)) for one in (*line.taken, *line.given)]
            said = [f"{name}={params[name]}" for name in _WHERE if name in params]
            text.append(f"{line.equation.primitive.name}{said}{wired}")
        for value in self._all.arguments[: self._leaves]:
            text += [numbers.get(f, "=") for one in value.axes for f in resolved(one)]
        return hashlib.sha256(",".join(text).encode()).hexdigest()

    def widened(self, form: Form = WHOLE) -> Trace:
        """The trace with as many places on each axis as its factors have by now (`wide`)."""
        return trace(partial(self._all.program(form.facts), form.run), *self._all.types())

    def work(self, form: Form = WHOLE) -> float:
        """Multiplications and additions of all products in the wider one, about."""
        return sum(form.work(line) for line in self._all.lines)

    def facts(self, form: Form) -> list[Any]:
        """What operations have to know of the narrow sizes, in order."""
        found = [form.facts(line) for line in self._all.lines]
        return [one for one in found if one is not None]

    def sizes_in(self, shapes: Sequence[tuple[int, ...]]) -> list[int] | None:
        """How large the factors are where the state has these shapes; None if they do not tell."""
        axes = [value.axes for value in self._all.arguments[: self._leaves]]
        if list(map(len, shapes)) != list(map(len, axes)):
            return None
        pairs = [
            (s, one)
            for shape, own in zip(shapes, axes, strict=True)
            for s, one in zip(shape, own, strict=True)
        ]
        found: dict[Factor, int] = {}
        for size, one in pairs:
            open_ones = [factor for factor in resolved(one) if not factor.is_fixed]
            rest = prod(factor.size for factor in resolved(one) if factor.is_fixed)
            if len(open_ones) == 1:
                found.setdefault(open_ones[0], size // rest)
        known = [found.get(factor, 0) for factor in self.factors]
        # One place is no factor, and what has none cannot be seen.
        if min(known, default=2) < 2:
            return None
        fits = all(size == prod(found.get(f, f.size) for f in resolved(one)) for size, one in pairs)
        return known if fits else None

    def _goes_with(self, padding: Padding, state: Sequence[Axis]) -> bool:
        before = [prod(wider for _, wider in one) for axes in padding.places for one in axes]
        parts = [factor for one in state for factor in resolved(one)]
        return before == list(wide(state)) and not any(
            factor.is_fixed and factor.size != factor.wide for factor in parts
        )

    def _begin(self, padding: Padding | None) -> None:
        """What is known before the first operation: the state may be padded, data may not."""
        for index, value in enumerate(self._all.arguments):
            is_state = index < self._leaves
            if is_state and padding is not None:
                value.axes = [_axis_of(one) for one in padding.places[index]]
            else:
                value.axes = [axis(size, is_fixed=not is_state) for size in value.shape]
        for value in self._all.constants:
            value.axes = [axis(size) for size in value.shape]


def _axis_of(places: Sequence[tuple[int, int]]) -> Axis:
    factors = []
    for size, wider in places:
        factors.append(Factor(size))
        factors[-1].wide = wider
    return tuple(factors)
