"""KerasTuner's oracles: its names over a study and its sampler."""

from __future__ import annotations

from luthier.oracles._builtin import (
    BayesianOptimizationOracle,
    GridSearchOracle,
    RandomSearchOracle,
)
from luthier.oracles._hyperband import HyperbandOracle
from luthier.oracles._lock import synchronized
from luthier.oracles._oracle import Oracle

__all__ = [
    "BayesianOptimizationOracle",
    "GridSearchOracle",
    "HyperbandOracle",
    "Oracle",
    "RandomSearchOracle",
    "synchronized",
]
