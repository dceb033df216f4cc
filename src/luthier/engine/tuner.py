"""KerasTuner's address of `Tuner`."""

from __future__ import annotations

from luthier.tuners._tuner import Tuner, maybe_distribute

__all__ = ["Tuner", "maybe_distribute"]
