"""`luthier demo`: the main job on real data, written as a user would write it."""

from __future__ import annotations

from luthier.cli._demo._run import Plan, run

__all__ = ["Plan", "run"]
