"""Relations that values of different hyperparameters must keep, such as `a < b`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Constraint:
    """A condition that every suggestion meets.

    Attributes:
        text: the relation in words or symbols, for messages.
        holds: given the active values, name to value, whether they are allowed. A hyperparameter
            that it needs may be missing (inactive): a `KeyError` counts as allowed.

    Example:
        >>> import luthier
        >>> smaller = luthier.Constraint("a < b", lambda values: values["a"] < values["b"])
        >>> smaller.admits({"a": 3, "b": 2}), smaller.admits({"a": 3})
        (False, True)
    """

    text: str
    holds: Callable[[Mapping[str, Any]], bool]

    def admits(self, values: Mapping[str, Any]) -> bool:
        """Whether `values` may be tried."""
        try:
            return bool(self.holds(values))
        except KeyError:
            return True
