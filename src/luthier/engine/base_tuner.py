"""KerasTuner's address of `BaseTuner`."""

from __future__ import annotations

from luthier.tuners._base_tuner import BaseTuner

__all__ = ["BaseTuner"]
