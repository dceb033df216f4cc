"""`Encoding`: values to rows of numbers in [0, 1] and back, for samplers that do arithmetic.

Enters: dicts of values; arrays of shape `(n, d)`. Leaves: arrays of shape `(n, d)`, a mask of what
is active, dicts. There is one column for each name that can vary (`Fixed` has none). An inactive
entry is 0.5 and masked; a finite value is the middle of its cell, see `_axes.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from luthier.errors import SpaceError
from luthier.space._axes import Axis, FloatArray, axis_of
from luthier.space._categorical import Choice, Fixed
from luthier.space._conditions import Condition
from luthier.space._numeric import Float, Int
from luthier.space._parameters import HyperParameter
from luthier.space._space import Space

BoolArray = NDArray[np.bool_]
Kind = Literal["float", "int", "ordinal", "nominal"]

_INACTIVE = 0.5


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an encoding.

    Args:
        name: the hyperparameter.
        kind: `float` continuous; `int` whole numbers one apart; `ordinal` steps and ordered
            choices; `nominal` unordered choices and booleans, whose positions have no distance.
        n_choices: how many distinct values, None for `float`.
    """

    name: str
    kind: Kind
    n_choices: int | None


class Encoding:
    """The columns of a space, and the way there and back.

    Args:
        space: what is encoded.

    Attributes:
        space: as given.
        columns: one for each name that can vary, parents first.
    """

    __slots__ = ("_axes", "_place", "columns", "space")

    def __init__(self, space: Space) -> None:
        self.space = space
        self._axes: tuple[tuple[HyperParameter, Axis], ...] = tuple(
            (parameter, axis_of(parameter)) for parameter in space.parents_first
        )
        self.columns = _columns(space.parents_first)
        self._place = {column.name: i for i, column in enumerate(self.columns)}

    def encode(self, values: Sequence[Mapping[str, Any]]) -> tuple[FloatArray, BoolArray]:
        """Positions of points.

        Args:
            values: n points, name to value; those of inactive names do not matter.

        Returns:
            positions, shape `(n, d)`, free of NaN, and what is active, shape `(n, d)`. A name
            without a value, or with one that the space does not know, counts as inactive.
        """
        n = len(values)
        positions = np.full((n, len(self.columns)), _INACTIVE)
        known: dict[str, BoolArray] = {}
        for parameter, axis in self._axes:
            name = parameter.name
            free = np.fromiter((name in point for point in values), np.bool_, n)
            for condition in parameter.conditions:
                free &= _met_by_points(condition, known, values)
            taken = known.setdefault(name, np.zeros(n, np.bool_))
            free &= ~taken
            rows = np.flatnonzero(free)
            found = axis.positions([values[row][name] for row in rows.tolist()])
            sure = ~np.isnan(found)
            if not isinstance(parameter, Fixed):
                positions[rows[sure], self._place[name]] = found[sure]
            taken[rows[sure]] = True
        mask = np.zeros(positions.shape, np.bool_)
        for name, place in self._place.items():
            mask[:, place] = known[name]
        return positions, mask

    def position(self, name: str, value: Any) -> float | None:
        """Where a value of a hyperparameter lies; None if nothing of this name can have it."""
        for parameter, axis in self._axes:
            if parameter.name == name and parameter.contains(value):
                return float(axis.positions([value])[0])
        return None

    def decode(self, row: ArrayLike) -> dict[str, Any]:
        """The point at a row of positions.

        Args:
            row: positions, shape `(d,)`, clipped to [0, 1].

        Returns:
            the values of exactly the active hyperparameters, the fixed ones included.

        Raises:
            SpaceError: the shape is another, or a position is NaN.
        """
        positions = self._check(np.asarray(row, np.float64)[None])[0].tolist()
        point: dict[str, Any] = {}
        for parameter, axis in self._axes:
            name = parameter.name
            if name in point or not all(c.is_active(point) for c in parameter.conditions):
                continue
            place = self._place.get(name)
            fixed = place is None or isinstance(parameter, Fixed)
            point[name] = parameter.default if fixed else axis.value(positions[place])
        return point

    def snap(self, positions: ArrayLike) -> FloatArray:
        """Positions moved to the middles of their values' cells, the inactive ones to 0.5.

        Args:
            positions: shape `(n, d)`, clipped to [0, 1].

        Returns:
            shape `(n, d)`; each row decodes to the same point as before.

        Raises:
            SpaceError: the shape is another, or a position is NaN.
        """
        return self.settle(positions)[0]

    def settle(self, positions: ArrayLike) -> tuple[FloatArray, BoolArray]:
        """What `snap` gives, and which entries are active: both of shape `(n, d)`."""
        x = self._check(np.asarray(positions, np.float64))
        result = np.full(x.shape, _INACTIVE)
        mask = np.zeros(x.shape, np.bool_)
        known: dict[str, BoolArray] = {}
        met: dict[Condition, BoolArray] = {}
        asked = _asked(parameter for parameter, _ in self._axes)
        for parameter, axis in self._axes:
            name = parameter.name
            taken = known.setdefault(name, np.zeros(len(x), np.bool_))
            free = ~taken
            for condition in parameter.conditions:
                free &= met[condition]
            taken |= free
            place = self._place.get(name)
            if isinstance(parameter, Fixed) or place is None:
                column = np.full(len(x), _INACTIVE)
            else:
                column = axis.middles(x[:, place])
                result[free, place] = column[free]
            if place is not None:
                mask[:, place] |= free
            for condition in asked.get(name, ()):
                holds = met.setdefault(condition, np.zeros(len(x), np.bool_))
                holds |= free & _met_by_positions(condition, axis, column)
        return result, mask

    def _check(self, positions: FloatArray) -> FloatArray:
        if positions.ndim != 2 or positions.shape[1] != len(self.columns):
            raise SpaceError(
                f"Expected {len(self.columns)} positions a row, received shape {positions.shape}."
            )
        if np.isnan(positions).any():
            raise SpaceError("Expected positions in [0, 1], received NaN.")
        return np.clip(positions, 0.0, 1.0)


