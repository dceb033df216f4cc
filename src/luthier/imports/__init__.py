"""Searches that other tools made, as finished trials: to go on with, or to learn from.

`from_kerastuner` reads a project's folder, `from_optuna` a storage; both only read. What they give
can be handed to `luthier.tune(…, imported=found.finished)`, or kept as a study of its own by
`adopt`.
"""

from __future__ import annotations

from luthier.imports._adopt import adopt
from luthier.imports._imported import Imported
from luthier.imports._kerastuner import count_trials, from_kerastuner, is_kerastuner
from luthier.imports._optuna import from_optuna

__all__ = ["Imported", "adopt", "count_trials", "from_kerastuner", "from_optuna", "is_kerastuner"]
