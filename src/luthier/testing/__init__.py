"""Contract suites, for those who write samplers, schedulers, stores or executors of their own.

Each is a class of tests to subclass with one attribute that makes the implementation; they need
pytest and hypothesis.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luthier.testing._executors import ExecutorContract
    from luthier.testing._samplers import SamplerContract
    from luthier.testing._schedulers import SchedulerContract
    from luthier.testing._stores import StoreContract

_HOMES = {
    "ExecutorContract": "_executors",
    "SamplerContract": "_samplers",
    "SchedulerContract": "_schedulers",
    "StoreContract": "_stores",
}

__all__ = ["ExecutorContract", "SamplerContract", "SchedulerContract", "StoreContract"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'luthier.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(f"luthier.testing.{home}"), name)
