"""An answer that is an error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Raised where a program was asked for.

    Attributes:
        error: what went wrong.
    """

    error: Exception
