"""A study without a store, spaces and trials: what suites of samplers are made of."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from luthier.abc import Sampler
from luthier.objective import Objective
from luthier.records import History, Suggestion, Trial, TrialState
from luthier.space import (
    Boolean,
    Choice,
    Fixed,
    Float,
    HyperParameter,
    Int,
    Parent,
    Space,
)

LOSS = (Objective("loss", "min"),)

MIXED = Space(
    [
        Float("rate", 1e-4, 1.0, sampling="log", default=1e-2),
        Int("units", 4, 64, step=4),
        Choice("kind", ["a", "b", "c"]),
        Boolean("flag"),
        Float("share", 0.0, 1.0),
        Int("wide", 1, 500, sampling="log"),
        Fixed("version", 3),
    ]
)
CONDITIONAL = Space(
    [
        Choice("model", ["tree", "line", "net"], default="line"),
        Int("depth", 1, 9, conditions=[Parent("model", ("tree",))]),
        Float("slope", -1.0, 1.0, conditions=[Parent("model", ("line", "net"))]),
        Boolean("deep", conditions=[Parent("model", ("net",))]),
        Float("decay", 0.0, 1.0, conditions=[Parent("model", ("net",)), Parent("deep", (True,))]),
        Choice("size", [8, 16, 32]),
    ]
)
FINITE = Space(
    [
        Choice("kind", ["a", "b"], default="b"),
        Int("count", 1, 3),
        Boolean("flag", conditions=[Parent("kind", ("b",))]),
        Float("step", 0.0, 1.0, step=0.5),
    ]
)


class Search:
    """A study without a store: asks a sampler and makes its history.

    Args:
        sampler: who is asked.
        space: what is searched.
        history: further attributes of the `History`.
    """

    def __init__(self, sampler: Sampler, space: Space, **history: Any) -> None:
        self.sampler = sampler
        given = {"objectives": LOSS, "seed": 5, **history}
        self.history = History(space=space, **given)

    @property
    def rng(self) -> np.random.Generator:
        """The generator of the next trial."""
        return np.random.default_rng((self.history.seed, self.history.number))

    def ask(self) -> Trial | None:
        """The next trial, open; None if the sampler has none."""
        suggestion = self.sampler.suggest(self.history, self.rng)
        if suggestion is None:
            return None
        trial = Trial(
            self.history.number,
            suggestion,
            TrialState.RUNNING,
            values=dict(suggestion.values),
            attempt=1,
        )
        self.history = replace(
            self.history, open=(*self.history.open, trial), number=self.history.number + 1
        )
        return trial

    def tell(
        self,
        trial: Trial,
        *scores: float,
        state: TrialState = TrialState.COMPLETED,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """End an open trial."""
        done = replace(
            trial,
            state=state,
            scores=scores if state.has_score else (),
            values=dict(trial.values if values is None else values),
        )
        self.history = replace(
            self.history,
            finished=(*self.history.finished, done),
            open=tuple(t for t in self.history.open if t.number != trial.number),
        )

    def step(self, state: TrialState = TrialState.COMPLETED) -> Trial | None:
        """Ask, and tell at once."""
        trial = self.ask()
        if trial is not None:
            scores = [badness(trial.values, n) for n in range(len(self.history.objectives))]
            self.tell(trial, *scores, state=state)
        return trial

    def run(self, trials: int) -> list[Trial]:
        """So many steps, fewer if the sampler comes to its end."""
        done = (self.step() for _ in range(trials))
        return [trial for trial in done if trial is not None]


def badness(values: Mapping[str, Any], objective: int = 0) -> float:
    """A smooth function of any values."""
    total = 0.0
    for name, value in sorted(values.items()):
        number = value if isinstance(value, int | float) else len(str(value)) + ord(str(value)[0])
        total += math.cos(float(number) * (1.3 + objective) + len(name))
    return total


def trials_at(
    points: Iterable[Mapping[str, Any]],
    scores: Iterable[Sequence[float]],
    state: TrialState = TrialState.COMPLETED,
) -> tuple[Trial, ...]:
    """Finished trials."""
    return tuple(
        Trial(
            number,
            Suggestion(dict(point)),
            state,
            values=dict(point),
            attempt=1,
            scores=tuple(score) if state.has_score else (),
        )
        for number, (point, score) in enumerate(zip(points, scores, strict=True))
    )


def draws(space: Space, count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Uniform points."""
    rng = np.random.default_rng(seed)
    return [space.sample(rng) for _ in range(count)]


def check(space: Space, suggestion: Suggestion | None) -> None:
    """Fails unless the suggestion lies in the space and names what is active, no more."""
    assert suggestion is not None, "expected a suggestion, got None"
    values = dict(suggestion.values)
    space.validate(values)
    assert values == space.complete(values)
    assert json.loads(json.dumps(values)) == values


def hyperparameters() -> st.SearchStrategy[list[HyperParameter]]:
    """Lists of hyperparameters with different names, some under conditions."""
    return st.lists(st.integers(0, 7), min_size=1, max_size=5).map(_spaces)


def _spaces(kinds: list[int]) -> list[HyperParameter]:
    found: list[HyperParameter] = []
    parent: str | None = None
    for number, kind in enumerate(kinds):
        name = f"p{number}"
        conditions = [Parent(parent, (True,))] if parent and kind % 2 else []
        found.append(_hyperparameter(kind, name, conditions))
        parent = name if kind == 4 else parent
    return found


def _hyperparameter(kind: int, name: str, conditions: list[Parent]) -> HyperParameter:
    some: list[HyperParameter] = [
        Float(name, -1.0, 1.0, conditions=conditions),
        Int(name, 0, 5, conditions=conditions),
        Choice(name, ["x", "y", "z"], conditions=conditions),
        Float(name, 1e-3, 10.0, sampling="log", conditions=conditions),
        Boolean(name, conditions=conditions),
        Int(name, 1, 900, sampling="log", conditions=conditions),
        Choice(name, [0.1, 0.2, 0.5], conditions=conditions),
        Float(name, 0.0, 1.0, step=0.25, conditions=conditions),
    ]
    return some[kind]
