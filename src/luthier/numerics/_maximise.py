"""Search for the row that promises most, among rows that can really be tried.

Every row is snapped (steps, integers, inactive columns) before it is judged, so what is chosen is
what was judged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luthier.numerics._kernels import Columns

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Snap = Callable[[Array], tuple[Array, Mask]]
"""Rows (n, d) to the nearest rows that can be tried, and which entries of them are active."""
Judge = Callable[[Array, Mask], Array]
"""How much rows (n, d) promise, shape (n,); -inf for rows that must not be tried."""
Allowed = Callable[[Array], bool]
"""Whether a snapped row, shape (d,), may be tried."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to search.

    Attributes:
        lineages: how many rows are refined side by side.
        children: rows tried a lineage and round.
        rounds: how often.
        first_step: standard deviation of the first moves, as a share of the range.
        shrink: factor of the step from round to round.
    """

    lineages: int = 10
    children: int = 40
    rounds: int = 8
    first_step: float = 0.2
    shrink: float = 0.6


def random_rows(rng: np.random.Generator, count: int, columns: Columns) -> Array:
    """Uniform rows, not yet snapped; shape (count, d)."""
    uniform = rng.random((count, len(columns)))
    return np.where(columns.is_choice, np.floor(uniform * np.maximum(columns.choices, 1)), uniform)


def moved(
    rows: Array, active: Mask, columns: Columns, *, step: float, rng: np.random.Generator
) -> Array:
    """Neighbours of `rows`: one column changed, or about half of them; choices drawn anew, numbers
    moved.

    Args:
        rows: shape (n, d).
        active: shape (n, d); changing an inactive column does nothing, so one active column always
            changes.
        columns: the d columns.
        step: typical standard deviation of a number's move.
        rng: source of randomness.

    Returns:
        shape (n, d), not yet snapped.

    Source: Bäck and Schwefel 1993, An overview of evolutionary algorithms, section 2.1: log-normal
        step sizes; steps of exactly one value for integers follow Li et al. 2013, Mixed integer
        evolution strategies, section 3.
    """
    count, size = rows.shape
    share = np.where(rng.random((count, 1)) < 0.5, 1.0 / size, 0.5)
    change = rng.random((count, size)) < share
    pick = np.argmax(np.where(active, rng.random((count, size)), -1.0), axis=1)
    change[np.arange(count), pick] = True
    scale = step * np.exp(rng.standard_normal((count, 1)))
    numbers = rows + scale * rng.standard_normal((count, size))
    single = rows + columns.step * rng.choice([-1.0, 1.0], (count, size))
    numbers = np.where((columns.step > 0) & (rng.random((count, size)) < 0.5), single, numbers)
    choices = np.floor(rng.random((count, size)) * np.maximum(columns.choices, 1))
    return np.where(change, np.where(columns.is_choice, choices, numbers), rows)


def maximise(
    judge: Judge,
    seeds: Array,
    snap: Snap,
    columns: Columns,
    *,
    effort: Effort,
    rng: np.random.Generator,
    allowed: Allowed | None = None,
) -> tuple[Array, Array]:
    """Refine the most promising of `seeds`, each lineage for itself, with ever smaller steps.

    Args:
        judge: what to maximise.
        seeds: rows to begin with, snapped, shape (n, d).
        snap: makes rows triable.
        columns: the d columns.
        effort: how hard to search.
        rng: source of randomness.
        allowed: what rows have to satisfy besides. It may be slow: only rows that would be taken
            are asked for.

    Returns:
        the best row of each lineage, shape (l, d), best first, and what they promise, shape (l,).
    """
    seeds, active = snap(seeds)
    promise = judge(seeds, active)
    if allowed is not None:
        promise = _struck(promise, seeds, allowed, wanted=effort.lineages)
    order = np.argsort(-promise, kind="stable")[: effort.lineages]
    rows, active, promise = seeds[order], active[order], promise[order]
    step = effort.first_step
    for _ in range(effort.rounds):
        family = np.repeat(np.arange(len(rows)), effort.children)
        young, young_active = snap(moved(rows[family], active[family], columns, step=step, rng=rng))
        young_promise = judge(young, young_active).reshape(len(rows), effort.children)
        if allowed is not None:
            families = zip(young_promise, np.split(young, len(rows)), promise, strict=True)
            struck = [_struck(worth, few, allowed, above=parent) for worth, few, parent in families]
            young_promise = np.array(struck)
        best = np.argmax(young_promise, axis=1)
        gain = young_promise[np.arange(len(rows)), best]
        index = best + effort.children * np.arange(len(rows))
        better = gain > promise
        rows = np.where(better[:, None], young[index], rows)
        active = np.where(better[:, None], young_active[index], active)
        promise = np.where(better, gain, promise)
        step *= effort.shrink
    order = np.argsort(-promise, kind="stable")
    return rows[order], promise[order]


def _struck(
    promise: Array, rows: Array, allowed: Allowed, *, wanted: int = 1, above: float = -np.inf
) -> Array:
    """What rows promise, -inf for those that are not allowed; asked from the best downwards, until
    `wanted` are allowed or no row promises more than `above`.

    Args:
        promise: shape (n,).
        rows: shape (n, d).
        allowed: what to satisfy.
        wanted: how many.
        above: of rows up to there nothing is asked.

    Returns:
        shape (n,).
    """
    promise = promise.copy()
    for place in np.argsort(-promise, kind="stable").tolist():
        if wanted == 0 or not promise[place] > above:
            break
        if allowed(rows[place]):
            wanted -= 1
        else:
            promise[place] = -np.inf
    return promise
