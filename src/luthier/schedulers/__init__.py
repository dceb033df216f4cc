"""How long each trial runs. One algorithm a file; schedulers see a history and a trial, nothing
else. An algorithm is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from luthier.schedulers._never import Never

if TYPE_CHECKING:
    from luthier.schedulers._asha import ASHA
    from luthier.schedulers._auto import Auto
    from luthier.schedulers._halving import SuccessiveHalving
    from luthier.schedulers._hyperband import Hyperband
    from luthier.schedulers._median import Median
    from luthier.schedulers._patience import Patience
    from luthier.schedulers._population import Population

_HOMES = {
    "ASHA": "_asha",
    "Auto": "_auto",
    "Hyperband": "_hyperband",
    "Median": "_median",
    "Patience": "_patience",
    "Population": "_population",
    "SuccessiveHalving": "_halving",
}

__all__ = [
    "ASHA",
    "Auto",
    "Hyperband",
    "Median",
    "Never",
    "Patience",
    "Population",
    "SuccessiveHalving",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'luthier.schedulers' has no attribute {name!r}")
    return getattr(importlib.import_module(f"luthier.schedulers.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
