"""KerasTuner's address of `Tuner`."""

from __future__ import annotations

from luthier.tuners._tuner import Tuner

__all__ = ["Tuner"]
