"""What builds require of their values: `hp.require("a < b", lambda values: values["a"] <
values["b"])`.

Enters: relations as they are met, and the values of the build that meets them. Leaves: constraints
for the samplers; an error that skips the trial whose values break one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from luthier.errors import SkippedTrialError, SpaceError
from luthier.space._constraints import Constraint


class Requirements:
    """The constraints that builds have met, each text once: the first function of a text is kept.

    Args:
        enforced: whether values that break one skip their trial. Discovery only collects.
    """

    def __init__(self, *, enforced: bool) -> None:
        self.enforced = enforced
        self._met: dict[str, Constraint] = {}

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """In the order in which they were first met."""
        return tuple(self._met.values())

    def merge(self, other: Requirements) -> None:
        """Take in what another object has met."""
        for constraint in other.constraints:
            self._met.setdefault(constraint.text, constraint)

    def add(
        self, text: str, holds: Callable[[Mapping[str, Any]], bool], values: Mapping[str, Any]
    ) -> None:
        """Take in a relation.

        Args:
            text: names it, in words or symbols.
            holds: says of values by name whether they are allowed.
            values: of the build that meets it.

        Raises:
            SpaceError: it is not a text and a function.
            SkippedTrialError: the values break it, and it is enforced.
        """
        if not isinstance(text, str) or not text or not callable(holds):
            raise SpaceError(
                "Expected a text and a function of the values, such as "
                'hp.require("a < b", lambda values: values["a"] < values["b"]), '
                f"received {text!r} and {holds!r}."
            )
        constraint = Constraint(text, holds)
        self._met.setdefault(text, constraint)
        if self.enforced and not constraint.admits(dict(values)):
            raise SkippedTrialError(f"The values do not satisfy {text}: {dict(values)}.")
