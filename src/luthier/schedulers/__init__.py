"""How long each trial runs. One algorithm a file; schedulers see a history and a trial, nothing
else.
"""

from __future__ import annotations

from luthier.schedulers._never import Never

__all__ = ["Never"]
