"""`Study`: the one place where store, sampler and scheduler meet."""

from __future__ import annotations

from luthier.study._study import Study

__all__ = ["Study"]
