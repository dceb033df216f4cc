"""Opening the study behind an oracle: a new one, or one that goes on.

Enters: what the oracle was made with and where its project lives. Leaves: a `Study`, and whether it
was there before.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from luthier.abc import Sampler, Scheduler, Store
from luthier.artifacts import STUDY, TRIAL_ID_WIDTH
from luthier.objective import Objective
from luthier.records import StudySpec
from luthier.space import Constraint, Space
from luthier.stores import open_store
from luthier.study import Study

UNLIMITED_WIDTH = 4

Storage = str | os.PathLike[str] | Store | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a study is to be set up.

    Attributes:
        objective: what is optimised.
        space: the hyperparameters that the user named, or None.
        sampler: how values are chosen.
        seed: root of all randomness, or None.
        max_trials: how many trials in all, or None.
        max_retries: how often a trial that ended in an error is run again.
        storage: where it is kept; None keeps it in memory.
        name: its name there.
        settings: further facts to keep with it; JSON values.
        scheduler: how long trials run; None: to their ends.
        constraints: relations that every suggestion keeps.
    """

    objective: Objective
    space: Space | None
    sampler: Sampler
    seed: int | None
    max_trials: int | None
    max_retries: int
    storage: Storage
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    scheduler: Scheduler | str | None = None
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A study, and what was found when it was opened.

    Attributes:
        study: open.
        existed: whether the store held it already.
    """

    study: Study
    existed: bool


def open_study(plan: Plan) -> Opened:
    """Open the study of a plan.

    Raises:
        StudyError: if the store holds it with another objective.
        StoreError: if the store cannot be opened.
    """
    store = open_store(plan.storage)
    # Ids of trials name folders: their width is settled when the study is made and survives a
    # larger `max_trials`.
    width = UNLIMITED_WIDTH if plan.max_trials is None else len(str(plan.max_trials))
    first = StudySpec(
        name=plan.name,
        space=plan.space if plan.space is not None else Space(),
        objectives=(plan.objective,),
        seed=random.getrandbits(31) if plan.seed is None else plan.seed,
        settings={TRIAL_ID_WIDTH: width},
    )
    stored = store.open(first)
    settings = {TRIAL_ID_WIDTH: stored.settings.get(TRIAL_ID_WIDTH, width), **plan.settings}
    study = Study(
        plan.space,
        plan.objective,
        sampler=plan.sampler,
        scheduler=plan.scheduler,
        seed=plan.seed,
        storage=store,
        name=plan.name,
        max_trials=plan.max_trials,
        max_retries=plan.max_retries,
        constraints=plan.constraints,
        settings=settings,
    )
    return Opened(study, stored is not first)


def storage_of(directory: str | None, project_name: str | None, storage: Storage) -> Storage:
    """Where a study is kept: where the user said, or in its project's folder, or in memory."""
    if storage is not None or directory is None or project_name is None:
        return storage
    return Path(directory) / project_name / STUDY
