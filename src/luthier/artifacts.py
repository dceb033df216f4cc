"""The files of a project: what they are called, where they may be, and what may be deleted.

KerasTuner's layout: `directory/project_name/trial_{id}/checkpoint.weights.h5`. Enters: names and
paths. Leaves: paths that lie where the user said, and folders without what Luthier made there.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from luthier.errors import FatalRuntimeError, FatalValueError

CHECKPOINT = "checkpoint.weights.h5"
BUILD_CONFIG = "build_config.json"
RESUME = "resume.npz"
COMPILED = "compiled"

# As much as compiled programs of a project may take on disk.
COMPILED_BYTES = 256 * 2**20
STUDY = "study.sqlite"

# Settings of a study that say how the folders of its trials are called.
TRIAL_IDS = "trial_ids"
TRIAL_ID_WIDTH = "trial_id_width"

# What Luthier, or KerasTuner before it, writes; each pattern is for a whole name.
_IN_PROJECT = re.compile(
    r"study\.sqlite(-wal|-shm|-journal|\.lock|\.recover(ed|ing)(-wal|-shm|-journal)?"
    r"|\.damaged-\d+(-wal|-shm)?)?"
    r"|search\.jsonl|oracle\.json|tuner[\w.-]*\.json"
)
_IN_TRIAL = re.compile(
    r"checkpoint(\.weights\.h5|\.index|\.data-\d+-of-\d+)?|build_config\.json|resume\.npz"
    r"|trial\.json|model\.pickle|\d+\.tmp(\.weights\.h5|\.npz)"
)
_TRIAL = re.compile(r"trial_[\w.-]+")


def project_path(directory: str | os.PathLike[str] | None, project_name: str | None) -> Path:
    """The folder of a project.

    Args:
        directory: where projects are; the working directory if None.
        project_name: the folder's name in it, `"untitled_project"` if None; `a/b` for one deeper.

    Raises:
        FatalValueError: (a ValueError) for a name that leads out of the directory.
    """
    name = "untitled_project" if project_name is None else str(project_name)
    windows = PureWindowsPath(name)
    leads_out = Path(name).is_absolute() or windows.drive or windows.root or ".." in windows.parts
    if leads_out or not windows.parts or "\0" in name:
        raise FatalValueError(
            f"Expected `project_name` to name a folder inside `directory`, got {name!r}; "
            "say in `directory` where projects are, and let `project_name` be a plain name."
        )
    return Path("." if directory is None else directory) / name


def prepare_project(path: Path, *, overwrite: bool = False) -> None:
    """Make a project's folder, or see that it can be written to.

    Args:
        path: the folder.
        overwrite: delete what an earlier search has left there; files of others stay.

    Raises:
        FatalRuntimeError: (a RuntimeError) if nothing can be written there.
    """
    probe = path / f".luthier-{uuid.uuid4().hex}"
    try:
        path.mkdir(parents=True, exist_ok=True)
        if overwrite:
            remove_project(path)
            path.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise FatalRuntimeError(
            f"Cannot write to the project's folder {path}: {error.strerror or error}. "
            "Choose another `directory`, or make this one writable."
        ) from error


def remove_project(path: Path) -> None:
    """Delete what Luthier or KerasTuner made in a project's folder, and the folder if it is empty.

    Files with other names stay, also within the folders of trials. Links are never followed. So do
    compiled programs: they belong to the models and not to a search of them, and a search that is
    begun anew would compile the very same ones.

    Args:
        path: the folder; nothing happens if there is none.
    """
    if not path.is_dir():
        return
    for entry in list(path.iterdir()):
        if _TRIAL.fullmatch(entry.name) and entry.is_dir() and not entry.is_symlink():
            _remove_files(entry, _IN_TRIAL)
            _remove_if_empty(entry)
    _remove_files(path, _IN_PROJECT)
    if not path.is_symlink():
        _remove_if_empty(path)


def trial_id(number: int, settings: Mapping[str, Any]) -> str:
    """The id of a trial: its number, padded with zeros, or what another tool called it.

    Args:
        number: the trial's number.
        settings: those of its study.
    """
    imported = settings.get(TRIAL_IDS, ())
    if number < len(imported):
        return str(imported[number])
    return f"{number:0{settings.get(TRIAL_ID_WIDTH, 1)}d}"


def trial_path(project: Path, trial_id: str) -> Path:
    """The folder of a trial.

    Raises:
        FatalValueError: (a ValueError) for an id that could lead elsewhere.
    """
    name = f"trial_{trial_id}"
    if not _TRIAL.fullmatch(name) or ".." in name:
        raise FatalValueError(
            "Expected a trial's id to be of letters, digits, dots, dashes and underscores, "
            f"got {trial_id!r}."
        )
    return project / name


def checkpoint_path(trial: Path) -> Path:
    """The weights of a trial's best epoch."""
    return trial / CHECKPOINT


def build_config_path(trial: Path) -> Path:
    """The shapes that a trial's model was built with."""
    return trial / BUILD_CONFIG


def resume_path(trial: Path) -> Path:
    """The state from which an interrupted trial goes on."""
    return trial / RESUME


def drop_resume(trial: Path) -> None:
    """Delete the state to go on from, once a trial's end is recorded."""
    resume_path(trial).unlink(missing_ok=True)


def compiled_path(project: Path) -> Path:
    """The programs that were compiled for a project's models."""
    return project / COMPILED


def trim_compiled(folder: Path, limit: int = COMPILED_BYTES) -> None:
    """Delete the compiled programs that were written first, until the others fit the limit.

    Args:
        folder: as `compiled_path` gave it; nothing happens if there is none.
        limit: bytes.
    """
    try:
        found = [(entry, entry.stat()) for entry in folder.glob("*/*-cache")]
        excess = sum(facts.st_size for _, facts in found) - limit
        for entry, facts in sorted(found, key=lambda pair: pair[1].st_mtime):
            if excess <= 0:
                return
            entry.unlink(missing_ok=True)
            excess -= facts.st_size
    except OSError:
        # Another process deletes too, or nobody may: the next trial looks again.
        return


def _remove_files(folder: Path, known: re.Pattern[str]) -> None:
    for entry in list(folder.iterdir()):
        if known.fullmatch(entry.name) and (entry.is_file() or entry.is_symlink()):
            entry.unlink()


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        # It holds what is not ours, or is the working directory of a system that keeps it.
        return
