from __future__ import annotations

from typing import Any

import pytest

from luthier.space import Choice, Constraint, Float, Int, Space, says_itself, stated

SPACE = Space([Int("a", 0, 20), Int("b", 0, 20), Float("x", 0.0, 1.0), Choice("kind", ["p", "q"])])


@pytest.mark.parametrize(
    ("text", "values", "allowed"),
    [
        ("a < b", {"a": 1, "b": 2}, True),
        ("a < b", {"a": 2, "b": 2}, False),
        ("a <= b < 10", {"a": 2, "b": 12}, False),
        ("a * 2 + b // 3 - 1 == 4 % 3 or not x > 0.5", {"a": 0, "b": 6, "x": 0.9}, True),
        ("kind == 'p' and x < 0.5", {"kind": "q", "x": 0.1}, False),
        ("kind in ('p', 'q')", {"kind": "q"}, True),
        ("a < missing", {"a": 1}, True),
    ],
)
def test_a_text_can_state_what_is_required(text: str, values: Any, allowed: bool) -> None:
    constraint = stated(text)
    assert constraint is not None
    assert constraint.text == text
    assert constraint.admits(values) is allowed


@pytest.mark.parametrize(
    "text",
    [
        "a is small",
        "low comes first",
        "",
        "a <",
        "f(a)",
        "a.b < 1",
        "a[0] < 1",
        "__import__('os').system('true')",
        "lambda: a",
        "[a for a in b]",
        "2 ** 999999",
        "a = 1",
    ],
)
def test_nothing_else_is_read(text: str) -> None:
    assert stated(text) is None


@pytest.mark.parametrize(
    ("text", "holds", "trusted"),
    [
        ("a < b", lambda v: v["a"] < v["b"], True),
        ("a < b", lambda v: v["a"] <= v["b"], False),
        ("a > b", lambda v: v["a"] < v["b"], False),
        ("a is below b", lambda v: v["a"] < v["b"], False),
        ("a < kind", lambda v: v["a"] < 3, False),
        ("s/a < b", lambda v: v["s/a"] < v["b"], False),
    ],
)
def test_a_text_is_trusted_where_it_judges_as_its_function(
    text: str, holds: Any, trusted: bool
) -> None:
    assert says_itself(Constraint(text, holds), SPACE) is trusted
