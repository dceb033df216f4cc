"""Covariance matrix adaptation (CMA-ES) on the unit cube, with steps and unordered choices.

Enters: a state and one generation of ranked points. Leaves: the next state, and new points. A state
is a fact: it never changes, and the same generations always lead to the same state.

Source: Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772 (2016), by its equation
numbers; points that were not drawn from the state: Hansen, "Injecting external solutions into
CMA-ES", arXiv:1110.4181 (2011); steps: Hamano, Saito, Nomura, Shirakawa, "CMA-ES with margin",
GECCO 2022; the idea to keep a distribution over unordered choices beside it: Hamano, Saito, Nomura,
Uchida, Shirakawa, "CatCMA", GECCO 2024, here with the plain natural gradient instead of its adapted
learning rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from luthier.numerics._columns import BoolArray, Columns, FloatArray, IntArray, cells_of

_FIRST_STEP = 0.2
_CHOICE_RATE = 0.3
# A search has converged when no column varies by more than this part of its range.
_CONVERGED = 1e-4
_WORST_CONDITION = 1e14


@dataclass(frozen=True, slots=True)
class Constants:
    """What follows from the number of columns n and the size of a generation."""

    population: int
    weights: FloatArray
    mu_eff: float
    c_sigma: float
    d_sigma: float
    c_c: float
    c_1: float
    c_mu: float
    chi_n: float

    @classmethod
    def of(cls, n: int, population: int) -> Constants:
        """The tutorial's defaults; n is at least 1."""
        half = population // 2
        raw = math.log((population + 1) / 2) - np.log(np.arange(1, half + 1))  # (49)
        weights = raw / raw.sum()  # (53), positive ones only
        mu_eff = 1.0 / float((weights**2).sum())  # (8)
        c_sigma = (mu_eff + 2) / (n + mu_eff + 5)  # (55)
        d_sigma = 1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma  # (55)
        c_c = (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)  # (56)
        c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)  # (57)
        c_mu = min(1 - c_1, 2 * (mu_eff - 2 + 1 / mu_eff) / ((n + 2) ** 2 + mu_eff))  # (58)
        chi_n = math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n**2))  # E||N(0, I)||, below (30)
        return cls(population, weights, mu_eff, c_sigma, d_sigma, c_c, c_1, max(c_mu, 0.0), chi_n)


@dataclass(frozen=True, slots=True)
class State:
    """Where the search stands; n numeric columns.

    Attributes:
        mean: shape `(n,)`.
        sigma: the step size.
        covariance: shape `(n, n)`.
        scale: the margin's factor on each column's deviation, shape `(n,)`.
        path_sigma: evolution path of the step size, shape `(n,)`.
        path_c: evolution path of the covariance, shape `(n,)`.
        chances: probability of each choice of the nominal columns, one array each.
        generation: how many generations led here since the last start.
        population: points of a generation.
    """

    mean: FloatArray
    sigma: float
    covariance: FloatArray
    scale: FloatArray
    path_sigma: FloatArray
    path_c: FloatArray
    chances: tuple[FloatArray, ...]
    generation: int
    population: int


def start(columns: Columns, mean: FloatArray, population: int | None = None) -> State:
    """The state before the first generation.

    Args:
        columns: what they are.
        mean: where to start, shape `(d,)`; of nominal columns only the choice counts, a little.
        population: points of a generation. If None, fewer than the tutorial's default (48) by half
            of its logarithmic term: searches here have hundreds of points, not thousands.
    """
    numeric = columns.numeric
    n = int(numeric.sum())
    size = population or 4 + int(1.5 * math.log(max(len(mean), 1)))
    chances = tuple(np.full(int(k), 1.0 / k) for k in columns.cells[columns.nominal])
    zero = np.zeros(n)
    return State(
        mean[numeric].copy(), _FIRST_STEP, np.eye(n), np.ones(n), zero, zero, chances, 0, size
    )


def sample(state: State, columns: Columns, count: int, rng: np.random.Generator) -> FloatArray:
    """New points, shape `(count, d)`, in [0, 1]; not moved to the cells' middles yet."""
    x = np.empty((count, len(columns.cells)))
    n = len(state.mean)
    if n:
        root = _root(state.covariance)[0]
        drawn = np.zeros((count, n))
        left = np.arange(count)
        # Drawing again keeps the distribution's shape at the borders; clipping is the last resort.
        for _ in range(20):
            steps = rng.standard_normal((len(left), n)) @ root.T  # (5)
            drawn[left] = state.mean + state.sigma * state.scale * steps
            left = left[((drawn[left] < 0) | (drawn[left] > 1)).any(1)]
            if len(left) == 0:
                break
        x[:, columns.numeric] = np.clip(drawn, 0.0, 1.0)
    for place, chance in zip(np.flatnonzero(columns.nominal), state.chances, strict=True):
        choice = np.searchsorted(np.cumsum(chance), rng.random(count) * chance.sum(), side="right")
        x[:, place] = (np.minimum(choice, len(chance) - 1) + 0.5) / len(chance)
    return x


def update(state: State, columns: Columns, x: FloatArray, active: BoolArray) -> State:
    """The state after a generation.

    Args:
        state: before.
        columns: what they are.
        x: the generation's points, the best first, shape `(population, d)`.
        active: entries that were used, shape `(population, d)`; others change nothing.
    """
    numeric = columns.numeric
    constants = Constants.of(max(len(state.mean), 1), len(x))
    following = state
    if len(state.mean):
        following = _adapt(state, constants, x[:, numeric], active[:, numeric])
        following = _keep_margin(following, columns.cells[numeric], len(x))
    chances = tuple(
        _learn(chance, constants.weights, x[:, place], active[:, place], len(state.chances))
        for place, chance in zip(np.flatnonzero(columns.nominal), state.chances, strict=True)
    )
    return replace(following, chances=chances, generation=state.generation + 1)


