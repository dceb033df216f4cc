"""A search that leads nowhere says so, in one sentence, once; any other says nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

import luthier
from luthier.errors import SkippedTrialError, TooManyFailuresError
from luthier.hooks import Explain
from luthier.stores import MemoryStore


def notes(function: Callable[..., Any], max_trials: int = 6, **options: Any) -> list[str]:
    stream = io.StringIO()
    settings = {"sampler": "random", "seed": 0, "verbose": 0, "max_failures_in_a_row": None}
    hook = Explain(1, stream)
    luthier.tune(function, max_trials=max_trials, hooks=[hook], **settings | options)
    assert all(line.startswith("Note: ") for line in stream.getvalue().splitlines())
    return [line.removeprefix("Note: ") for line in stream.getvalue().splitlines()]


def test_a_search_that_gets_somewhere_is_not_talked_over() -> None:
    def good(hp: luthier.HyperParameters) -> float:
        if hp.Choice("kind", ["a", "b"]) == "a":
            with hp.conditional_scope("kind", "a"):
                return float(hp.Float("x", 0.0, 1.0))
        raise ValueError("b fails")

    assert notes(good, 30) == []


def test_a_scope_that_is_never_active() -> None:
    def unreachable(hp: luthier.HyperParameters) -> float:
        hp.Choice("kind", ["dense", "pool"])
        with hp.conditional_scope("kind", ["conv", "gru"]):
            hp.Int("filters", 1, 9)
        return float(hp.Float("x", 0.0, 1.0))

    assert notes(unreachable) == [
        "filters can never be used: it is searched only where kind is 'conv' or 'gru', and it "
        "never is."
    ]


@pytest.mark.parametrize(("max_trials", "count"), [(4, None), (6, 6), (25, 20)])
def test_a_hyperparameter_that_is_never_used(max_trials: int, count: int | None) -> None:
    space = [luthier.Float("x", 0.0, 1.0), luthier.Int("ghost", 1, 9), luthier.Fixed("k", 3)]
    said = notes(lambda hp: hp.get("x"), max_trials, space=space)
    given = "trials that were given a value of it read it."
    sentence = f"ghost made no difference: none of the {count} {given}"
    assert said == ([] if count is None else [sentence])


def test_a_hyperparameter_that_is_used_in_a_branch_only() -> None:
    space = [luthier.Choice("deep", [True, False]), luthier.Int("units", 1, 99)]

    def branch(hp: luthier.HyperParameters) -> float:
        return float(hp.get("units")) if hp.get("deep") else -1.0

    assert notes(branch, 30, space=space) == []


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            lambda hp: hp.Fixed("k", 2.0) + hp.Int("n", 1, 1),
            "there is only one point to try: each of k, n has a single value.",
        ),
        (lambda hp: hp.Fixed("k", 2.0), "there is only one point to try: k has a single value."),
        (lambda hp: 2.0, "no hyperparameter was asked for, so there is nothing to search"),
    ],
)
def test_a_space_of_one_point(function: Callable[..., Any], said: str) -> None:
    told = notes(function)
    assert len(told) == 1
    assert told[0].startswith(said)


def test_an_objective_that_stays_the_same() -> None:
    assert notes(lambda hp: 0.0 * hp.Float("x", 0.0, 1.0) + 0.5, 9) == [
        "objective was 0.5000 in each of the first 5 trials: it does not depend on what is "
        "searched; check what is measured."
    ]
    assert notes(lambda hp: round(hp.Float("x", 0.0, 1.0)), 9) == []


def test_one_reason_for_which_all_trials_fail() -> None:
    def fails(hp: luthier.HyperParameters) -> float:
        raise ValueError(f"a shape of {hp.Int('n', 1, 99)} does not fit")

    told = notes(fails, 5)
    assert len(told) == 1
    assert told[0].startswith("all 3 trials failed for one reason: ValueError: a shape of ")


def test_two_trials_that_failed_are_enough_at_the_end() -> None:
    def fails(hp: luthier.HyperParameters) -> float:
        raise KeyError(hp.Int("n", 1, 99) and "missing")

    assert notes(fails, 2) == ["all 2 trials failed for one reason: KeyError: 'missing'"]


def test_several_reasons_are_none() -> None:
    def fails(hp: luthier.HyperParameters) -> float:
        raise ValueError("abcdefgh"[hp.Int("n", 0, 7)] * 3)

    assert notes(fails, 5) == []


def test_models_that_are_all_too_large() -> None:
    def large(hp: luthier.HyperParameters) -> float:
        raise SkippedTrialError(f"{hp.Int('n', 1, 9) * 1000} parameters")

    told = notes(large, 2)
    assert told[0].startswith("all 3 trials were skipped for one reason: ")
    assert len(told) == 1


def test_what_an_earlier_run_did_counts() -> None:
    store = MemoryStore()
    assert notes(lambda hp: 0.0 * hp.Float("x", 0.0, 1.0), 3, storage=store) == []
    told = notes(lambda hp: 0.0 * hp.Float("x", 0.0, 1.0), 5, storage=store)
    assert told[0].startswith("objective was 0.000 in each of the first 5 trials")


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (1, 1), ("auto", 1), (2, 1)])
def test_it_is_as_quiet_as_the_search(
    verbose: Any, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    luthier.tune(lambda hp: 2.0, max_trials=2, seed=0, sampler="random", verbose=verbose)
    assert capsys.readouterr().out.count("Note: ") == lines


def test_a_tuner_explains_too(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    class Fails(luthier.engine.base_tuner.BaseTuner):
        def run_trial(self, trial: Any, **kwargs: Any) -> float:
            raise ValueError("boom")

    oracle = luthier.oracles.RandomSearchOracle(max_trials=5, seed=0)
    tuner = Fails(oracle, directory=tmp_path)
    with pytest.raises(TooManyFailuresError):
        tuner.search(verbose=1)
    assert "all 3 trials failed for one reason: ValueError: boom" in capsys.readouterr().out


def test_a_reader_that_is_gone_ends_nothing() -> None:
    stream = io.StringIO()
    stream.close()
    luthier.tune(
        lambda hp: 2.0,
        max_trials=2,
        seed=0,
        sampler="random",
        verbose=0,
        hooks=[Explain(1, stream)],
    )
