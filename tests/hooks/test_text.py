"""Values, scores and durations for people."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.hooks._text import (
    cut,
    duration_text,
    printable,
    reason_text,
    score_text,
    shortened,
    value_text,
    values_text,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"),
        (0.0, "0"),
        (0.00123456, "0.00123"),
        (1234.5678, "1235"),
        (32, "32"),
        (True, "True"),
        (None, "None"),
        ("relu", "relu"),
    ],
)
def test_a_value_is_short(value: object, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (None, "–"),
        (0.95, "0.9500"),
        (1.0, "1.000"),
        (0.0, "0.000"),
        (-12.3456, "-12.35"),
        (1234.0, "1234"),
        (123456.0, "123456"),
        (1.5e-7, "1.500e-07"),
        (2.5e9, "2.500e+09"),
        (math.inf, "inf"),
    ],
)
def test_a_score_keeps_its_zeros_so_that_columns_line_up(score: float | None, text: str) -> None:
    assert score_text(score) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1.0, "0.0s"),
        (0.04, "0.0s"),
        (8.44, "8.4s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m 00s"),
        (185, "3m 05s"),
        (3600 + 7 * 60, "1h 07m"),
        (86400 + 4 * 3600, "1d 04h"),
        (math.nan, "–"),
    ],
)
def test_a_duration_has_the_units_that_matter(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_values_are_named() -> None:
    assert values_text({"units": 32, "rate": 0.001}) == "units=32 rate=0.001"


BEGINS = 'Traceback (most recent call last):\n  File "x.py", line 1, in f\n    g()\n'


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", ""),
        ("time limit reached\n", "time limit reached"),
        (BEGINS + "ValueError: boom\n", "ValueError: boom"),
        (BEGINS + "AssertionError\n", "AssertionError"),
        (BEGINS + "my.errors.TooLarge: 12 layers.\nUse fewer.\n", "TooLarge: 12 layers."),
        (
            f"{BEGINS}KeyError: 'a'\n\nDuring handling of it, another:\n\n{BEGINS}OSError: b\n",
            "OSError: b",
        ),
        (
            BEGINS + "ValueError: Exception encountered when calling Dense.call().\n\n"
            "\x1b[1mShapes 3 and 4 do not fit\x1b[0m\n\nArguments received by Dense.call():\n"
            "  • training=True\n",
            "ValueError: Shapes 3 and 4 do not fit",
        ),
        (
            BEGINS + "tensorflow.errors_impl.InvalidArgumentError: Graph execution error:\n\n"
            'Detected at node sub defined at (most recent call last):\n  File "x.py", line 2\n\n'
            "Incompatible shapes: [32] vs. [32,10]\n\t [[{{node sub}}]] [Op:__inference_8]\n",
            "InvalidArgumentError: Incompatible shapes: [32] vs. [32,10]",
        ),
        (
            BEGINS + 'TypeError: in user code:\n\n    File "x.py", line 3, in step\n\n'
            "    TypeError: no len\n",
            "TypeError: no len",
        ),
    ],
)
def test_a_reason_is_the_line_that_says_what_happened(message: str, reason: str) -> None:
    assert reason_text(message) == reason


@given(st.text(), st.sampled_from(["utf-8", "ascii", "latin-1", "cp437", "no-such", None]))
def test_what_is_printed_is_one_line_that_the_terminal_knows(
    text: str, encoding: str | None
) -> None:
    shown = printable(text, encoding)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    shown.encode(encoding if encoding in ("utf-8", "latin-1", "cp437") else "ascii")


def test_signs_that_a_terminal_lacks_are_replaced_by_plain_ones() -> None:
    assert printable("━━─ 1 · 2 – é", "ascii") == "==- 1 - 2 - ?"


@given(st.text(max_size=40), st.integers(0, 50))
def test_shortened_text_fits(text: str, width: int) -> None:
    for short in (shortened(text, width), cut(text, width)):
        assert len(short) <= width
        assert short == text or len(text) > width


def test_shortening_keeps_both_ends_and_cutting_keeps_the_beginning() -> None:
    assert shortened("learning_rate_of_the_end", 9) == "lear…_end"
    assert cut("learning_rate", 9) == "learning…"
