"""The constraints of a study: those it was given, and those that builds met on the way.

What a build met is kept with the study by its text. A text that says what its function does is a
constraint again after a restart; of others only the text is known until a build meets them anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from luthier.records import StudySpec
from luthier.space import Constraint, HyperParameters, Space, says_itself, stated

SETTING = "required"
"""Key among a study's settings: text to whether it says by itself what is required."""


class Required:
    """Every constraint that suggestions have to keep, each text once.

    Args:
        given: by the study's user.
        spec: of the study, with what was kept.
    """

    def __init__(self, given: Iterable[Constraint], spec: StudySpec) -> None:
        self._known = {constraint.text: constraint for constraint in given}
        self._kept: Mapping[str, bool] = spec.settings.get(SETTING, {})
        for text in self._kept:
            constraint = stated(text) if self._kept[text] else None
            if constraint is not None:
                self._known.setdefault(text, constraint)

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """In the order in which they became known."""
        return tuple(self._known.values())

    @property
    def notices(self) -> tuple[str, ...]:
        """A line that says what still holds from before."""
        held = [text for text in self._kept if text in self._known]
        return (f"still required, as trials met it: {'; '.join(held)}",) if held else ()

    @property
    def forgotten(self) -> bool:
        """Whether something was required once whose function is not known here yet."""
        return any(text not in self._known for text in self._kept)

    def meet(self, met: HyperParameters, spec: StudySpec) -> StudySpec:
        """Take in what a build met; the study's set-up with what is to be kept of it."""
        for constraint in met.requirements.constraints:
            text = constraint.text
            if text in self._known:
                continue
            self._known[text] = constraint
            if text not in self._kept:
                self._kept = {**self._kept, text: says_itself(constraint, Space(met.space))}
                spec = replace(spec, settings={**spec.settings, SETTING: self._kept})
        return spec
