"""A KerasTuner project in a tuner's folder: taken over when the tuner is made.

A program that ran with KerasTuner finds its earlier trials again when only its import changed, as
it did before. The tuner knows the objective, which the project's files do not; they are only read.
"""

from __future__ import annotations

import os
from pathlib import Path

from luthier import imports
from luthier.abc import Store
from luthier.artifacts import STUDY
from luthier.errors import StoreError
from luthier.objective import Objective
from luthier.stores import list_studies

Storage = str | os.PathLike[str] | Store | None


def take_over(project: Path, name: str, objective: Objective, storage: Storage) -> None:
    """Import the KerasTuner project in a folder, if there is one that was not imported yet.

    Args:
        project: the folder.
        name: the study's name.
        objective: what the tuner optimises.
        storage: where the study is kept; None is in the folder.

    Raises:
        StudyError: if the project optimised something else.
        StoreError: if the study cannot be written.
    """
    if not imports.is_kerastuner(project):
        return
    place = project / STUDY if storage is None else storage
    if _trials_in(place, name) >= imports.count_trials(project):
        return
    found = imports.from_kerastuner(project, objective)
    if imports.adopt(found, place, name):
        print(f"Imported KerasTuner's project in {project}: {found.summary}")  # noqa: T201
        for problem in found.problems:
            print(f"  {problem}")  # noqa: T201


def _trials_in(place: str | os.PathLike[str] | Store, name: str) -> int:
    try:
        return sum(study.trials for study in list_studies(place) if study.name == name)
    except StoreError:
        return 0  # there is none yet; what else is wrong is said when the study is opened
