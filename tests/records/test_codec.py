"""Whatever a record holds comes back from JSON, equal, of the same types, and sharing nothing."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.errors import NewerStoreError
from luthier.objective import DefaultObjective, MultiObjective, Objective
from luthier.records import (
    Measurement,
    StudySpec,
    Suggestion,
    Trial,
    TrialState,
    decode_measurements,
    decode_results,
    decode_spec,
    decode_suggestion,
    encode_measurements,
    encode_results,
    encode_spec,
    encode_suggestion,
)
from luthier.space import Boolean, Choice, Fixed, Float, Int, Parent, Space

TEXT = st.text(max_size=8) | st.sampled_from(["$float", "$dict", "$", '"$', '\\"$', "\x00", "é"])
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.just("\ud800")
    | st.just(-0.0)
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXT, inner, max_size=3)
        | st.dictionaries(st.integers() | st.tuples(TEXT), inner, max_size=2)
    ),
    max_leaves=8,
)
VALUES = st.dictionaries(TEXT, VALUE, max_size=4)
METRICS = st.dictionaries(TEXT, st.floats(), max_size=3)
STEP = st.integers(0, 2**40)
SUGGESTIONS = st.builds(
    Suggestion,
    VALUES,
    budget=st.none() | STEP,
    resume_from=st.none() | STEP,
    note=TEXT,
    extra=VALUES,
)


def same(left: Any, right: Any) -> bool:
    """Equal, with the same types all the way down, and NaN equal to NaN."""
    return repr(left) == repr(right) and _strict(left) == _strict(right)


def _strict(value: Any) -> str:
    return repr([type(value).__name__, value])


def check_strict(text: str) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"bare {name} is not JSON")

    json.loads(text, parse_constant=refuse)
    assert text.isascii()


@given(SUGGESTIONS)
def test_a_suggestion_comes_back(suggestion: Suggestion) -> None:
    text = encode_suggestion(suggestion)
    check_strict(text)
    assert same(decode_suggestion(text), suggestion)


@given(st.lists(st.builds(Measurement, STEP, METRICS, st.floats(), st.integers(0, 9)), max_size=5))
def test_measurements_come_back(measurements: list[Measurement]) -> None:
    text = encode_measurements(measurements)
    check_strict(text)
    back = decode_measurements(text)
    assert [(m.step, m.execution, repr(m.seconds)) for m in back] == [
        (m.step, m.execution, repr(m.seconds)) for m in measurements
    ]
    for found, given_ in zip(back, measurements, strict=True):
        assert sorted(map(repr, found.metrics.items())) == sorted(map(repr, given_.metrics.items()))


@given(
    st.builds(
        Trial,
        st.just(3),
        SUGGESTIONS,
        values=VALUES,
        metrics=METRICS,
        spread=METRICS,
        scores=st.lists(st.floats()).map(tuple),
        best_step=STEP,
        message=TEXT,
        found=st.lists(VALUES, max_size=2).map(tuple),
        info=VALUES,
    )
)
def test_results_come_back(trial: Trial) -> None:
    text = encode_results(trial)
    check_strict(text)
    back = decode_results(text, trial.suggestion)
    for name, value in back.items():
        assert same(value, getattr(trial, name)), name


def test_values_like_the_suggested_ones_are_not_written_twice_but_types_count() -> None:
    suggestion = Suggestion({"a": 1, "b": True})
    assert "values" not in json.loads(
        encode_results(Trial(0, suggestion, values={"a": 1, "b": True}))
    )
    text = encode_results(Trial(0, suggestion, values={"a": 1.0, "b": 1}))
    assert same(decode_results(text, suggestion)["values"], {"a": 1.0, "b": 1})


def test_decoded_values_are_not_the_suggestion_s_own_dict() -> None:
    suggestion = Suggestion({"a": 1})
    values = decode_results(encode_results(Trial(0, suggestion, values={"a": 1})), suggestion)[
        "values"
    ]
    values["a"] = 2
    assert suggestion.values == {"a": 1}


def test_numpy_scalars_become_python_ones() -> None:
    values = {
        "int": np.int64(3),
        "float": np.float32(0.5),
        "double": np.float64(0.1),
        "bool": np.bool_(True),
        "text": np.str_("x"),
        "inside": [np.int8(1), (np.float64(math.inf),)],
    }
    back = decode_suggestion(encode_suggestion(Suggestion(values))).values
    assert same(
        back,
        {
            "int": 3,
            "float": 0.5,
            "double": 0.1,
            "bool": True,
            "text": "x",
            "inside": [1, (math.inf,)],
        },
    )
    metrics = {"loss": np.float32(0.25), "array": np.array(2.0)}
    (measurement,) = decode_measurements(
        encode_measurements([Measurement(np.int64(4), metrics, np.float64(1.5))])
    )
    assert same(measurement, Measurement(4, {"loss": 0.25, "array": 2.0}, 1.5, 0))


def test_a_value_without_a_place_in_json_is_refused_and_named() -> None:
    with pytest.raises(TypeError, match=r"JSON values.*type object at \.values\.layers\[1\]"):
        encode_suggestion(Suggestion({"layers": [1, object()]}))


SPACE = Space(
    [
        Choice("kind", ["a", "b"]),
        Int("units", 8, 64, step=8, conditions=[Parent("kind", ["a"])]),
        Float("rate", 1e-4, 1e-1, sampling="log"),
        Boolean("norm"),
        Fixed("epochs", 3),
        Choice("shape", [(1, 2), (3,), None]),
    ]
)


@pytest.mark.parametrize(
    "objectives",
    [
        (Objective("val_loss", "min"),),
        (Objective("loss", "min"), Objective("accuracy", "max")),
        (MultiObjective([Objective("a", "min"), Objective("b", "max")]),),
        (DefaultObjective(),),
    ],
)
def test_a_set_up_comes_back_with_conditions_and_all_kinds_of_objective(objectives: Any) -> None:
    spec = StudySpec(
        "study é", SPACE, objectives, 2**64 - 1, {"sampler": {"name": "random"}, "n": None}
    )
    text = encode_spec(spec)
    check_strict(text)
    assert decode_spec(text) == spec


def test_tuples_of_a_choice_come_back_as_the_space_wants_them() -> None:
    values = {"kind": "a", "units": 8, "rate": 0.01, "norm": True, "epochs": 3, "shape": (1, 2)}
    back = decode_suggestion(encode_suggestion(Suggestion(values))).values
    assert back == values
    SPACE.validate(back)


def test_a_newer_layout_is_refused_by_name() -> None:
    with pytest.raises(NewerStoreError, match="newer Luthier"):
        decode_suggestion('{"v":99,"values":{}}')


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"v":"1"}'])
def test_a_broken_text_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        decode_suggestion(text)


def test_a_score_state_is_no_part_of_the_results() -> None:
    done = Trial(0, Suggestion({}), state=TrialState.COMPLETED, scores=(1.0,))
    assert "state" not in json.loads(encode_results(done))
