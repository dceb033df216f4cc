from __future__ import annotations

from luthier.space._tracking import TrackedValues


def test_reading_by_name_is_noted_in_order_of_first_use() -> None:
    used: dict[str, None] = {}
    values = TrackedValues({"a": 1, "b": 2, "c": 3}, used)
    assert (values["b"], values.get("a"), values["b"], values.get("zz", 9)) == (2, 1, 2, 9)
    assert list(used) == ["b", "a"]


def test_a_missing_name_is_not_noted() -> None:
    used: dict[str, None] = {}
    values = TrackedValues({}, used)
    assert values.get("a") is None
    assert "a" not in values
    assert used == {}


def test_the_quiet_view_is_live_and_notes_nothing() -> None:
    used: dict[str, None] = {}
    values = TrackedValues({"a": 1}, used)
    quiet = values.quiet
    values["b"] = 2
    assert (quiet["b"], "a" in quiet, list(quiet), len(quiet), quiet.get("a")) == (
        2,
        True,
        ["a", "b"],
        2,
        1,
    )
    assert used == {}
