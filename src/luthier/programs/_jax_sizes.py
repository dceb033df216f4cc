"""Wide programs of one function under other widths, told without tracing.

Functions of one structure and other widths have one trace once they are written for the widest
(`_jax_widths`), but for its constants: numbers, which `Family` tells, and what operations have to
know of the narrow sizes, which the sizes give. So after a few of them the others need no trace,
neither their own nor the wide one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from luthier.programs._jax_blocks import Form
from luthier.programs._jax_families import Family, same_array
from luthier.programs._jax_padding import Padding
from luthier.programs._jax_trace import Trace
from luthier.programs._jax_widths import Widening

_NOTHING = np.zeros(0, np.int32)


class SizedFamily:
    """Traces, written for the same wide sizes, of functions that differ in sizes and numbers only.

    Whoever uses it warrants that nothing else of the function changes.

    Args:
        one: the first, as wide as it was chosen to be.
        form: how its operations are done.

    Attributes:
        one: the first, of the sizes that were asked for last.
        form: as given.
    """

    def __init__(self, one: Widening, form: Form) -> None:
        self.one = one
        self.form = form
        self._wide = [factor.wide for factor in one.factors]
        self._family = Family()
        self._first: Trace | None = None
        # Constant → which of the facts it was in every trace.
        self._facts: dict[int, set[int]] = {}

    def add(self, numbers: Sequence[float], other: Widening, wider: Trace) -> bool:
        """Learn from a trace; whether it is of the same functions.

        Args:
            numbers: that it was made with.
            other: what it was made of.
            wider: the trace.
        """
        sizes, facts = [factor.size for factor in other.factors], other.facts(self.form)
        if [factor.wide for factor in other.factors] != self._wide or not self._is_like(
            other, sizes, facts
        ):
            return False
        if self._first is None:
            self._first = wider
            self._facts = _found(wider, facts)
        if wider.skeleton != self._first.skeleton:
            return False
        for place, possible in self._facts.items():
            possible.intersection_update(_found(wider, facts).get(place, ()))
        if not all(self._facts.values()):
            return False
        self._family.add([*numbers, *sizes], self._without_facts(wider))
        return True

    def tell(self, numbers: Sequence[float], sizes: Sequence[int]) -> tuple[Trace, Padding] | None:
        """The trace for other numbers and sizes, and how the state lies in it; None if it has to be
        made.
        """
        one = self._family.tell([*numbers, *sizes])
        if one is None:
            return None
        self.resize(sizes)
        facts, constants = self.one.facts(self.form), list(one.constants)
        for place, possible in self._facts.items():
            first, *others = sorted(possible)
            if not all(same_array(facts[first], facts[other]) for other in others):
                return None
            constants[place] = facts[first]
        return replace(one, constants=tuple(constants)), self.one.padding()

    def resize(self, sizes: Sequence[int]) -> None:
        """Have `one` be of other sizes, as wide as the traces are."""
        for factor, size, wider in zip(self.one.factors, sizes, self._wide, strict=True):
            factor.size, factor.wide = size, wider

    def has_wide(self, sizes: Sequence[int]) -> bool:
        """Whether these are the wide sizes of the traces."""
        return list(sizes) == self._wide

    def _is_like(self, other: Widening, sizes: Sequence[int], facts: Sequence[Any]) -> bool:
        """Whether another trace's sizes are to it what they are to the first."""
        if len(sizes) != len(self._wide):
            return False
        self.resize(sizes)
        ours = self.one.facts(self.form)
        return (
            self.one.padding() == other.padding()
            and len(ours) == len(facts)
            and all(map(same_array, ours, facts))
        )

    def _without_facts(self, wider: Trace) -> Trace:
        constants = [
            _NOTHING if place in self._facts else value
            for place, value in enumerate(wider.constants)
        ]
        return replace(wider, constants=tuple(constants))


def _found(wider: Trace, facts: Sequence[Any]) -> dict[int, set[int]]:
    """Which facts a trace's constants may be."""
    same = {
        place: {index for index, fact in enumerate(facts) if same_array(fact, value)}
        for place, value in enumerate(wider.constants)
        if value.ndim == 1
    }
    return {place: which for place, which in same.items() if which}
