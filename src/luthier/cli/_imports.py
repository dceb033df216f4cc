"""`luthier import-kerastuner`: a KerasTuner project becomes a study beside its files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from luthier import imports
from luthier.artifacts import STUDY
from luthier.errors import StoreError
from luthier.objective import Objective, create_objective


def import_kerastuner(
    folder: str, goals: Sequence[str], storage: str | None, name: str | None
) -> int:
    """Import a project, and say what came of it.

    Args:
        folder: the project's, or the one in which the project is alone.
        goals: what was optimised, as `name` or `name:min`; empty where the files tell.
        storage: where to keep the study; None is beside the project's files.
        name: the study's name; None is the folder's.

    Returns:
        The exit status: 1 if something could not be read.

    Raises:
        StoreError: if there is no project, or its objective must be named.
    """
    project = _project(Path(folder).expanduser())
    study = name or project.resolve().name
    place: Any = project / STUDY if storage is None else storage
    try:
        found = imports.from_kerastuner(project, _objective(goals))
    except StoreError as error:
        if goals or "name the objective" not in str(error):
            raise
        raise StoreError(f"{error} For example: --objective val_loss") from error
    written = imports.adopt(found, place, study)
    if written is None:
        raise StoreError(
            f"There is another study {study!r} in {place} already; it is left as it is. Give "
            "--study NAME or --storage PLACE, or delete it."
        )
    goal = found.objectives[0]
    done = "Imported" if written else "Imported before:"
    print(f"{done} {found.summary}, by {goal.name} ({goal.direction}), into study {study!r}.")
    for problem in found.problems:
        print(f"luthier: {problem}", file=sys.stderr)
    print(f"See it with: luthier trials {place}")
    if storage is None:
        print("Go on with it: give a tuner of luthier the same directory and project_name.")
    return 1 if found.problems else 0


def _project(path: Path) -> Path:
    if imports.count_trials(path) or (path / "oracle.json").is_file() or not path.is_dir():
        return path
    inside = [entry for entry in sorted(path.iterdir()) if imports.is_kerastuner(entry)]
    if len(inside) > 1:
        names = ", ".join(str(entry) for entry in inside)
        raise StoreError(f"{path} holds {len(inside)} projects, choose one of them: {names}.")
    return inside[0] if inside else path


def _objective(goals: Sequence[str]) -> Any:
    if not goals:
        return None
    parts: list[Any] = []
    for goal in goals:
        name, colon, direction = goal.rpartition(":")
        parts.append(Objective(name, direction) if colon else goal)
    return create_objective(parts[0] if len(parts) == 1 else parts)
