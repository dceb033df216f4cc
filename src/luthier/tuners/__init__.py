"""KerasTuner's tuners, and `tune` for any function."""

from __future__ import annotations

from luthier.tuners._base_tuner import BaseTuner
from luthier.tuners._builtin import BayesianOptimization, GridSearch, RandomSearch
from luthier.tuners._hyperband import Hyperband
from luthier.tuners._sklearn import SklearnTuner
from luthier.tuners._tune import tune
from luthier.tuners._tuner import Tuner

__all__ = [
    "BaseTuner",
    "BayesianOptimization",
    "GridSearch",
    "Hyperband",
    "RandomSearch",
    "SklearnTuner",
    "Tuner",
    "tune",
]
