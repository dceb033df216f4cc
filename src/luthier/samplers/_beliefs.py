"""What experts believe of the best values, as densities over the columns of an encoding.

Enters: priors by name. Leaves: log-densities of rows, and rows drawn by the beliefs. Beliefs lose
weight as trials accumulate: they are raised to the power beta / n at the n-th trial.

Source: Hvarfner, Stoll, Souza, Lindauer, Hutter, Nardi, "piBO: Augmenting acquisition functions
with user beliefs for Bayesian optimization", ICLR 2022: acquisition times density to the power
beta / n, with beta a tenth of the budget. Where a density is drawn from, not multiplied, the power
is at most one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from luthier.records import History
from luthier.space import Column, Encoding, Prior

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# The budget that counts where none is given, in trials.
_USUAL_BUDGET = 100
_NORMAL = NormalDist()


class Beliefs:
    """Independent beliefs about some columns; beliefs about names that are not known yet wait.

    Args:
        encoding: the columns.
        priors: by name.
    """

    def __init__(self, encoding: Encoding, priors: Mapping[str, Prior]) -> None:
        self._columns: dict[int, tuple[Column, float, float]] = {}
        for place, column in enumerate(encoding.columns):
            prior = priors.get(column.name)
            at = None if prior is None else encoding.position(column.name, prior.value)
            if prior is not None and at is not None:
                self._columns[place] = column, at, prior.spread

    def __bool__(self) -> bool:
        return bool(self._columns)

    def log_density(self, x: FloatArray, active: BoolArray) -> FloatArray:
        """How much less likely than the most likely values, shape `(n,)`; at most 0.

        Args:
            x: rows, shape `(n, d)`.
            active: which entries count, shape `(n, d)`.
        """
        total = np.zeros(len(x))
        for place, (column, at, spread) in self._columns.items():
            if column.kind == "nominal":
                usual, other = _chances(column, spread)
                apart = np.abs(x[:, place] - at) > 0.25 / (column.n_choices or 1)
                term = np.where(apart, math.log(other / usual), 0.0)
            else:
                term = -0.5 * ((x[:, place] - at) / spread) ** 2
            total += np.where(active[:, place], term, 0.0)
        return total

    def draw(self, u: FloatArray, power: float) -> FloatArray:
        """Rows by the beliefs: the inverse of their distribution function, column by column.

        Args:
            u: uniform rows, shape `(n, d)`; columns without a belief stay as they are.
            power: of the density, in [0, 1]; 0 makes every belief uniform.
        """
        x = np.array(u)
        if power <= 0:
            return x
        for place, (column, at, spread) in self._columns.items():
            if column.kind == "nominal":
                x[:, place] = [_nominal(p, column, at, spread, power) for p in u[:, place].tolist()]
            else:
                wide = spread / math.sqrt(power)
                x[:, place] = [_truncated(p, at, wide) for p in u[:, place].tolist()]
        return x


def power(history: History) -> float:
    """The power beta / n for the next trial of a study, n counted from 1."""
    beta = (history.max_trials or _USUAL_BUDGET) / 10
    return beta / (len(history.finished) + len(history.open) + 1)


def log_belief(
    history: History, encoding: Encoding
) -> Callable[[FloatArray, BoolArray], FloatArray] | None:
    """The log-density of a study's priors (see `Beliefs.log_density`), or None without any."""
    beliefs = Beliefs(encoding, history.priors)
    return beliefs.log_density if beliefs else None


def _chances(column: Column, spread: float) -> tuple[float, float]:
    """The probability of the believed choice, and that of each other: uniform at a spread of 1."""
    k = column.n_choices or 1
    other = min(spread, 1.0) / k
    return 1.0 - other * (k - 1), other


def _nominal(u: float, column: Column, at: float, spread: float, power: float) -> float:
    k = column.n_choices or 1
    usual, other = (chance**power for chance in _chances(column, spread))
    weights = np.full(k, other)
    weights[min(int(at * k), k - 1)] = usual
    edges = np.cumsum(weights / weights.sum())
    return (min(int(np.searchsorted(edges, u, side="right")), k - 1) + 0.5) / k


def _truncated(u: float, at: float, spread: float) -> float:
    """The normal distribution around `at`, cut off at 0 and 1."""
    low, high = _NORMAL.cdf(-at / spread), _NORMAL.cdf((1 - at) / spread)
    inner = min(max(low + u * (high - low), 1e-300), 1 - 1e-16)
    return min(max(at + spread * _NORMAL.inv_cdf(inner), 0.0), 1.0)
