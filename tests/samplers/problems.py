"""Small problems with a known answer, and searches on them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from luthier.abc import Sampler
from luthier.records import Trial, TrialState
from luthier.space import Choice, Float, Int, Parent, Space
from luthier.testing._searches import Search

Values = dict[str, Any]

MIXED = Space(
    [
        Float("rate", 1e-5, 1.0, sampling="log"),
        Float("share", 0.0, 1.0),
        Int("layers", 1, 8),
        Choice("kind", ["a", "b", "c", "d"]),
    ]
)


def mixed(values: Values) -> float:
    """Least, 0, at rate 1e-2, share 0.7, 3 layers, kind c."""
    return (
        (math.log10(values["rate"]) + 2) ** 2
        + 16 * (values["share"] - 0.7) ** 2
        + (values["layers"] - 3) ** 2 / 4
        + (values["kind"] != "c")
    )


BRANCHES = Space(
    [
        Choice("model", ["far", "near", "flat"]),
        Float("x", -1.0, 1.0, conditions=[Parent("model", ("far", "near"))]),
        Float("y", -1.0, 1.0, conditions=[Parent("model", ("near",))]),
    ]
)


def branches(values: Values) -> float:
    """Least, 0, in the branch `near` at x = 0.4 and y = -0.3; the others end at 3 and 2.5."""
    if values["model"] == "flat":
        return 3.0
    if values["model"] == "far":
        return 2.5 + abs(float(values["x"]))
    return 4 * (abs(values["x"] - 0.4) + abs(values["y"] + 0.3))


def best_of(
    sampler: Sampler,
    space: Space,
    score: Callable[[Values], float],
    trials: int,
    seed: int,
    **history: Any,
) -> float:
    """The least score that a search finds."""
    search = Search(sampler, space, seed=seed, **history)
    for _ in range(trials):
        trial = search.ask()
        assert trial is not None
        search.tell(trial, score(dict(trial.values)))
    return min(trial.scores[0] for trial in search.history.finished)


def crashes(
    sampler: Sampler,
    space: Space,
    score: Callable[[Values], float],
    fails: Callable[[Values], bool],
    trials: int,
    seed: int,
) -> list[bool]:
    """Which trials crash in a search where a region does."""
    search = Search(sampler, space, seed=seed)
    found = []
    for _ in range(trials):
        trial: Trial | None = search.ask()
        assert trial is not None
        failed = fails(dict(trial.values))
        state = TrialState.FAILED if failed else TrialState.COMPLETED
        search.tell(trial, score(dict(trial.values)), state=state)
        found.append(failed)
    return found
