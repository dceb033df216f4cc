"""What experts believe of the best values, as a density over positions.

Enters: a history's priors, positions of shape (n, d). Leaves: log densities up to a constant, (n,).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from luthier.records import History
from luthier.space import Encoding

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Other values of an unordered choice count as this far from the believed one.
_OTHER_CHOICE = 0.5


def log_belief(
    history: History, encoding: Encoding
) -> Callable[[FloatArray, BoolArray], FloatArray] | None:
    """The log of the product of all priors over positions and what is active; None without any.

    Each is a normal density around the believed value. An inactive entry adds nothing.

    Source: Hvarfner et al. 2022, πBO: augmenting acquisition functions with user beliefs, section
        3.
    """
    places: list[int] = []
    centres: list[float] = []
    spreads: list[float] = []
    defined = {parameter.name: parameter for parameter in reversed(history.space.parameters)}
    for place, column in enumerate(encoding.columns):
        prior = history.priors.get(column.name)
        if prior is not None:
            places.append(place)
            centres.append(defined[column.name].value_to_prob(prior.value))
            spreads.append(prior.spread)
    if not places:
        return None
    nominal = np.array([encoding.columns[place].kind == "nominal" for place in places])
    cell = np.array([0.5 / (encoding.columns[place].n_choices or 1) for place in places])

    def log_density(positions: FloatArray, active: BoolArray) -> FloatArray:
        gap = np.abs(positions[:, places] - np.array(centres))
        gap = np.where(nominal, np.where(gap < cell, 0.0, _OTHER_CHOICE), gap)
        logs = -0.5 * (gap / np.array(spreads)) ** 2
        return np.asarray(np.where(active[:, places], logs, 0.0).sum(axis=1))

    return log_density
