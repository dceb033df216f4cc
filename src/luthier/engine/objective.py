"""KerasTuner's address of objectives."""

from __future__ import annotations

from luthier.objective import DefaultObjective, MultiObjective, Objective, create_objective

__all__ = ["DefaultObjective", "MultiObjective", "Objective", "create_objective"]
