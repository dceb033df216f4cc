"""What the columns of an array of points are: continuous, stepped, or unordered choices.

Every entry lies in [0, 1]. A column with k values has k cells of width 1 / k, whose middles stand
for the values; between unordered choices there is no distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """d columns.

    Attributes:
        cells: how many values each has, 0 for a continuous one, shape `(d,)`.
        nominal: which are unordered choices, shape `(d,)`.
    """

    cells: IntArray
    nominal: BoolArray

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def numeric(self) -> BoolArray:
        """Which are numbers, shape `(d,)`."""
        return ~self.nominal


def cells_of(x: FloatArray, count: int) -> IntArray:
    """The cell of each entry of a column with so many of them, from 0."""
    return np.minimum((x * count).astype(np.int64), count - 1)
