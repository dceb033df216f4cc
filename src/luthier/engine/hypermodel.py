"""KerasTuner's address of `HyperModel`."""

from __future__ import annotations

from luthier.training import HyperModel

__all__ = ["HyperModel"]