def _adapt(state: State, c: Constants, x: FloatArray, active: BoolArray) -> State:
    """Mean, paths, covariance and step size: the tutorial's figure 6."""
    n = len(state.mean)
    y = np.where(active, (x - state.mean) / (state.sigma * state.scale), 0.0)
    _, inverse = _root(state.covariance)
    length = np.linalg.norm(y @ inverse.T, axis=1)
    # Points of elsewhere may be far out: no step longer than most (Hansen 2011).
    y *= np.minimum(1.0, (math.sqrt(n) + 2 * n / (n + 2)) / np.maximum(length, 1e-300))[:, None]
    best = y[: len(c.weights)]
    step = c.weights @ best  # (41)
    path_sigma = (1 - c.c_sigma) * state.path_sigma
    path_sigma = (
        path_sigma + math.sqrt(c.c_sigma * (2 - c.c_sigma) * c.mu_eff) * inverse @ step
    )  # (43)
    reach = float(np.linalg.norm(path_sigma))
    grown = 1 - (1 - c.c_sigma) ** (2 * (state.generation + 1))
    calm = float(reach / math.sqrt(grown) < (1.4 + 2 / (n + 1)) * c.chi_n)  # h_sigma, below (45)
    path_c = (1 - c.c_c) * state.path_c
    path_c = path_c + calm * math.sqrt(c.c_c * (2 - c.c_c) * c.mu_eff) * step  # (45)
    lost = (1 - calm) * c.c_c * (2 - c.c_c)
    covariance = (
        (1 + c.c_1 * lost - c.c_1 - c.c_mu) * state.covariance
        + c.c_1 * np.outer(path_c, path_c)
        + c.c_mu * (best.T * c.weights) @ best
    )  # (47)
    # The step size may change by e at most, as the reference implementations do.
    change = min(1.0, (c.c_sigma / c.d_sigma) * (reach / c.chi_n - 1))  # (44)
    sigma = min(max(state.sigma * math.exp(change), 1e-12), 1.0)
    mean = np.clip(state.mean + state.sigma * state.scale * step, 0.0, 1.0)  # (42)
    covariance = (covariance + covariance.T) / 2
    return replace(
        state, mean=mean, sigma=sigma, covariance=covariance, path_sigma=path_sigma, path_c=path_c
    )


def _keep_margin(state: State, cells: IntArray, population: int) -> State:
    """Keeps every stepped column able to leave its present value: CMA-ES with margin, section 4."""
    alpha = 1.0 / (max(len(state.mean), 1) * population)
    mean, scale = state.mean.copy(), state.scale.copy()
    deviation = state.sigma * np.sqrt(np.diag(state.covariance))
    for j in np.flatnonzero(cells > 1):
        k = int(cells[j])
        cell = min(int(mean[j] * k), k - 1)
        spread = float(deviation[j] * scale[j])
        if cell in (0, k - 1):
            edge = (1 if cell == 0 else k - 1) / k
            far = min(abs(mean[j] - edge), -float(ndtri(alpha)) * spread)
            mean[j] = edge - far if cell == 0 else edge + far
        else:
            low, high = cell / k, (cell + 1) / k
            below = float(ndtr((low - mean[j]) / spread))
            above = float(ndtr((mean[j] - high) / spread))
            mean[j], factor = _widen(low, high, below, above, alpha)
            scale[j] = factor / float(deviation[j])
    return replace(state, mean=mean, scale=scale)


def _widen(
    low: float, high: float, below: float, above: float, alpha: float
) -> tuple[float, float]:
    """Mean and deviation that give either side of a cell at least alpha / 2."""
    within = 1 - below - above
    least = alpha / 2
    down, up = max(least, below), max(least, above)
    room = down + up + within - 3 * least
    down += (1 - down - up - within) / room * (down - least)
    up += (1 - max(least, below) - max(least, above) - within) / room * (up - least)
    to_low, to_high = -float(ndtri(down)), -float(ndtri(up))
    deviation = (high - low) / (to_low + to_high)
    return (low * to_high + high * to_low) / (to_low + to_high), deviation


def _learn(
    chance: FloatArray, weights: FloatArray, x: FloatArray, active: BoolArray, nominal: int
) -> FloatArray:
    """The natural gradient of the choices' distribution, with a least chance for each (CatCMA)."""
    k = len(chance)
    if k < 2:
        return chance
    best, used = x[: len(weights)], active[: len(weights)]
    hot = (np.arange(k) == cells_of(best, k)[:, None]) - chance
    moved = chance + _CHOICE_RATE * (weights * used) @ hot
    least = (1 - 0.73 ** (1 / nominal)) / (k - 1)
    moved = np.maximum(moved, least)
    # What the floor gave is taken from those above it, in proportion.
    spare = moved - least
    return np.asarray(moved + (1 - moved.sum()) * spare / max(float(spare.sum()), 1e-300))


def _root(covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The symmetric root of a covariance and its inverse."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.sqrt(np.maximum(values, 1e-20))
    return (vectors * values) @ vectors.T, (vectors / values) @ vectors.T


def has_converged(state: State) -> bool:
    """Whether the search stands still, so that a new start is worth more."""
    settled = all(float(chance.max()) > 0.7 for chance in state.chances)
    if len(state.mean) == 0:
        return settled and state.generation > 10
    spread = state.sigma * np.sqrt(np.diag(state.covariance)) * state.scale
    if not np.isfinite(spread).all() or np.linalg.cond(state.covariance) > _WORST_CONDITION:
        return True
    return bool(spread.max() < _CONVERGED) and settled
