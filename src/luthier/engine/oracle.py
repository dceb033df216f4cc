"""KerasTuner's address of `Oracle`."""

from __future__ import annotations

from luthier.objective import Objective
from luthier.oracles import Oracle, synchronized

__all__ = ["Objective", "Oracle", "synchronized"]
