"""The command line: `luthier demo`, `studies`, `trials`, `best`, `export`, `run`,
`import-kerastuner`.
"""

from __future__ import annotations

from luthier.cli._main import main

__all__ = ["main"]
