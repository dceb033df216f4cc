"""Recovers what can be from a damaged SQLite file."""

from __future__ import annotations

from pathlib import Path

from luthier.records import StudySpec


def mend(path: Path, spec: StudySpec) -> None:
    """Check the file of a study."""
