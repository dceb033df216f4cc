"""`Study`: the one place where store, sampler and scheduler meet; and `adopt`, which fills one with
trials of another tool.
"""

from __future__ import annotations

from luthier.study._adoption import adopt
from luthier.study._setup import checked_seed
from luthier.study._study import Study

__all__ = ["Study", "adopt", "checked_seed"]
