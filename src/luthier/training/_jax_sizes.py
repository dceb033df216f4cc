"""What a search knows of wide programs, so that a model of other widths need not be traced.

Enters: models whose steps were traced and written for wider layers, each with what it was seen to
be. Leaves: families of them (`SizedFamily`), each with its structure. Two models are of one family
where all that their steps depend on is the same but for numbers, and for whole numbers that are
widths: that were so many times one of them in every model of the family.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from luthier.programs import Form, SizedFamily, Trace, Widening
from luthier.training._keras_fingerprint import Fingerprint

# Steps, and families of one of them: each holds two traces.
_MOST_KEPT = 16
_MOST_FAMILIES = 4


@dataclass(frozen=True)
class Look:
    """A step of a model, looked at.

    Attributes:
        key: equal where all but numbers and whole numbers is.
        numbers: that the step takes as they come.
        sizes: whole numbers that it may depend on; widths are among them.
        shapes: of the state.
    """

    key: Hashable
    numbers: tuple[float, ...]
    sizes: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]


def look_at(seen: Fingerprint, kind: str, state: Any, batch: Any, more: Hashable) -> Look:
    """Look at a step.

    Args:
        seen: the model.
        kind: "train" or "test".
        state: what the step takes.
        batch: nested types of what else it takes, to compare.
        more: whatever else a program depends on.
    """
    leaves, structure = jax.tree.flatten(state)
    dtypes = tuple(str(leaf.dtype) for leaf in leaves)
    return Look(
        (seen.form, kind, structure, dtypes, batch, more),
        tuple(scalar.value for scalar in seen.scalars),
        seen.sizes,
        tuple(tuple(leaf.shape) for leaf in leaves),
    )


@dataclass
class Known:
    """A family of steps.

    Args:
        family: their wide traces.
        structure: of their models (`Structure`, to which this is nothing but a name).
    """

    family: SizedFamily
    structure: Any
    _first: tuple[Any, Any] | None = None
    _is_fixed: Any = None
    _is_width: Any = None

    def fits(self, look: Look, widths: Sequence[int]) -> bool:
        """Whether all whole numbers are what they are in each of the family, for these widths."""
        if self._first is None:
            return True
        now = np.array(look.sizes, np.int64)
        if now.shape != self._first[0].shape:
            return False
        is_fixed, is_width = self._judged(now, widths)
        # What changed before is a width; what did not may be, but has to be the same.
        return bool(np.all(np.where(self._is_fixed, is_fixed, is_width.any(axis=1))))

    def add(self, look: Look, one: Widening, wider: Trace) -> bool:
        """Learn from a step; whether it is of the family."""
        widths = [factor.size for factor in one.factors]
        now = np.array(look.sizes, np.int64)
        if self._first is None:
            self._first = now, np.array(widths, np.int64)
            self._is_fixed = np.ones(len(now), bool)
            self._is_width = np.ones((len(now), len(widths)), bool)
        if now.shape != self._first[0].shape or len(widths) != self._is_width.shape[1]:
            return False
        is_fixed, is_width = self._judged(now, widths)
        if not np.all(is_fixed | is_width.any(axis=1)) or not self.family.add(
            look.numbers, one, wider
        ):
            return False
        self._is_fixed, self._is_width = is_fixed, is_width
        return True

    def _judged(self, now: Any, widths: Sequence[int]) -> tuple[Any, Any]:
        """Which whole numbers are still the same, `(numbers,)`, and which may still be so many
        times a width, `(numbers, widths)`.
        """
        assert self._first is not None
        before, sizes = self._first
        times, rest = np.divmod(before[:, None], sizes[None, :])
        is_width = self._is_width & (rest == 0) & (before[:, None] > 0)
        is_width &= now[:, None] == times * np.array(widths, np.int64)[None, :]
        return self._is_fixed & (now == before), is_width


class Sizes:
    """Families of the steps of a search."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, list[Known]] = OrderedDict()

    def learn(self, look: Look, one: Widening, form: Form, wider: Trace, structure: Any) -> None:
        """Take note of a step.

        Args:
            look: at it.
            one: what its wide trace was made of; not to be used elsewhere any more.
            form: how its operations are done.
            wider: its wide trace.
            structure: of the model.
        """
        families = self._known.setdefault(look.key, [])
        self._known.move_to_end(look.key)
        if any(known.add(look, one, wider) for known in families):
            return
        known = Known(SizedFamily(one, form), structure)
        if known.add(look, one, wider):
            families.append(known)
            del families[:-_MOST_FAMILIES]
        while len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)

    def like(self, look: Look) -> Iterator[tuple[Known, list[int]]]:
        """Families that a step may be of, and its widths."""
        for known in self._known.get(look.key, ()):
            widths = known.family.one.sizes_in(look.shapes)
            if widths is not None and known.fits(look, widths):
                yield known, widths
