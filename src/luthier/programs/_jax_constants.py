"""Which constants of a program are inputs, and handing them over in few arrays.

A number that might be a hyperparameter is an input from the start; one that every program is full
of (0, 1, -inf, whole numbers of shapes and steps) becomes one when it first differs, which costs
one more compile. Arrays that a trace closes over always are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

_COMMON = frozenset({0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, 4.0, 10.0, 255.0})

Packed = dict[str, Any]
"""Constants as a program takes them: scalars by type in one vector, arrays one by one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which constants of some traces are inputs.

    Attributes:
        scalars: type → places `(trace, constant)` of numbers that are inputs.
        arrays: places of arrays.
    """

    scalars: Mapping[str, tuple[tuple[int, int], ...]]
    arrays: tuple[tuple[int, int], ...]

    def pack(self, constants: Sequence[Sequence[Any]]) -> Packed:
        """The inputs of a program, for one trial's constants."""
        packed: Packed = {
            kind: np.array([_host(constants[t][c]) for t, c in places], dtype=np.dtype(kind))
            for kind, places in self.scalars.items()
        }
        packed["arrays"] = [constants[t][c] for t, c in self.arrays]
        return packed

    def unpack(self, packed: Packed, first: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Constants of each trace: inputs where they are, those of `first` elsewhere."""
        full = [list(constants) for constants in first]
        for kind, places in self.scalars.items():
            for index, (t, c) in enumerate(places):
                full[t][c] = packed[kind][index]
        for value, (t, c) in zip(packed["arrays"], self.arrays, strict=True):
            full[t][c] = value
        return full


def first_layout(constants: Sequence[Sequence[Any]]) -> Layout:
    """What to take as inputs when only one trial is known."""
    places = _places(constants)
    return _layout(constants, {p for p in places if _may_vary(constants[p[0]][p[1]])})


def widened(
    layout: Layout, first: Sequence[Sequence[Any]], constants: Sequence[Sequence[Any]]
) -> Layout:
    """The layout, or a wider one if constants differ that were no inputs."""
    known = {place for places in layout.scalars.values() for place in places}
    fixed = [p for p in _places(first) if p not in known and p not in set(layout.arrays)]
    new = {p for p in fixed if not _same(first[p[0]][p[1]], constants[p[0]][p[1]])}
    return _layout(first, known | new) if new else layout


def _layout(constants: Sequence[Sequence[Any]], chosen: set[tuple[int, int]]) -> Layout:
    scalars: dict[str, list[tuple[int, int]]] = {}
    arrays = []
    for place in _places(constants):
        value = constants[place[0]][place[1]]
        if not _is_scalar(value):
            arrays.append(place)
        elif place in chosen:
            scalars.setdefault(str(value.dtype), []).append(place)
    return Layout({kind: tuple(places) for kind, places in scalars.items()}, tuple(arrays))


def _places(constants: Sequence[Sequence[Any]]) -> list[tuple[int, int]]:
    return [(t, c) for t, own in enumerate(constants) for c in range(len(own))]


def _is_scalar(value: Any) -> bool:
    return value.ndim == 0 and not _is_key(value)


def _is_key(value: Any) -> bool:
    return bool(jax.dtypes.issubdtype(value.dtype, jax.dtypes.extended))


def _may_vary(value: Any) -> bool:
    if not _is_scalar(value) or not jax.dtypes.issubdtype(value.dtype, np.inexact):
        return False
    number = complex(_host(value)).real
    return bool(np.isfinite(number)) and number not in _COMMON


def _host(value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else np.asarray(value)


def _same(one: Any, other: Any) -> bool:
    # Bit by bit: -0.0 is not 0.0, and NaN is itself.
    return one is other or _host(one).tobytes() == _host(other).tobytes()
