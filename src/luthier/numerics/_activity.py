"""Which columns of a row count, learnt from rows in which some did not.

In: rows of shape (n, d) and what was active in them. Out: rules, and masks of other rows. A column
is explained by one other column, its decider, whose value alone settled it in every row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_MOST_VALUES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """When a column is active.

    Attributes:
        column: which.
        decider: the column that settles it.
        values: those of the decider that were seen, ascending, shape (v,).
        active: whether the column is active there, shape (v,).
    """

    column: int
    decider: int
    values: Array
    active: Mask

    def holds(self, rows: Array) -> Mask:
        """Whether the column is active in `rows`, shape (n, d); by the nearest value seen."""
        gaps = np.abs(rows[:, self.decider, None] - self.values)
        return np.asarray(self.active[np.argmin(gaps, axis=1)])


def learn_activity(rows: Array, possible: Mask, active: Mask) -> tuple[Rule, ...]:
    """Rules for the columns that were possible but not active in some row.

    Args:
        rows: shape (n, d).
        possible: what is active as far as is known without learning, shape (n, d).
        active: what was, shape (n, d).

    Returns:
        a rule for each such column that has a decider. Among several deciders the one with the
        fewest values counts, then the first.
    """
    idle = (possible & ~active).any(axis=0)
    rules = (_explain(int(c), rows, possible, active) for c in np.flatnonzero(idle))
    return tuple(rule for rule in rules if rule is not None)


def _explain(column: int, rows: Array, possible: Mask, active: Mask) -> Rule | None:
    chosen = possible[:, column]
    outcome = active[chosen, column]
    best: Rule | None = None
    for decider in range(rows.shape[1]):
        # A column that is idle wherever this one is would explain it by its own idleness.
        if decider == column or not active[chosen, decider].all():
            continue
        values, place = np.unique(rows[chosen, decider], return_inverse=True)
        count = np.bincount(place)
        share = np.bincount(place, weights=outcome) / count
        settled = np.all((share == 0.0) | (share == 1.0))
        if not settled or len(values) > _MOST_VALUES or len(values) == len(place) > 2:
            continue
        if best is None or len(values) < len(best.values):
            best = Rule(column, decider, values, share == 1.0)
    return best
