"""Algorithms that choose which values to try next, one a file, each a function of the history.

Enters: a frozen `History` and a random generator. Leaves: a `Suggestion`, or None when nothing is
left. An algorithm is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luthier.samplers._auto import Auto
    from luthier.samplers._bohb import BOHB
    from luthier.samplers._cmaes import CMAES
    from luthier.samplers._evolution import Evolution
    from luthier.samplers._gp import GaussianProcess
    from luthier.samplers._grid import Grid
    from luthier.samplers._random import Random
    from luthier.samplers._sobol import Sobol
    from luthier.samplers._tpe import TPE

_HOMES = {
    "Auto": "_auto",
    "BOHB": "_bohb",
    "CMAES": "_cmaes",
    "Evolution": "_evolution",
    "GaussianProcess": "_gp",
    "Grid": "_grid",
    "Random": "_random",
    "Sobol": "_sobol",
    "TPE": "_tpe",
}

__all__ = [
    "BOHB",
    "CMAES",
    "TPE",
    "Auto",
    "Evolution",
    "GaussianProcess",
    "Grid",
    "Random",
    "Sobol",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'luthier.samplers' has no attribute {name!r}")
    return getattr(importlib.import_module(f"luthier.samplers.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
