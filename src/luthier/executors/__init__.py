"""Where evaluations run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from luthier.executors._inline import InlineExecutor

if TYPE_CHECKING:
    from luthier.executors._lanes import LanesExecutor

__all__ = ["InlineExecutor", "LanesExecutor"]


def __getattr__(name: str) -> Any:
    # Lanes need greenlet, which is there where JAX is.
    if name != "LanesExecutor":
        raise AttributeError(f"module 'luthier.executors' has no attribute {name!r}")
    from luthier.executors._lanes import LanesExecutor

    return LanesExecutor