def _columns(parameters: Sequence[HyperParameter]) -> tuple[Column, ...]:
    groups: dict[str, list[HyperParameter]] = {}
    for parameter in parameters:
        if not isinstance(parameter, Fixed):
            groups.setdefault(parameter.name, []).append(parameter)
    return tuple(_column(name, group) for name, group in groups.items())


def _column(name: str, definitions: Sequence[HyperParameter]) -> Column:
    """Definitions of one name under different conditions share a column, of the loosest kind."""
    kinds = {_kind(parameter) for parameter in definitions}
    kind: Kind = "nominal"
    if "nominal" not in kinds:
        kind = kinds.pop() if len(kinds) == 1 else "float" if "float" in kinds else "ordinal"
    if kind == "float":
        return Column(name, kind, None)
    finite = [int(p.n_values) for p in definitions if _kind(p) != "float"]
    return Column(name, kind, max(finite))


def _kind(parameter: HyperParameter) -> Kind:
    if isinstance(parameter, Float):
        return "float" if parameter.step is None else "ordinal"
    if isinstance(parameter, Int):
        plain = parameter.step is None or (parameter.step, parameter.sampling) == (1, "linear")
        return "int" if plain else "ordinal"
    if isinstance(parameter, Choice) and parameter.ordered and parameter.is_numeric:
        return "ordinal"
    return "nominal"


def _asked(parameters: Iterable[HyperParameter]) -> dict[str, tuple[Condition, ...]]:
    """The conditions on each name."""
    found: dict[str, dict[Condition, None]] = {}
    for parameter in parameters:
        for condition in parameter.conditions:
            found.setdefault(condition.name, {})[condition] = None
    return {name: tuple(conditions) for name, conditions in found.items()}


def _met_by_points(
    condition: Condition, known: Mapping[str, BoolArray], values: Sequence[Mapping[str, Any]]
) -> BoolArray:
    active = known[condition.name]
    return np.fromiter(
        (bool(on) and condition.is_active(point) for on, point in zip(active, values, strict=True)),
        np.bool_,
        len(values),
    )


def _met_by_positions(condition: Condition, axis: Axis, positions: FloatArray) -> BoolArray:
    """Which positions, all of them middles of cells, stand for accepted values."""
    distinct, inverse = np.unique(positions, return_inverse=True)
    table = np.array([condition.accepts(axis.value(x)) for x in distinct.tolist()], np.bool_)
    return np.asarray(table[inverse])
