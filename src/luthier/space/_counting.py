"""The number of points of a conditional space, without visiting them.

Enters: hyperparameters, parents before children. Leaves: a count. Hyperparameters are taken in
order; all that later ones can ask about earlier ones is kept as a state (which conditions hold,
which names are taken), and points in the same state are counted together, so that the work grows
with the number of states and not with that of points.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from luthier.space._conditions import Condition
from luthier.space._parameters import HyperParameter

# Beyond this many states at once the space counts as too entangled; a second of work at most.
_MOST_STATES = 2_000
# A parent with more values than this is not taken apart.
_MOST_VALUES = 10_000

State = frozenset[Condition | str]
"""The conditions that hold, and the names that are taken, as far as they matter later."""


def count_points(order: Sequence[HyperParameter]) -> int | float:
    """The number of distinct points; `math.inf` if infinite or too costly to count.

    Args:
        order: the hyperparameters, parents before children.
    """
    asked, repeated = _last_questions(order)
    states: dict[State, int] = {frozenset(): 1}
    for place, parameter in enumerate(order):
        branches = _branches(parameter, [c for c in asked if c.name == parameter.name])
        if branches is None:
            return math.inf
        keep = {c for c, last in asked.items() if last > place}
        names = {n for n, last in repeated.items() if last > place}
        following: Counter[State] = Counter()
        for state, count in states.items():
            if parameter.name in state or not state.issuperset(parameter.conditions):
                following[_restrict(state, keep, names)] += count
                continue
            taken = state | {parameter.name}
            for met, ways in branches.items():
                following[_restrict(taken | met, keep, names)] += count * ways
        states = dict(following)
        if len(states) > _MOST_STATES:
            return math.inf
    return sum(states.values())


def _last_questions(
    order: Sequence[HyperParameter],
) -> tuple[dict[Condition, int], dict[str, int]]:
    """The last place where each condition, and each repeated name, is asked about."""
    asked: dict[Condition, int] = {}
    repeated: dict[str, int] = {}
    for place, parameter in enumerate(order):
        repeated[parameter.name] = place
        for condition in parameter.conditions:
            asked[condition] = place
    return asked, repeated


def _branches(
    parameter: HyperParameter, asked: list[Condition]
) -> dict[frozenset[Condition], int] | None:
    """How many of its values meet which of the conditions on it; None if it cannot be told."""
    if parameter.n_values == math.inf:
        return None
    if not asked:
        return {frozenset(): int(parameter.n_values)}
    if parameter.n_values > _MOST_VALUES:
        return None
    return Counter(
        frozenset(c for c in asked if c.accepts(value)) for value in parameter.distinct_values()
    )


def _restrict(state: State, keep: set[Condition], names: set[str]) -> State:
    return frozenset(item for item in state if item in keep or item in names)
