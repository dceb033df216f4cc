"""The files of a project: what they are called, where they may be, what stays and what is deleted.

KerasTuner's layout: `directory/project_name/trial_{id}/checkpoint.weights.h5`. Enters: names and
paths. Leaves: paths that lie where the user said, and folders without what Luthier made there.
"""

from __future__ import annotations

import math
import os
import re
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from luthier.errors import FatalRuntimeError, FatalValueError
from luthier.records import History, TrialState

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
    r"checkpoint(\.weights\.h5|\.index|\.data-\d+-of-\d+)?|build_config\.json|resume(-\d+-\d+)?\.npz"
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
    place = resume_path(trial)
    for path in [place, *trial.glob(f"{place.stem}-*{place.suffix}")]:
        path.unlink(missing_ok=True)


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


@dataclass(frozen=True, slots=True)
class Policy:
    """Which trained models of a search stay on disk.

    Args:
        keep: `"all"`; `"best"`, the best trial's; a number, those of the best so many; None: none.
        budget: bytes that they may take together; the worst go first, the best one never does.
            None: without a limit.
        with_optimizer: whether they hold the optimizer's state, to train on later.

    Raises:
        ValueError: for a policy that is none.

    The default keeps all within ten gigabytes: `get_best_models(n)` after a search works for any n
    in all but the largest ones, and no search fills a disk.
    """

    keep: str | int | None = "all"
    budget: int | None = 10 * 10**9
    with_optimizer: bool = False

    def __post_init__(self) -> None:
        keep, budget = self.keep, self.budget
        is_count = isinstance(keep, int) and not isinstance(keep, bool) and keep >= 1
        if not (keep in ("all", "best", None) or is_count):
            raise ValueError(
                f'Expected `keep` to be "all", "best", an int from 1 on or None, got {keep!r}.'
            )
        is_whole = isinstance(budget, int) and not isinstance(budget, bool) and budget >= 1
        if not (budget is None or is_whole):
            raise ValueError(
                f"Expected `disk_budget` in bytes as an int from 1 on, or None, got {budget!r}."
            )

    @property
    def most(self) -> float:
        """How many trials' models stay."""
        if isinstance(self.keep, int):
            return self.keep
        return {"all": math.inf, "best": 1, None: 0}[self.keep]

    def path_of(self, trial: Path) -> Path | None:
        """Where a trial keeps its best weights, if anywhere."""
        return None if self.keep is None else checkpoint_path(trial)


class Keeper:
    """Deletes what a search no longer needs, and knows how much it keeps.

    Args:
        policy: what stays.
        folder_of: a trial's folder by its number.

    Attributes:
        policy: as given.
        notice: a sentence for people where the budget could not be kept, or empty.
    """

    def __init__(self, policy: Policy, folder_of: Callable[[int], Path]) -> None:
        self.policy = policy
        self.notice = ""
        self._folder_of = folder_of
        self._models: dict[int, int] = {}
        self._states: dict[int, int] = {}
        self._known = -1

    def look(self, history: History) -> None:
        """See what is on disk, of all trials."""
        self._models, self._states = {}, {}
        self._known = 0
        for trial in history.trials:
            self._weigh(trial.number)

    def sweep(self, history: History, needed: Collection[int]) -> None:
        """Delete what nobody needs any more.

        Args:
            history: all trials.
            needed: those from whose state training may still go on: theirs always stays.
        """
        if self._known < 0:
            self.look(history)
        for trial in history.finished[self._known :]:
            self._weigh(trial.number)
        self._known = len(history.finished)
        for trial in history.open:
            self._weigh(trial.number)
        for number in [n for n in self._states if n not in needed]:
            drop_resume(self._folder_of(number))
            del self._states[number]
        self._drop_models(history)

    @property
    def count(self) -> int:
        """How many trials' models are kept."""
        return len(self._models)

    @property
    def size(self) -> int:
        """Bytes of models and of states to go on from."""
        return sum(self._models.values()) + sum(self._states.values())

    def summary(self) -> str:
        """What is kept, in a sentence."""
        kept = f"{self.count} trained models kept, {self.size / 1e6:.3g} MB"
        return f"{kept}; {self.notice}" if self.notice else kept

    def _weigh(self, number: int) -> None:
        folder = self._folder_of(number)
        for known, path in (
            (self._models, checkpoint_path(folder)),
            (self._states, resume_path(folder)),
        ):
            try:
                known[number] = path.stat().st_size
            except OSError:
                known.pop(number, None)

    def _drop_models(self, history: History) -> None:
        sign = history.objectives[0].sign
        scored = {t.number: sign * t.scores[0] for t in history.trials if t.scores}
        running = {t.number for t in history.open if t.state is not TrialState.PAUSED}
        # Worst first: those without a score, then by score.
        ranked = sorted(
            (n for n in self._models if n not in running),
            key=lambda n: (-scored.get(n, math.inf), -n),
        )
        left = len(ranked)
        self.notice = ""
        for number in ranked:
            over = self.policy.budget is not None and self.size > self.policy.budget
            if left <= self.policy.most and not over:
                return
            if left == 1 and self.policy.keep is not None:
                self.notice = (
                    f"the disk budget of {self.policy.budget} bytes is smaller than what has to "
                    "stay: the best model, and what trials go on from"
                )
                return
            checkpoint_path(self._folder_of(number)).unlink(missing_ok=True)
            del self._models[number]
            left -= 1


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
