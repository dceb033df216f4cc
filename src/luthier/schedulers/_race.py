"""The race of `Auto`: which curve goes on, and whether those that were cut were judged fairly.

Enters: the best costs of all trials at each rung, and which of them can go on. Leaves: a trial and
a budget. Arrays only: it knows neither histories nor trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from luthier.numerics._endings import as_log, forecast

# Which part of all trials goes on from each rung. Until one has come to its end; then:
NARROW = (0.133, 0.1, 0.083, 0.067, 0.05, 0.017)
WIDE = (0.33, 0.2, 0.13, 0.08, 0.05, 0.034)
# With trials beyond the opening: a fifth, and from rung to rung, whose epochs grow by the root of
# 3, as many fewer, so that each rung costs the same.
USUAL = tuple(0.2 / 3 ** (rung / 2) for rung in range(8))
# How much of the last improvement is expected to come again before the next rung.
_SLOPE = 0.5
# Trials that were cut, drawn at random and followed to their ends after the opening: so many that
# if none beats the chosen, with 95 % confidence fewer than one in five would; but no more than a
# part of the opening, and a quarter more where one did. Later, for so much of all epochs.
_ENOUGH, _PART_CHECKED, _MORE, _CHECK_SHARE = 14, 0.25, 1.25, 0.03
# So many that beat the chosen are no accident; nor is a single one that lies below the best chosen
# by so much of the distance from there to the median of at least so many.
_NO_ACCIDENT = 2
_JUMP, _FEWEST_FOR_A_MEDIAN = 1 / 3, 7
# Where all of these were drawn, their ranks after such a part of all epochs have to tell those of
# their ends: of recorded curves, once in a hundred searches the correlation was less than this.
_ORDERED, _ORDER_AT = 0.7, 0.3
# Why a trial went on, where the race is not the reason; kept with the trial.
CHECK, LATE = "check", "late"


@dataclass(frozen=True, slots=True)
class Step:
    """A trial that goes on: to which budget, a note for people, and a mark."""

    number: int
    budget: int
    note: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the trials showed that were cut, drawn at random and followed to their ends.

    Attributes:
        draws: how many.
        hits: how many of them beat all that were chosen.
        is_unfair: whether more of those that were cut must be expected to; also where none of them
            did, but early ranks say little of the ends.
    """

    draws: int
    hits: int
    is_unfair: bool

    @property
    def bound(self) -> float:
        """The largest chance of a hit that is compatible with these, with 95 % confidence."""
        return upper_bound(self.hits, self.draws)

    def __str__(self) -> str:
        if not self.draws:
            return "nothing was checked"
        return (
            f"of {self.draws} such trials, drawn at random and followed to their ends, {self.hits} "
            f"beat them: a chance of at most {self.bound:.0%} to have won"
        )


@dataclass(frozen=True, slots=True)
class Race:
    """All curves at their rungs.

    Attributes:
        rungs: epochs of each rung.
        numbers: trials that came to the first one.
        costs: best costs there, shape `(n, k)`; NaN where a trial has not come to yet. Of several
            objectives: the front among those at the same rung.
        can_go_on: which are paused.
        checks: which were followed to their ends for a check.
        late: which go on because of what the checks showed.
        z: the costs on a scale where curves fall evenly.
        level: the last rung of each, shape `(n,)`.
    """

    rungs: Sequence[int]
    numbers: np.ndarray
    costs: np.ndarray
    can_go_on: np.ndarray
    checks: np.ndarray
    late: np.ndarray
    z: np.ndarray = field(init=False)
    level: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        level = (~np.isnan(self.costs)).sum(1) - 1
        object.__setattr__(self, "z", as_log(self.costs))
        object.__setattr__(self, "level", level)
        object.__setattr__(self, "can_go_on", self.can_go_on & (level < len(self.rungs) - 1))

    @property
    def at_end(self) -> np.ndarray:
        """Which came to the last rung."""
        return np.asarray(self.level == len(self.rungs) - 1)

    @property
    def chosen(self) -> np.ndarray:
        """Which the race brought to the last rung."""
        return np.asarray(self.at_end & ~self.checks & ~self.late)

    def order(self, rung: int) -> np.ndarray:
        """Places of those that came to a rung, the most promising first."""
        there = np.flatnonzero(self.level >= rung)
        promise = self.z[there, rung]
        if rung:
            promise = promise - _SLOPE * (self.z[there, rung - 1] - promise)
        return np.asarray(there[np.argsort(promise, kind="stable")])

    def room(self, parts: Sequence[float], rung: int) -> int:
        """How many go on from a rung."""
        return max(1, round(parts[min(rung, len(parts) - 1)] * len(self.numbers)))

    def evidence(self, checked: np.ndarray, rival: np.ndarray) -> Evidence:
        """What those among `checked` that came to their ends showed, beside their rivals."""
        ends = self.z[:, -1]
        drawn, chosen = ends[self.at_end & checked], ends[self.at_end & rival]
        if not len(drawn) or not len(chosen):
            return Evidence(len(drawn), 0, is_unfair=False)
        best, lowest = chosen.min(), drawn.min()
        hits = int((drawn < best).sum())
        is_jump = (
            hits > 0
            and len(drawn) >= _FEWEST_FOR_A_MEDIAN
            and best - lowest > _JUMP * (np.median(drawn) - best)
        )
        is_unfair = is_jump or hits >= _NO_ACCIDENT or not self._keeps_order(self.at_end & checked)
        return Evidence(len(drawn), hits, bool(is_unfair))

    def _keeps_order(self, drawn: np.ndarray) -> bool:
        """Whether ranks at a rung say which of the drawn end best; so, while they are too few."""
        if drawn.sum() < _ENOUGH:
            return True
        rung = int(np.searchsorted(np.asarray(self.rungs) / self.rungs[-1], _ORDER_AT))
        return _rank_correlation(self.z[drawn, rung], self.z[drawn, -1]) >= _ORDERED


