"""A KerasTuner project's folder, read: `oracle.json` and `trial_*/trial.json`.

Enters: the folder, and what was optimised where the files do not tell. Leaves: an `Imported`. What
is damaged is named and left out; nothing is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from luthier.errors import StoreError, StudyError
from luthier.imports import _guess, _json, _kerastuner_trial
from luthier.imports._imported import Imported
from luthier.imports._kerastuner_trial import Definitions, Draft
from luthier.objective import MULTI_NAME, Objective, create_objective
from luthier.records import Trial

ORACLE = "oracle.json"
TRIAL = "trial.json"
PREFIX = "trial_"


def is_kerastuner(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder looks like a KerasTuner project with trials.

    Args:
        folder: its path; it need not exist.
    """
    path = Path(folder)
    return (path / ORACLE).is_file() and count_trials(path) > 0


def count_trials(folder: str | os.PathLike[str]) -> int:
    """How many trials KerasTuner wrote in a project's folder.

    Args:
        folder: its path.
    """
    return sum((trial / TRIAL).is_file() for trial in _trial_folders(Path(folder)))


def from_kerastuner(
    folder: str | os.PathLike[str], objective: Objective | str | Sequence[Any] | None = None
) -> Imported:
    """The trials of a KerasTuner project.

    Args:
        folder: the project's folder, `directory/project_name`.
        objective: what was optimised, as a tuner takes it; None finds it by comparing each trial's
            score with its metrics.

    Returns:
        What was read; `problems` names files that are damaged or missing.

    Raises:
        StoreError: if there is no such project, or its objective cannot be told.
        StudyError: if the trials were scored by something else than `objective`.

    Example:
        >>> import luthier
        >>> found = luthier.imports.from_kerastuner("results/mnist")  # doctest: +SKIP
        >>> luthier.tune(
        ...     cost, found.objectives, imported=found.finished, space=found.space
        ... )  # doctest: +SKIP
    """
    path = Path(folder)
    problems: list[str] = []
    definitions = Definitions()
    state = _read_oracle(path, problems)
    definitions.add(state.get("hyperparameters"), str(path / ORACLE), problems)
    folders = _trial_folders(path)
    if not folders and not state:
        raise StoreError(
            f"Found no KerasTuner project in {path}: expected {ORACLE} and {PREFIX}*/{TRIAL}."
        )
    drafts = []
    started = _places(state.get("start_order"))
    for trial in folders:
        # A folder that the oracle does not know of is a later trial's, of Luthier's own.
        if not (trial / TRIAL).is_file() and state and _id(trial) not in started:
            continue
        draft = _read_trial(trial, definitions, problems)
        if draft is not None:
            drafts.append(draft)
    drafts.sort(key=_order(state.get("start_order")))
    goal = _objective(objective, drafts, path)
    trials = _numbered(drafts)
    ranks = _places(state.get("end_order"))
    finished = [trial for trial in trials if trial.state.is_finished]
    last = len(ranks)
    ended = sorted(
        finished, key=lambda trial: (ranks.get(drafts[trial.number].id, last), trial.number)
    )
    seed = state.get("seed")
    return Imported(
        source=str(path),
        trials=trials,
        ended=tuple(trial.number for trial in ended),
        ids=tuple(draft.id for draft in drafts),
        space=definitions.space(problems),
        objectives=(goal,),
        problems=tuple(problems),
        seed=seed if type(seed) is int else None,
    )


def _trial_folders(path: Path) -> list[Path]:
    try:
        return sorted(
            entry for entry in path.iterdir() if entry.name.startswith(PREFIX) and entry.is_dir()
        )
    except OSError:
        return []


def _id(folder: Path) -> str:
    return folder.name.removeprefix(PREFIX)


def _read_oracle(path: Path, problems: list[str]) -> Mapping[str, Any]:
    file = path / ORACLE
    if not path.is_dir():
        raise StoreError(f"Expected the folder of a KerasTuner project, found none at {path}.")
    if not file.is_file():
        problems.append(f"{file} is missing: the order of trials is that of their ids.")
        return {}
    return _json.read(file, problems) or {}


def _read_trial(folder: Path, definitions: Definitions, problems: list[str]) -> Draft | None:
    file = folder / TRIAL
    if not file.is_file():
        problems.append(f"{file} is missing: that trial is left out.")
        return None
    state = _json.read(file, problems)
    if state is None:
        return None
    try:
        draft = _kerastuner_trial.read(state, _id(folder))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problems.append(f"{file} is not as KerasTuner writes it ({_json.reason(error)}).")
        return None
    definitions.add(state["hyperparameters"], str(file), problems)
    return draft


def _order(started: object) -> Any:
    """A key that sorts as the trials began; those that are not in the list come last, by id."""
    places = _places(started)

    def key(draft: Draft) -> tuple[int, int, str]:
        number = int(draft.id) if draft.id.isdecimal() else 0
        return places.get(draft.id, len(places)), number, draft.id

    return key


def _places(listed: object) -> dict[str, int]:
    known = listed if isinstance(listed, list) else []
    return {str(name): place for place, name in enumerate(known)}


def _objective(
    given: Objective | str | Sequence[Any] | None, drafts: Iterable[Draft], path: Path
) -> Objective:
    scored = [(draft.score, draft.best_step, draft.metrics) for draft in drafts if draft.scored]
    fitting = _guess.objectives(scored)
    if given is None:
        if len(fitting) == 1 and fitting[0].name != MULTI_NAME:
            return fitting[0]
        raise StoreError(_ask(fitting, path))
    goal = create_objective(given)
    named = [(fit.name, fit.direction) for fit in fitting]
    if named and (goal.name, goal.direction) not in named:
        raise StudyError(
            f"The trials of KerasTuner's project in {path} were scored by {_listed(fitting)}, and "
            f"cannot go on with {goal.name} ({goal.direction}): their scores would not compare. "
            "Use that objective, or another directory or project_name."
        )
    return goal


def _ask(fitting: Sequence[Objective], path: Path) -> str:
    if any(goal.name == MULTI_NAME for goal in fitting):
        found = "are scored by a sum of several metrics"
    elif fitting:
        found = f"fit {_listed(fitting)}"
    else:
        found = "do not tell"
    return (
        "KerasTuner does not write down what a project optimised, and the trials in "
        f"{path} {found}: name the objective as the tuner had it."
    )


def _listed(goals: Iterable[Objective]) -> str:
    return " or ".join(f"{goal.name} ({goal.direction})" for goal in goals)


def _numbered(drafts: Sequence[Draft]) -> tuple[Trial, ...]:
    numbers = {draft.id: number for number, draft in enumerate(drafts)}
    trials = []
    finished = 0
    for number, draft in enumerate(drafts):
        trial = _kerastuner_trial.trial_of(draft, numbers)
        trials.append(replace(trial, number=number, seen=finished))
        finished += trial.state.is_finished
    return tuple(trials)
