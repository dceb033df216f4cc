"""How values, scores and durations are written for people.

Plain functions from values to short text; what a terminal cannot show never reaches it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

ELLIPSIS = "…"


def value_text(value: Any) -> str:
    """A hyperparameter's value in a few characters: floats rounded, the rest as it is."""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 0.01 else f"{value:.4g}"
    return str(value)


def step_text(step: float) -> str:
    """What was done by the end of a step, from 1; within one, as a decimal."""
    done = step + 1
    return str(int(done)) if float(done).is_integer() else f"{done:.2f}"


def score_text(score: float | None) -> str:
    """A score with four significant digits, trailing zeros kept so that columns line up."""
    if score is None:
        return "–"
    score = float(score)
    if not math.isfinite(score):
        return str(score)
    if score != 0 and not 1e-4 <= abs(score) < 1e6:
        return f"{score:.3e}"
    if abs(score) >= 1e4:
        return f"{score:.0f}"
    return f"{score:#.4g}".removesuffix(".")


def duration_text(seconds: float) -> str:
    """A duration in seconds as `8.4s`, `42s`, `3m 05s`, `2h 07m` or `1d 04h`."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours:02d}h"
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m {rest:02d}s" if minutes else f"{rest}s"


def values_text(values: Mapping[str, Any]) -> str:
    """Values as `name=value name=value`."""
    return " ".join(f"{name}={value_text(value)}" for name, value in values.items())


def reason_text(message: str) -> str:
    """What a message or a traceback says happened, in one line.

    Of a traceback that is the error with the first line of its text. Keras and TensorFlow begin
    some texts with where it happened and end them with what was running; then it is the last line
    that is neither.
    """
    lines = _COLOUR.sub("", message).splitlines()
    after = len(lines) - lines[::-1].index(TRACEBACK) if TRACEBACK in lines else len(lines)
    # What leads to an error is indented, the error itself is not.
    raised = next((i for i in range(after, len(lines)) if _RAISED.match(lines[i])), None)
    if raised is None:
        return next(reversed(_told_in(lines)), "")
    kind, _, text = lines[raised].partition(": ")
    if text.startswith(_PREAMBLES):
        text = next(reversed(_told_in(lines[raised + 1 :])), text)
    name = kind.rpartition(".")[2]
    if text.startswith(f"{name}: "):
        return text
    return f"{name}: {text}" if text else name


def _told_in(lines: Sequence[str]) -> list[str]:
    """The lines of a text that say what happened."""
    told = [line.strip() for line in lines if line.strip()]
    end = next((i for i, line in enumerate(told) if line.startswith(_ARGUMENTS)), len(told))
    return [line for line in told[:end] if not line.startswith(_NODE)]


TRACEBACK = "Traceback (most recent call last):"
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_RAISED = re.compile(r"[A-Za-z_][\w.]*(: |$)")
_PREAMBLES = ("Graph execution error", "in user code:", "Exception encountered when calling")
_ARGUMENTS = "Arguments received by"
_NODE = "[[{{node"


def printable(text: str, encoding: str | None) -> str:
    """The text on one line, without control characters, in what the terminal can show.

    Args:
        text: anything.
        encoding: the terminal's; None stands for ASCII.
    """
    clean = "".join(
        " " if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") else sign for sign in text
    )
    encoding = encoding or "ascii"
    try:
        clean.encode(encoding)
    except (UnicodeError, LookupError):
        clean = clean.translate(_PLAIN_SIGNS).encode("ascii", "replace").decode("ascii")
    return clean


_PLAIN_SIGNS = str.maketrans({"…": "~", "–": "-", "·": "-", "━": "=", "─": "-"})


def shortened(text: str, width: int) -> str:
    """The text in at most `width` characters, its middle left out where it is longer."""
    if len(text) <= width:
        return text
    if width <= 1:
        return text[:width]
    tail = (width - 1) // 2
    return text[: width - 1 - tail] + ELLIPSIS + (text[-tail:] if tail else "")


def cut(text: str, width: int) -> str:
    """The text in at most `width` characters, its end left out where it is longer."""
    return text if len(text) <= width else text[: max(0, width - 1)] + ELLIPSIS[:width]