def next_step(
    race: Race, opening: int, seed: int, *, has_begun_more: bool, is_full: bool
) -> Step | None:
    """What goes on of all that can; None for a new trial.

    Args:
        race: the curves, once the opening is over.
        opening: trials that were begun before any went on.
        seed: of the study: checks are drawn with it.
        has_begun_more: whether trials beyond the opening were begun.
        is_full: whether there can be no new ones.
    """
    has_lead = bool(race.chosen.any())
    parts: Sequence[float] = NARROW
    if has_lead:
        parts = USUAL if has_begun_more else WIDE
    step = _promotion(race, parts)
    if step is not None or not has_lead:
        return step
    return _check(race, opening, seed, is_full=is_full) or _late(race)


def cut_at_once(race: Race, parts: Sequence[float]) -> np.ndarray:
    """Which do not go on from the first rung, shape `(n,)`, had they not run to their ends."""
    cut = np.zeros(len(race.numbers), bool)
    cut[race.order(0)[race.room(parts, 0) :]] = True
    return cut


def upper_bound(hits: int, draws: int) -> float:
    """The largest chance of a hit that is compatible with so many hits, with 95 % confidence.

    Source: Clopper and Pearson, Biometrika 26 (1934): the exact one-sided bound, by bisection.

    Example:
        >>> round(upper_bound(0, 3), 2)
        0.63
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        chance = (low + high) / 2
        ways = [
            math.comb(draws, n) * chance**n * (1 - chance) ** (draws - n) for n in range(hits + 1)
        ]
        low, high = (chance, high) if sum(ways) > 0.05 else (low, chance)
    return high


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's, from 2 values on; equal ones rank by their places."""
    ranks = (np.argsort(np.argsort(values, kind="stable")) for values in (one, other))
    apart = np.subtract(*ranks).astype(float)
    return float(1 - 6 * (apart @ apart) / (len(one) * (len(one) ** 2 - 1)))


def _promotion(race: Race, parts: Sequence[float]) -> Step | None:
    """The first at the lowest rung that is among the best there and has not gone on."""
    for rung in range(len(race.rungs) - 1):
        room = race.room(parts, rung)
        for place in race.order(rung)[:room]:
            if race.level[place] == rung and race.can_go_on[place]:
                return _go_on(race, int(place), f"among the best {room}")
    return None


def _check(race: Race, opening: int, seed: int, *, is_full: bool) -> Step | None:
    """A trial that was cut, to be followed to its end."""
    begun = race.can_go_on & race.checks
    last = race.rungs[-1]
    note = f"followed to its end, {last} epochs, to check those that were cut"
    if begun.any():
        return Step(int(race.numbers[begun][0]), last, note, CHECK)
    shown = race.evidence(race.checks, race.chosen)
    candidates = race.numbers[race.can_go_on]
    if shown.is_unfair or len(candidates) == 0:
        return None
    count = int(race.checks.sum())
    wanted = min(_ENOUGH, max(1, int(_PART_CHECKED * opening)))
    if shown.hits:
        wanted = max(_NO_ACCIDENT, int(_MORE * wanted))
    epochs = np.asarray(race.rungs)[race.level]
    later = not is_full and epochs[race.checks].sum() < _CHECK_SHARE * epochs.sum()
    if not (count < wanted or later):
        return None
    rng = np.random.default_rng((seed, count))
    return Step(int(rng.choice(candidates)), last, note, CHECK)


def _late(race: Race) -> Step | None:
    """If trials that were cut beat the chosen ones: the one whose forecast ends best."""
    if not race.can_go_on.any() or not race.evidence(race.checks, race.chosen).is_unfair:
        return None
    mean, spread = forecast(race.z, race.level)
    hope = np.where(race.can_go_on, mean - spread, np.inf)
    return _go_on(race, int(np.argmin(hope)), "late bloomers were found: all go on", LATE)


def _go_on(race: Race, place: int, reason: str, why: str = "") -> Step:
    rung = int(race.level[place])
    budget = int(race.rungs[rung + 1])
    note = f"goes on to {budget} epochs: {reason} after {race.rungs[rung]}"
    return Step(int(race.numbers[place]), budget, note, why)
