from __future__ import annotations

import pytest

from luthier.errors import SkippedTrialError, SpaceError
from luthier.space import HyperParameters, Space, explore


def build(hp: HyperParameters) -> int:
    low = hp.Int("low", 0, 9, default=5)
    high = hp.Int("high", 0, 9, default=3)
    hp.require("low < high", lambda values: values["low"] < values["high"])
    return high - low


def test_a_running_build_whose_values_break_a_requirement_is_skipped() -> None:
    hp = HyperParameters.for_trial(Space(), {"low": 5, "high": 3})
    with pytest.raises(SkippedTrialError, match="low < high"):
        build(hp)


def test_a_running_build_whose_values_keep_it_goes_on() -> None:
    assert build(HyperParameters.for_trial(Space(), {"low": 5, "high": 8})) == 3


def test_discovery_collects_requirements_and_ignores_that_defaults_break_them() -> None:
    hp = HyperParameters()
    explore(build, hp)
    (constraint,) = hp.requirements.constraints
    assert constraint.text == "low < high"
    assert constraint.admits({"low": 1, "high": 2})
    assert not constraint.admits({"low": 2, "high": 2})
    assert not hp.requirements.enforced


def test_a_requirement_that_names_what_is_missing_is_met() -> None:
    hp = HyperParameters.for_trial(Space(), {})
    hp.require("a < b", lambda values: values["a"] < values["b"])
    assert [c.text for c in hp.requirements.constraints] == ["a < b"]


def test_looking_at_values_in_a_requirement_is_no_use_of_them() -> None:
    hp = HyperParameters.for_trial(Space(), {"a": 1})
    hp.require("a is small", lambda values: values["a"] < 5)
    assert hp.used == ()


@pytest.mark.parametrize(("text", "holds"), [("", len), ("a < b", None), (3, len)])
def test_a_requirement_needs_a_text_and_a_function(text: object, holds: object) -> None:
    with pytest.raises(SpaceError, match="Expected a text and a function"):
        HyperParameters().require(text, holds)  # type: ignore[arg-type]
