from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given

from luthier.space._values import fresh, label, plain
from tests.space.strategies import json_values


@given(json_values)
def test_a_json_value_stays_what_it_is(value: object) -> None:
    assert plain(value) == value


@given(json_values, json_values)
def test_labels_are_equal_exactly_when_the_json_texts_are(a: object, b: object) -> None:
    same = json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)
    # Only zero has two texts for one value.
    assert (label(a) == label(b)) == same or 0.0 in (a, b)


def test_labels_tell_types_apart() -> None:
    assert len({label(v) for v in (True, 1, 1.0, "1", "true", None, "null", [1], [True])}) == 9


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "0.0"),
        ("é", '"é"'),
        ((1, 2), "[1,2]"),
        ({"b": 1, "a": None}, '{"a":null,"b":1}'),
        (np.int64(3), "3"),
        (np.float64(0.5), "0.5"),
        ([np.float32(0.5)], "[0.5]"),
    ],
)
def test_labels_are_canonical_json(value: object, text: str) -> None:
    assert label(value) == text


@pytest.mark.parametrize(
    ("value", "kind"),
    [(np.int32(3), int), (np.float64(0.5), float), (np.bool_(True), bool), (np.str_("a"), str)],
)
def test_numpy_scalars_become_python_scalars(value: object, kind: type) -> None:
    assert type(plain(value)) is kind
    assert type(plain([value])[0]) is kind


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", [object()], {1: 2}, 1j])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="Expected"):
        plain(value)


def test_no_nan_hides_in_a_structure() -> None:
    with pytest.raises(ValueError, match="finite"):
        plain({"a": [float("nan")]})


def test_fresh_structures_are_copies() -> None:
    value = {"a": [1]}
    copy = fresh(value)
    copy["a"].append(2)
    assert value == {"a": [1]}
