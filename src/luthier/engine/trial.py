"""KerasTuner's address of `Trial`."""

from __future__ import annotations

from luthier.oracles._trial import Trial, TrialStatus

__all__ = ["Trial", "TrialStatus"]
