"""Between positions of an encoding and the rows that `numerics` searches in.

Enters: positions in [0, 1], shape (n, d). Leaves: rows of the same shape, in which an unordered
choice is the number of its cell, and what the columns are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from luthier.numerics._activity import Rule, learn_activity
from luthier.numerics._kernels import Columns
from luthier.samplers._common import Evidence
from luthier.space import Encoding

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


# How an encoding fills entries that are not active.
_INACTIVE = 0.5
# So many of the latest trials tell which columns builds use.
_RECENT = 500


class Frame:
    """The columns of an encoding as numbers and unordered choices.

    Args:
        encoding: of the space that is searched.
        idle: columns that builds were seen to leave unused though the space has them, shape (d,).

    Attributes:
        columns: what the columns are.
        idle: as given.
    """

    def __init__(self, encoding: Encoding, idle: BoolArray) -> None:
        self._encoding = encoding
        self._rules: tuple[Rule, ...] = ()
        self.idle = idle
        kinds = encoding.columns
        conditional = {p.name for p in encoding.space if p.conditions}
        cells = np.array([column.n_choices or 0 for column in kinds], np.int64)
        nominal = np.array([column.kind == "nominal" for column in kinds], np.bool_)
        self._nominal = np.flatnonzero(nominal)
        self._cells = cells[self._nominal]
        self.columns = Columns(
            choices=np.where(nominal, cells, 0),
            step=np.where(nominal | (cells == 0), 0.0, 1.0 / np.maximum(cells, 1)),
            optional=idle | np.array([column.name in conditional for column in kinds], np.bool_),
        )

    @property
    def deciders(self) -> IntArray:
        """The columns on which others depend, by the space or as far as is learnt; ascending."""
        asked = {condition.name for p in self._encoding.space for condition in p.conditions}
        named = [j for j, column in enumerate(self._encoding.columns) if column.name in asked]
        learnt = [rule.decider for rule in self._rules]
        return np.unique(np.array(named + learnt, np.int64))

    def rows(self, positions: FloatArray) -> FloatArray:
        """Rows of positions, shape (n, d)."""
        rows = positions.copy()
        chosen = np.floor(rows[:, self._nominal] * self._cells)
        rows[:, self._nominal] = np.minimum(chosen, self._cells - 1)
        return rows

    def positions(self, rows: FloatArray) -> FloatArray:
        """Positions of rows, shape (n, d)."""
        positions = rows.copy()
        positions[:, self._nominal] = (rows[:, self._nominal] + 0.5) / self._cells
        return positions

    def snap(self, rows: FloatArray) -> tuple[FloatArray, BoolArray]:
        """The rows that can be tried nearest to `rows`, and which entries of them are active."""
        positions, active = self._encoding.settle(self.positions(rows))
        for rule in self._rules:
            active[:, rule.column] &= rule.holds(positions)
            positions[~active[:, rule.column], rule.column] = _INACTIVE
        return self.rows(positions), active

    def learn(self, evidence: Evidence) -> None:
        """Learn from the latest trials which columns their builds did not use, and when."""
        if not self.idle.any():
            return
        x, active = evidence.scored.x[-_RECENT:], evidence.scored.active[-_RECENT:]
        _, possible = self._encoding.settle(x)
        self._rules = learn_activity(x, possible, active)


def idle_columns(evidence: Evidence) -> BoolArray:
    """Columns that the space makes active and some trial did not use; shape (d,)."""
    _, possible = evidence.encoding.settle(evidence.scored.x)
    return np.asarray((possible & ~evidence.scored.active).any(axis=0))


class Taken:
    """The rows that trials were spent on, to ask of many rows at once whether they are among them.

    Args:
        frame: the columns.
        evidence: the trials.
    """

    def __init__(self, frame: Frame, evidence: Evidence) -> None:
        tried = (evidence.scored.x[evidence.imported :], evidence.failed.x, evidence.open.x)
        rows = frame.rows(np.concatenate(tried))
        # Odd multipliers lose no bit of a product modulo 2**64.
        weights = np.random.default_rng(0).integers(1, 2**62, rows.shape[1], np.int64)
        self._weights = weights | 1
        self._known = np.sort(self._fingerprints(rows))

    def has(self, rows: FloatArray) -> BoolArray:
        """Which of `rows`, shape (n, d), were tried; shape (n,)."""
        if not len(self._known):
            return np.zeros(len(rows), np.bool_)
        prints = self._fingerprints(rows)
        place = np.searchsorted(self._known, prints)
        return np.asarray(self._known[np.minimum(place, len(self._known) - 1)] == prints)

    def _fingerprints(self, rows: FloatArray) -> IntArray:
        return np.asarray(np.ascontiguousarray(rows).view(np.int64) @ self._weights)
