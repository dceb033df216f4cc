"""Where evaluations run."""

from __future__ import annotations

from luthier.executors._inline import InlineExecutor

__all__ = ["InlineExecutor"]
