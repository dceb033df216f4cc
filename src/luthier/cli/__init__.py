"""The command line: `luthier demo`, `luthier studies`, `luthier trials`, `luthier best`."""

from __future__ import annotations

from luthier.cli._main import main

__all__ = ["main"]
