"""`Grid`: every point of a grid over the space, in KerasTuner's order.

The order, learnt from KerasTuner's public behaviour: all defaults first, then lexicographic with
the default of each hyperparameter before its other values; the last hyperparameter varies fastest.
A continuous range, or whole numbers on a log scale, contribute ten values of even probability
besides their default. Hyperparameters that trials meet take their place in that order, behind the
known ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.errors import SpaceError
from luthier.records import History, Suggestion
from luthier.samplers._fresh import admits, describe, none_allowed
from luthier.samplers._seen import Seen
from luthier.samplers._unused import Unused
from luthier.samplers._walk import Point, Walk
from luthier.space import Constraint, Float, HyperParameter, Int, Space

# After so many points that break a constraint, without one that keeps it, the constraints count as
# contradictory.
_HOPELESS = 150_000


class Grid(Sampler):
    """Every point of the grid once, whatever was tried before: complete also after an interruption.

    The next suggestion is the first point of the order that no trial covers (see `_seen`), so it
    depends on the history alone; where the walk stood last is only remembered to go on from there.
    Workers proceed in parallel; at the end of the grid, they wait for the open trials, because
    these may still meet new hyperparameters.
    """

    def __init__(self) -> None:
        self._seen = Seen()
        self._unused = Unused()
        self._shrinks = -1
        self._constraints: tuple[Constraint, ...] = ()
        self._walk = Walk(Space(), grid_values)
        self._place: Point | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name."""
        return {"name": "grid"}

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        del rng  # the order is fixed
        self._seen.update(history)
        self._unused.update(history)
        if (self._shrinks, self._constraints) != (self._seen.shrinks, history.constraints):
            self._shrinks, self._constraints = self._seen.shrinks, history.constraints
            self._walk = Walk(history.space, grid_values)
            self._place = self._walk.first()
        point = self._first_left(history)
        self._place = point
        if point is None:
            return None
        return Suggestion(self._unused.drop(dict(point)), note="next point of the grid")

    def _first_left(self, history: History) -> Point | None:
        point = self._place
        refused = 0
        while point is not None:
            pattern = self._seen.pattern(point)
            if pattern is not None:
                point = self._walk.after(point, within=frozenset(pattern))
            elif admits(history, point):
                return point
            else:
                refused += 1
                if refused >= _HOPELESS:
                    raise SpaceError(describe(history, refused))
                point = self._walk.after(point)
        if none_allowed(history):
            raise SpaceError(describe(history, refused + len(history.finished)))
        return None


def grid_values(parameter: HyperParameter) -> Sequence[Any]:
    """The values of one hyperparameter on the grid, its default first, each once."""
    values: dict[str, Any] = {}
    for value in (parameter.default, *_spread(parameter)):
        values.setdefault(parameter.label(value), value)
    return tuple(values.values())


def _spread(parameter: HyperParameter) -> Sequence[Any]:
    ranged = isinstance(parameter, Int | Float) and parameter.step is None
    if not ranged or parameter.n_values == 1:
        return tuple(parameter.values)
    # KerasTuner computes these ten probabilities like this and walks through them as a Python set
    # gives them.
    return tuple({parameter.prob_to_value(0.1 * i + 0.05) for i in range(10)})
