"""One hyperparameter on the unit interval, for many values at once.

Values go to positions, and positions to the middles of their cells. Enters: lists of values,
arrays of positions in [0, 1]. Leaves: arrays of positions, and values. A finite hyperparameter of
n values cuts the interval into n cells, value i at `(i + 0.5) / n`, so that uniform positions are
uniform values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from luthier.space._categorical import Choice
from luthier.space._numeric import Float, Int
from luthier.space._parameters import HyperParameter
from luthier.space._scales import log_ratio

FloatArray = NDArray[np.float64]

# Above this the middle of a cell is not a float of its own; positions are then left as they are.
_MOST_CELLS = 2**50


class Axis(Protocol):
    """What `Encoding` needs of a hyperparameter."""

    def positions(self, values: Sequence[Any]) -> FloatArray:
        """Positions of values, shape `(n,)`; NaN for what it does not know."""

    def middles(self, positions: FloatArray) -> FloatArray:
        """The position that stands for each position's value, shape `(n,)`."""

    def value(self, position: float) -> Any:
        """The value at a position in [0, 1]."""


@dataclass(frozen=True, slots=True)
class ContinuousAxis:
    """A `Float` without step: position is cumulative probability."""

    parameter: Float

    def positions(self, values: Sequence[Any]) -> FloatArray:
        """Cumulative probabilities, clipped to [0, 1]."""
        p = self.parameter
        x = _numbers(values)
        if p.min_value == p.max_value:
            return np.where(np.isnan(x), np.nan, 0.5)
        x = np.clip(x, p.min_value, p.max_value)
        return np.asarray(_to_prob(x, p.min_value, p.max_value, p.sampling))

    def middles(self, positions: FloatArray) -> FloatArray:
        """The positions themselves."""
        if self.parameter.min_value == self.parameter.max_value:
            return np.full_like(positions, 0.5)
        return positions

    def value(self, position: float) -> Any:
        """The number at a cumulative probability."""
        return self.parameter.prob_to_value(position)


@dataclass(frozen=True, slots=True)
class WideIntAxis:
    """An `Int` on a log scale without step: its cells have different widths."""

    parameter: Int

    def positions(self, values: Sequence[Any]) -> FloatArray:
        """The middles of the values' cells."""
        p = self.parameter
        x = np.clip(_numbers(values), p.min_value, p.max_value)
        return self._middle_of(np.floor(x))

    def middles(self, positions: FloatArray) -> FloatArray:
        """The middles of the cells."""
        return self._middle_of(self._numbers(positions))

    def value(self, position: float) -> Any:
        """The number whose cell it is; by the same arithmetic as `middles`, to the last bit."""
        return int(self._numbers(np.array([position]))[0])

    def _middle_of(self, numbers: FloatArray) -> FloatArray:
        p = self.parameter
        return _to_prob(numbers + 0.5, p.min_value, p.max_value + 1, p.sampling)

    def _numbers(self, positions: FloatArray) -> FloatArray:
        p = self.parameter
        low, high = float(p.min_value), float(p.max_value + 1)
        if p.sampling == "log":
            x = low * np.power(high / low, positions)
        else:
            x = high + low - low * np.power(high / low, 1.0 - positions)
        return np.asarray(np.clip(np.floor(x), p.min_value, p.max_value))


@dataclass(frozen=True, slots=True)
class StepAxis:
    """Numbers in steps."""

    parameter: Int | Float
    n: int

    def positions(self, values: Sequence[Any]) -> FloatArray:
        """The middles of the cells of the nearest steps below."""
        p = self.parameter
        step = float(p.step or 1)
        x = np.clip(_numbers(values), p.min_value, p.max_value)
        if p.sampling == "linear":
            place = (x - p.min_value) / step
        else:
            x = x if p.sampling == "log" else _mirrored(x, p.min_value, p.max_value)
            place = _log_ratio(x, p.min_value, p.max_value) / np.log(step)
        # Values on a step but for rounding belong to that step.
        slack = np.clip(1e-8 * np.abs(place), 1e-8, 0.25)
        index = np.clip(np.floor(place + slack), 0, self.n - 1)
        return np.asarray((index + 0.5) / self.n)

    def middles(self, positions: FloatArray) -> FloatArray:
        """The middles of the cells."""
        return middles_of(positions, self.n)

    def value(self, position: float) -> Any:
        """The number whose cell it is."""
        return self.parameter.value_at(cell_of(position, self.n))


