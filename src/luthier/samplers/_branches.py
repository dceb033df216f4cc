"""The branches of a conditional space: each value of a column on which other columns depend.

Enters: what a history teaches. Leaves: branches, those tried least first, and which rows lie in
one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luthier.samplers._common import Evidence
from luthier.samplers._frame import BoolArray, FloatArray, Frame

# A number with more values than that has no branches: each would be tried once at most.
_MOST_VALUES = 32


@dataclass(frozen=True, slots=True)
class Branch:
    """All points at which a column has one value.

    Attributes:
        column: which.
        value: as rows hold it.
    """

    column: int
    value: float

    def holds(self, rows: FloatArray, active: BoolArray) -> BoolArray:
        """Which snapped rows, shape (n, d), lie in it; shape (n,)."""
        near = np.abs(rows[:, self.column] - self.value) < 1e-9
        return np.asarray(near & active[:, self.column])

    def moved(self, rows: FloatArray) -> FloatArray:
        """The rows, not snapped, with its value in its column."""
        inside = rows.copy()
        inside[:, self.column] = self.value
        return inside


def least_tried(frame: Frame, evidence: Evidence) -> list[Branch]:
    """The branches of a space, those with the fewest trials first; none if nothing depends."""
    parts = evidence.scored, evidence.failed, evidence.open
    rows = frame.rows(np.concatenate([part.x for part in parts]))
    active = np.concatenate([part.active for part in parts])
    found = [
        Branch(int(column), value) for column in frame.deciders for value in _values(frame, column)
    ]
    counts = [int(branch.holds(rows, active).sum()) for branch in found]
    return [found[place] for place in np.argsort(counts, kind="stable")]


def _values(frame: Frame, column: int) -> list[float]:
    """The values of a column as snapped rows hold them."""
    columns = frame.columns
    if columns.choices[column]:
        return [float(choice) for choice in range(columns.choices[column])]
    step = float(columns.step[column])
    count = round(1.0 / step) if step > 0.0 else 0
    return [(place + 0.5) * step for place in range(count)] if count <= _MOST_VALUES else []
