from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from luthier.space import ActivityModel

Values = dict[str, Any]
Program = Callable[[Values], set[str]]

UNITS = [f"units_{i}" for i in range(6)]


def sample(rng: np.random.Generator) -> Values:
    values: Values = {
        "lr": float(rng.random()),
        "width": int(rng.integers(1, 1000)),
        "flag": bool(rng.integers(2)),
        "kind": str(rng.choice(["a", "b", "c"])),
        "layers": int(rng.integers(1, 7)),
        "inner": bool(rng.integers(2)),
    }
    return values | {name: int(rng.integers(1, 99)) for name in [*UNITS, "deep"]}


ALWAYS = {"lr", "width", "flag", "kind", "layers"}


def layered(values: Values) -> set[str]:
    return ALWAYS | set(UNITS[: values["layers"]]) | {"inner", "deep"}


def nested(values: Values) -> set[str]:
    used = ALWAYS | set(UNITS)
    if values["kind"] == "b":
        used |= {"inner"}
        if values["inner"]:
            used |= {"deep"}
    return used


def learnt(program: Program, n: int, seed: int = 0) -> tuple[ActivityModel, list[set[str]]]:
    """The model after n trials, and what it foretold wrongly as inactive on the way."""
    rng = np.random.default_rng(seed)
    model = ActivityModel()
    wrong = []
    for _ in range(n):
        values = sample(rng)
        wrong.append(model.predict_inactive(values) & program(values))
        model.observe(values, program(values))
    return model, wrong


@pytest.mark.parametrize("program", [layered, nested])
def test_it_learns_what_a_build_does_not_use(program: Program) -> None:
    missed = 0
    for seed in range(10):
        model, _ = learnt(program, 80, seed)
        rng = np.random.default_rng(1000 + seed)
        for _ in range(20):
            values = sample(rng)
            unused = values.keys() - program(values)
            assert model.predict_inactive(values) <= unused
            missed += model.predict_inactive(values) != unused
    assert missed <= 0.02 * 200


@pytest.mark.parametrize("program", [layered, nested])
def test_it_is_seldom_wrong_while_it_learns(program: Program) -> None:
    wrong = [w for seed in range(10) for w in learnt(program, 80, seed)[1]]
    assert sum(map(bool, wrong)) <= 0.02 * len(wrong)


def test_it_says_nothing_before_it_has_seen_both() -> None:
    model = ActivityModel()
    values = {"n": 1, "k": 5}
    assert model.predict_inactive(values) == set()
    for _ in range(5):
        model.observe(values, ["n"])
    assert model.predict_inactive(values) == set()


def test_a_threshold_reaches_values_never_seen() -> None:
    model = ActivityModel(["n", "k"])
    for n in (2, 5, 9, 3, 8):
        model.observe({"n": n, "k": 1}, ["n", "k"] if n >= 5 else ["n"])
    assert model.predict_inactive({"n": 1, "k": 1}) == {"k"}
    assert model.predict_inactive({"n": 10, "k": 1}) == set()
    # Between what was seen on both sides nothing is sure.
    assert model.predict_inactive({"n": 4, "k": 1}) == set()


def test_a_falling_threshold_works_as_well() -> None:
    model = ActivityModel(["n", "k"])
    for n in (2, 5, 9, 3, 8):
        model.observe({"n": n, "k": 1}, ["n", "k"] if n <= 3 else ["n"])
    assert model.predict_inactive({"n": 20, "k": 1}) == {"k"}
    assert model.predict_inactive({"n": 1, "k": 1}) == set()


def test_an_unseen_choice_counts_as_active() -> None:
    model = ActivityModel(["c", "k"])
    for c in "abab":
        model.observe({"c": c, "k": 1}, ["c", "k"] if c == "a" else ["c"])
    assert model.predict_inactive({"c": "b", "k": 1}) == {"k"}
    assert model.predict_inactive({"c": "z", "k": 1}) == set()


def test_booleans_and_numbers_are_different_values() -> None:
    model = ActivityModel(["c", "k"])
    for c in (True, False, True, False):
        model.observe({"c": c, "k": 1}, ["c", "k"] if c else ["c"])
    assert model.predict_inactive({"c": False, "k": 1}) == {"k"}
    assert model.predict_inactive({"c": 0, "k": 1}) == set()


def test_a_refuted_decider_is_dropped_for_good() -> None:
    model = ActivityModel(["c", "k"])
    for c in "abab":
        model.observe({"c": c, "k": 1}, ["c", "k"] if c == "a" else ["c"])
    model.observe({"c": "b", "k": 1}, ["c", "k"])
    assert model.predict_inactive({"c": "b", "k": 1}) == set()


def test_use_that_no_single_value_decides_is_not_foretold() -> None:
    def both(values: Values) -> set[str]:
        used = values.keys() - {"deep"}
        return used | {"deep"} if values["flag"] != values["inner"] else used

    model, _ = learnt(both, 100)
    rng = np.random.default_rng(7)
    assert not any(model.predict_inactive(sample(rng)) for _ in range(20))


def test_only_earlier_names_decide() -> None:
    model = ActivityModel(["k", "n"])
    for n in (1, 2, 1, 2):
        model.observe({"k": 1, "n": n}, ["k", "n"] if n == 2 else ["n"])
    assert model.predict_inactive({"k": 1, "n": 1}) == set()


def test_names_met_late_were_not_used_before() -> None:
    model = ActivityModel()
    for n in (1, 1, 2, 1, 2):
        used = [f"u{i}" for i in range(n)]
        model.observe({"n": n, "u0": 3} | dict.fromkeys(used, 3), ["n", *used])
    assert model.predict_inactive({"n": 1, "u0": 3, "u1": 3}) == {"u1"}


def test_dropped_values_are_no_news() -> None:
    model = ActivityModel(["n", "k"])
    for n in (1, 2, 1, 2, 1):
        values = {"n": n, "k": 1}
        inactive = model.predict_inactive(values)
        kept = {name: v for name, v in values.items() if name not in inactive}
        model.observe(kept, ["n", "k"] if n == 2 else ["n"])
    assert model.predict_inactive({"n": 1}) == {"k"}


def test_equal_observations_make_equal_models() -> None:
    a, _ = learnt(nested, 40, seed=3)
    b, _ = learnt(nested, 40, seed=3)
    rng = np.random.default_rng(5)
    for _ in range(20):
        values = sample(rng)
        assert a.predict_inactive(values) == b.predict_inactive(dict(reversed(values.items())))
