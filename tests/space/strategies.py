"""Random hyperparameters and spaces for the laws."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from luthier.space import (
    Boolean,
    Choice,
    Condition,
    Fixed,
    Float,
    HyperParameter,
    Int,
    Parent,
    Space,
)

SAMPLINGS = ("linear", "log", "reverse_log")

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def ints(draw: st.DrawFn, name: str = "x", conditions: tuple[Condition, ...] = ()) -> Int:
    sampling = draw(st.sampled_from(SAMPLINGS))
    low = draw(st.integers(-50 if sampling == "linear" else 1, 50))
    high = low + draw(st.integers(0, 500))
    least = 1 if sampling == "linear" else 2
    step = draw(st.none() | st.integers(least, 60))
    default = draw(st.none() | st.integers(low, high))
    return Int(name, low, high, step, sampling, default, conditions=conditions)


@st.composite
def floats(draw: st.DrawFn, name: str = "x", conditions: tuple[Condition, ...] = ()) -> Float:
    sampling = draw(st.sampled_from(SAMPLINGS))
    low = draw(st.floats(-10, 10) if sampling == "linear" else st.floats(1e-6, 10))
    high = low + draw(st.floats(0, 100))
    least = 0.05 if sampling == "linear" else 1.1
    step = draw(st.none() | st.floats(least, 30))
    default = draw(st.none() | st.floats(low, high))
    return Float(name, low, high, step, sampling, default, conditions=conditions)


POOLS: tuple[list[Any], ...] = (
    [3, -1, 0, 3, 9],
    [True, False, True],
    ["a", "b", "", "é"],
    [0.5, -2.0, 0.0, 1e-9],
    [None, (1, 2), [], {"k": [None, 1]}, [True], [1]],
    [None, "a", "b"],
)


@st.composite
def choices(draw: st.DrawFn, name: str = "x", conditions: tuple[Condition, ...] = ()) -> Choice:
    pool = draw(st.sampled_from(POOLS))
    values = pool[: draw(st.integers(1, len(pool)))]
    return Choice(name, values, default=values[-1], conditions=conditions)


def booleans(name: str = "x", conditions: tuple[Condition, ...] = ()) -> st.SearchStrategy[Boolean]:
    return st.builds(Boolean, st.just(name), st.booleans(), conditions=st.just(conditions))


def fixed(name: str = "x", conditions: tuple[Condition, ...] = ()) -> st.SearchStrategy[Fixed]:
    values = st.integers() | st.booleans() | st.text()
    return st.builds(Fixed, st.just(name), values, conditions=st.just(conditions))


def parameters(
    name: str = "x", conditions: tuple[Condition, ...] = ()
) -> st.SearchStrategy[HyperParameter]:
    kinds: list[Any] = [ints, floats, choices, booleans, fixed]
    return st.one_of([kind(name, conditions) for kind in kinds])


def small(name: str, conditions: tuple[Condition, ...]) -> st.SearchStrategy[HyperParameter]:
    """Finite ones with few values."""
    return st.one_of(
        st.integers(1, 4).map(lambda n: Int(name, 1, n, conditions=conditions)),
        st.integers(1, 3).map(lambda n: Float(name, 0, n, step=0.5, conditions=conditions)),
        booleans(name, conditions),
        choices(name, conditions),
        fixed(name, conditions),
    )


@st.composite
def spaces(draw: st.DrawFn, finite: bool = False, most: int = 6) -> Space:
    """Spaces with nested conditions and several definitions of one name."""
    found: list[HyperParameter] = []
    for _ in range(draw(st.integers(0, most))):
        name = draw(st.sampled_from("abcdef"))
        parents = [p for p in found if p.name < name]
        chosen = draw(st.lists(st.sampled_from(parents), max_size=2)) if parents else []
        conditions: list[Condition] = []
        for parent in chosen:
            conditions += [c for c in parent.conditions if c not in conditions]
            accepted = draw(st.lists(st.sampled_from(list(parent.values)), min_size=1, max_size=2))
            conditions.append(Parent(parent.name, accepted))
        if any(p.name == name and p.conditions == tuple(conditions) for p in found):
            continue
        kind = small if finite else parameters
        found.append(draw(kind(name, tuple(conditions))))
    return Space(found)


probabilities = st.floats(0, 1)
