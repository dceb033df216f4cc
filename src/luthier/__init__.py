"""Luthier: hyperparameter tuning for Keras 3 and any training loop.

`import luthier as keras_tuner` runs KerasTuner programs. Names are loaded when they are first used,
so importing the package is quick and brings in no framework.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luthier import (
        abc,
        applications,
        engine,
        errors,
        hooks,
        imports,
        oracles,
        samplers,
        schedulers,
        stores,
        tuners,
    )
    from luthier.driver import Limits
    from luthier.objective import Objective
    from luthier.oracles import Oracle, synchronized
    from luthier.records import Decision, Measurement, Trial, TrialState
    from luthier.replaying import replay
    from luthier.results import Results
    from luthier.space import (
        Boolean,
        Choice,
        Constraint,
        Fixed,
        Float,
        HyperParameter,
        HyperParameters,
        Int,
        Prior,
        Space,
    )
    from luthier.study import Study
    from luthier.training import (
        ForGroup,
        HyperModel,
        Loop,
        Step,
        custom_gradient,
        differentiate,
        gradient,
        train_step,
        value_and_gradients,
    )
    from luthier.tuners import (
        BayesianOptimization,
        GridSearch,
        Hyperband,
        RandomSearch,
        SklearnTuner,
        Tuner,
        tune,
    )

__version__ = "0.1.0"

# Reached as attributes; `hooks`, `samplers` and `stores` hold what `tune` and `Study` also take by
# name, `abc` and `testing` what extensions need.
_SUBMODULES = frozenset(
    {
        "abc",
        "applications",
        "engine",
        "errors",
        "hooks",
        "imports",
        "oracles",
        "samplers",
        "schedulers",
        "stores",
        "testing",
        "tuners",
    }
)
_HOMES = {
    "Limits": "driver",
    "Objective": "objective",
    "Oracle": "oracles",
    "synchronized": "oracles",
    "Decision": "records",
    "Measurement": "records",
    "Trial": "records",
    "TrialState": "records",
    "Results": "results",
    "replay": "replaying",
    "Boolean": "space",
    "Choice": "space",
    "Constraint": "space",
    "Fixed": "space",
    "Float": "space",
    "HyperParameter": "space",
    "HyperParameters": "space",
    "Int": "space",
    "Prior": "space",
    "Space": "space",
    "Study": "study",
    "ForGroup": "training",
    "HyperModel": "training",
    "Loop": "training",
    "Step": "training",
    "custom_gradient": "training",
    "differentiate": "training",
    "gradient": "training",
    "train_step": "training",
    "value_and_gradients": "training",
    "BayesianOptimization": "tuners",
    "GridSearch": "tuners",
    "Hyperband": "tuners",
    "RandomSearch": "tuners",
    "SklearnTuner": "tuners",
    "Tuner": "tuners",
    "tune": "tuners",
}

__all__ = [
    "BayesianOptimization",
    "Boolean",
    "Choice",
    "Constraint",
    "Decision",
    "Fixed",
    "Float",
    "ForGroup",
    "GridSearch",
    "Hyperband",
    "HyperModel",
    "HyperParameter",
    "HyperParameters",
    "Int",
    "Limits",
    "Loop",
    "Measurement",
    "Objective",
    "Oracle",
    "Prior",
    "RandomSearch",
    "Results",
    "SklearnTuner",
    "Space",
    "Step",
    "Study",
    "Trial",
    "TrialState",
    "Tuner",
    "__version__",
    "abc",
    "applications",
    "custom_gradient",
    "differentiate",
    "engine",
    "errors",
    "gradient",
    "hooks",
    "imports",
    "oracles",
    "replay",
    "samplers",
    "schedulers",
    "stores",
    "synchronized",
    "train_step",
    "tune",
    "tuners",
    "value_and_gradients",
]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"luthier.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'luthier' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"luthier.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
