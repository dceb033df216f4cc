"""KerasTuner's `engine` modules: other addresses of names that live elsewhere."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luthier.engine import (
        base_tuner,
        hypermodel,
        hyperparameters,
        metrics_tracking,
        objective,
        oracle,
        trial,
        tuner,
    )

__all__ = [
    "base_tuner",
    "hypermodel",
    "hyperparameters",
    "metrics_tracking",
    "objective",
    "oracle",
    "trial",
    "tuner",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"luthier.engine.{name}")
    raise AttributeError(f"module 'luthier.engine' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
