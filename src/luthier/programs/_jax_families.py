"""Traces of one function under other numbers, told without tracing.

A search traces the same step again and again, each time with other numbers in it. The constants of
such a trace are simple functions of these numbers: the number itself, one less it, its inverse.
From a few traces it follows which, by elimination: whatever gave every constant so far to the last
bit is still possible. Where all that is possible says the same of new numbers, the trace is known;
otherwise it is made, and there is less that is possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from luthier.programs._jax_trace import Trace

# Two traces tell apart what is possible; the third is the proof of it.
_ENOUGH = 3


class Family:
    """Traces of one function that are the same but for numbers which the function closes over.

    Whoever uses it warrants that nothing else of the function changes.

    Example:
        >>> import numpy as np
        >>> from luthier.programs import Family, trace
        >>> family = Family()
        >>> for rate in (0.1, 0.4, 0.2):
        ...     family.add([rate], trace(lambda x: (1 - rate) * x, np.ones(3, np.float32)))
        >>> family.tell([0.3]).constants == (np.float32(1 - 0.3),)
        True
    """

    def __init__(self) -> None:
        self._first: Trace | None = None
        self._seen: list[tuple[float, ...]] = []
        self._columns: dict[str, _Column] = {}
        self._is_lost = False

    def add(self, numbers: Sequence[float], one: Trace) -> None:
        """Learn from a trace that was made with these numbers."""
        if self._is_lost or len(self._seen) > 4 * _ENOUGH:
            return
        if self._first is None:
            self._first = one
            self._columns = _columns(one, len(numbers))
        self._seen.append(tuple(numbers))
        fits = one.skeleton == self._first.skeleton and len(numbers) == len(self._seen[0])
        if not (fits and _same_arrays(self._first, one)):
            # The function depends on more than the numbers.
            self._is_lost, self._first, self._columns = True, None, {}
            return
        for column in self._columns.values():
            column.add(numbers, one.constants)

    def tell(self, numbers: Sequence[float]) -> Trace | None:
        """The trace for other numbers; None if it has to be made."""
        first = self._first
        if first is None or len(self._seen) < _ENOUGH or not self._has_varied(numbers):
            return None
        constants = list(first.constants)
        for column in self._columns.values():
            found = column.tell(numbers)
            if found is None:
                return None
            for place, value in zip(column.places, found, strict=True):
                constants[place] = value
        return replace(first, constants=tuple(constants))

    def _has_varied(self, numbers: Sequence[float]) -> bool:
        """Whether each number is one that was seen, or was seen to change.

        What a number does that never changed is not known.
        """
        for now, *seen in zip(numbers, *self._seen, strict=True):
            if now not in seen and len(set(seen)) == 1:
                return False
        return True


@dataclass
class _Column:
    """The constants of one type, and what each of them may be.

    Attributes:
        dtype: their type.
        places: where they are among the constants.
        first: their values in the first trace, shape `(constants,)`.
        is_fixed: which of them were the same in every trace, `(constants,)`.
        possible: which function of the numbers gave them in every trace, `(constants, functions)`.
    """

    dtype: np.dtype[Any]
    places: list[int]
    first: np.ndarray[Any, Any]
    is_fixed: np.ndarray[Any, Any]
    possible: np.ndarray[Any, Any]

    def add(self, numbers: Sequence[float], constants: Sequence[Any]) -> None:
        """Rule out what would have given another value."""
        values = np.array([constants[place] for place in self.places], self.dtype)
        given = _functions(numbers, self.dtype)
        self.is_fixed &= _bits(values) == _bits(self.first)
        self.possible &= _bits(values)[:, None] == _bits(given)[None, :]

    def tell(self, numbers: Sequence[float]) -> np.ndarray[Any, Any] | None:
        """The constants for other numbers; None if not all of what is possible agrees."""
        given = _functions(numbers, self.dtype)
        if not np.all(self.is_fixed | self.possible.any(axis=1)):
            return None
        if len(given):
            one = np.where(self.is_fixed, self.first, given[self.possible.argmax(axis=1)])
        else:
            one = self.first
        differs = _bits(given)[None, :] != _bits(one)[:, None]
        return None if np.any(self.possible & differs) else one


def _columns(one: Trace, numbers: int) -> dict[str, _Column]:
    """The floating-point numbers among a trace's constants, by type."""
    places: dict[str, list[int]] = {}
    for place, value in enumerate(one.constants):
        if _is_number(value):
            places.setdefault(str(value.dtype), []).append(place)
    columns = {}
    for kind, own in places.items():
        dtype = np.dtype(one.constants[own[0]].dtype)
        first = np.array([one.constants[place] for place in own], dtype)
        count = len(_functions([0.5] * numbers, dtype))
        possible = np.ones((len(own), count), bool)
        columns[kind] = _Column(dtype, own, first, np.ones(len(own), bool), possible)
    return columns


def _functions(numbers: Sequence[float], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """What a constant may be, for these numbers: computed as Python does, then rounded."""
    x = np.array(numbers, np.float64)
    with np.errstate(all="ignore"):
        forms = (x, -x, 1 - x, x - 1, 1 + x, 2 * x, x / 2, 1 / x, 1 / (1 - x), x**2, np.sqrt(x))
        return np.concatenate(forms).astype(dtype)


def _is_number(value: Any) -> bool:
    return value.ndim == 0 and bool(jax.dtypes.issubdtype(value.dtype, np.floating))


def _same_arrays(one: Trace, other: Trace) -> bool:
    """Whether all that is no floating-point number is the same, bit by bit."""
    return all(
        _is_number(a) or same_array(a, b)
        for a, b in zip(one.constants, other.constants, strict=True)
    )


def same_array(one: Any, other: Any) -> bool:
    """Whether two constants are the same, bit by bit."""
    return one is other or bool(_exact(one) == _exact(other))


def _exact(value: Any) -> Any:
    if jax.dtypes.issubdtype(value.dtype, jax.dtypes.extended):
        value = jax.random.key_data(value)
    array = np.asarray(value)
    return array.dtype, array.shape, array.tobytes()


def _bits(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return values.view(f"u{values.dtype.itemsize}")
