from __future__ import annotations

import pytest

from luthier.space import Parent
from luthier.space._conditions import deserialize_condition, serialize_condition


def test_it_holds_for_its_values_only() -> None:
    parent = Parent("p", ["a", "b"])
    assert parent.is_active({"p": "a"})
    assert not parent.is_active({"p": "c"})
    assert not parent.is_active({"q": "a"})


def test_one_value_stands_for_a_list_of_it() -> None:
    assert Parent("p", "ab") == Parent("p", ["ab"])
    assert Parent("p", 3).values == (3,)


def test_equal_numbers_meet_it_whatever_their_type() -> None:
    assert Parent("p", [True]).is_active({"p": 1})
    assert Parent("p", 1.0).is_active({"p": 1})


def test_structures_are_compared_as_json() -> None:
    assert Parent("p", [(1, 2)]).is_active({"p": [1, 2]})
    assert not Parent("p", [(1, 2)]).is_active({"p": [1, True]})
    assert Parent("p", [None]).is_active({"p": None})


def test_it_comes_back_from_its_configuration() -> None:
    parent = Parent("a/b", [1, 2])
    config = serialize_condition(parent)
    assert config == {"class_name": "Parent", "config": {"name": "a/b", "values": [1, 2]}}
    assert deserialize_condition(config) == parent
    assert hash(deserialize_condition(config)) == hash(parent)


def test_equality_looks_at_types() -> None:
    assert Parent("p", [1]) != Parent("p", [True])
    assert Parent("p", [1, 2]) == Parent("p", [2, 1])
    assert Parent("p", [1]) != Parent("q", [1])
    assert Parent("p", [1]) != "p"


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Parent("p", [1]).name = "q"  # type: ignore[misc]


def test_no_values_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        Parent("p", [])


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(ValueError, match="'Parent'"):
        deserialize_condition({"class_name": "Other", "config": {}})
