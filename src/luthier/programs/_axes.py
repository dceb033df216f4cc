"""What the axes of a program's arrays are made of.

An axis is a row of factors, the outermost first: an image that was flattened has one axis of rows,
columns and channels. Factors that an operation makes one are tied; a factor that no operation and
no input holds to its size may be wider in a program than in the trial that runs in it. Holds no
arrays and knows no framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

Axis = tuple["Factor", ...]
"""Factors, the outermost first; none for an axis of one place."""


class Factor:
    """A part of an axis that an operation treats as a whole.

    Args:
        size: places in the trial's own program.
        is_fixed: whether it has as many in any other.

    Attributes:
        wide: places in the program that the trial runs in.
    """

    def __init__(self, size: int, *, is_fixed: bool = False) -> None:
        self.size = size
        self.wide = size
        self.is_fixed = is_fixed
        self._is: Axis | None = None

    def become(self, axis: Axis) -> None:
        """Be another factor, or several, from now on."""
        self._is = axis

    def resolved(self) -> Axis:
        """What it is by now."""
        if self._is is None:
            return (self,)
        self._is = resolved(self._is)
        return self._is


def axis(size: int, *, is_fixed: bool = False) -> Axis:
    """An axis of which no more is known than its size."""
    return () if size == 1 else (Factor(size, is_fixed=is_fixed),)


def resolved(one: Axis) -> Axis:
    """The factors of an axis, as they are by now."""
    return tuple(part for factor in one for part in factor.resolved())


def fix(one: Axis) -> None:
    """Hold an axis to its size."""
    for factor in resolved(one):
        factor.is_fixed = True


def tie(one: Axis, other: Axis) -> None:
    """Make two axes of one size the same; they are fixed where they cannot be made of the same
    factors.
    """
    ours, theirs = list(resolved(one)), list(resolved(other))
    while ours and theirs:
        first, second = ours[0], theirs[0]
        if first is second or first.size == second.size:
            _merge(first, second)
            ours, theirs = ours[1:], theirs[1:]
            continue
        longer, shorter = (ours, second) if first.size > second.size else (theirs, first)
        parts = _split(longer[0], shorter.size)
        if parts is None:
            fix((*ours, *theirs))
            return
        longer[:1] = parts
        # Both may have held the factor that is two now.
        ours, theirs = list(resolved(tuple(ours))), list(resolved(tuple(theirs)))


def regrouped(axes: Iterable[Axis], sizes: Sequence[int]) -> list[Axis]:
    """The axes of a reshaped array: the same factors in the same order, in other groups."""
    left = [factor for one in axes for factor in resolved(one)]
    groups: list[Axis] = []
    for size in sizes:
        group: list[Factor] = []
        while (missing := size // prod(factor.size for factor in group)) > 1:
            if not left:
                break
            parts: Axis | None = (left[0],)
            if left[0].size > missing:
                parts = _split(left[0], missing)
            if parts is None or missing % parts[0].size:
                break
            group.append(parts[0])
            # It may be there twice.
            left = [*parts[1:], *resolved(tuple(left[1:]))]
        if prod(factor.size for factor in group) != size:
            fix((*left, *group, *(factor for done in groups for factor in done)))
            return [axis(one, is_fixed=True) for one in sizes]
        groups.append(tuple(group))
    return groups


def narrow(axes: Iterable[Axis]) -> tuple[int, ...]:
    """The shape in the trial's own program."""
    return tuple(prod(factor.size for factor in resolved(one)) for one in axes)


def wide(axes: Iterable[Axis]) -> tuple[int, ...]:
    """The shape in the program that the trial runs in."""
    return tuple(prod(factor.wide for factor in resolved(one)) for one in axes)


def _merge(one: Factor, other: Factor) -> None:
    if one is not other:
        one.wide = max(one.wide, other.wide)
        one.is_fixed |= other.is_fixed
        other.become((one,))


def _split(factor: Factor, outer: int) -> Axis | None:
    """A factor as two, the outer one of that size; None if it cannot be."""
    if factor.size % outer:
        return None
    parts = tuple(Factor(size, is_fixed=factor.is_fixed) for size in (outer, factor.size // outer))
    factor.become(parts)
    return parts
