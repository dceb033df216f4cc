"""How values, scores and durations are written for people.

Plain functions from values to short text; what a terminal cannot show never reaches it.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

ELLIPSIS = "…"


def value_text(value: Any) -> str:
    """A hyperparameter's value in a few characters: floats rounded, the rest as it is."""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 0.01 else f"{value:.4g}"
    return str(value)


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


def last_line(message: str) -> str:
    """The line of a message or traceback that says what happened: its last one."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[-1] if lines else ""


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