@dataclass(frozen=True, slots=True)
class ListAxis:
    """Values of a list, known by their labels.

    Args:
        parameter: whose values they are.
        order: the number in the hyperparameter of the value in each cell.
        cells: the cell of each label.
    """

    parameter: HyperParameter
    order: tuple[int, ...]
    cells: Mapping[str, int]

    def positions(self, values: Sequence[Any]) -> FloatArray:
        """The middles of the values' cells; NaN for values that are not in the list."""
        cells, label = self.cells, self.parameter.label
        found = np.array([cells.get(label(value), -1) for value in values], dtype=np.float64)
        return np.where(found < 0, np.nan, (found + 0.5) / len(self.order))

    def middles(self, positions: FloatArray) -> FloatArray:
        """The middles of the cells."""
        return middles_of(positions, len(self.order))

    def value(self, position: float) -> Any:
        """The value whose cell it is."""
        return self.parameter.value_at(self.order[cell_of(position, len(self.order))])


def axis_of(parameter: HyperParameter) -> Axis:
    """The axis of a hyperparameter."""
    if isinstance(parameter, Float) and parameter.step is None:
        return ContinuousAxis(parameter)
    if isinstance(parameter, Int) and parameter.step is None:
        return WideIntAxis(parameter)
    if isinstance(parameter, Int | Float):
        return StepAxis(parameter, int(parameter.n_values))
    return _list_axis(parameter)


def _list_axis(parameter: HyperParameter) -> ListAxis:
    values = list(parameter.distinct_values())
    order = list(range(len(values)))
    if isinstance(parameter, Choice) and parameter.ordered and parameter.is_numeric:
        # Neighbours in size are neighbours on the axis, however the user listed them.
        order.sort(key=values.__getitem__)
    cells = {parameter.label(values[number]): cell for cell, number in enumerate(order)}
    return ListAxis(parameter, tuple(order), cells)


def _numbers(values: Sequence[Any]) -> FloatArray:
    """The values as floats; NaN for what is no number, as an old trial may hold."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        plain = [value if isinstance(value, int | float) else math.nan for value in values]
        return np.array(plain, dtype=np.float64)


def cell_of(position: float, n: int) -> int:
    """The number of the cell of a position in [0, 1] among n equal ones."""
    return min(int(position * n), n - 1)


def middles_of(positions: FloatArray, n: int) -> FloatArray:
    """The middles of the cells of positions in [0, 1] among n equal ones."""
    if n > _MOST_CELLS:
        return positions
    return np.asarray((np.minimum(np.floor(positions * n), n - 1) + 0.5) / n)


def _to_prob(x: FloatArray, low: float, high: float, sampling: str) -> FloatArray:
    if low == high:
        return np.full_like(x, 0.5)
    if sampling == "linear":
        return np.asarray((x - low) / (high - low))
    if sampling == "log":
        return np.asarray(_log_ratio(x, low, high) / log_ratio(high, low))
    mirrored = _mirrored(x, low, high)
    return np.asarray(1.0 - _log_ratio(mirrored, low, high) / log_ratio(high, low))


def _log_ratio(x: FloatArray, low: float, high: float) -> FloatArray:
    """The logarithms of `x / low` for x up to `high`, also where ratios are beyond all floats."""
    return np.asarray(np.log(x / low) if high / low < math.inf else np.log(x) - math.log(low))


def _mirrored(x: FloatArray, low: float, high: float) -> FloatArray:
    """A reversed scale as a log scale: `high` becomes `low`, unless rounding swallowed it."""
    return np.asarray(np.maximum(high + low - x, low))
