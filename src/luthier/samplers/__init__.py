"""Algorithms that choose which values to try next, one a file, each a function of the history.

Enters: a frozen `History` and a random generator. Leaves: a `Suggestion`, or None when nothing is
left.
"""

from __future__ import annotations

from luthier.samplers._grid import Grid
from luthier.samplers._random import Random

__all__ = ["Grid", "Random"]
