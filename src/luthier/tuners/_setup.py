"""Checks what a tuner is made with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from luthier.artifacts import Policy
from luthier.driver import Limits
from luthier.errors import FatalRuntimeError, FatalValueError
from luthier.oracles import Oracle
from luthier.oracles._legacy import warn
from luthier.study import Study
from luthier.training import RISK, CrossValidation, Sharing

CHIEF_VARIABLES = ("KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT")
TUNER_ID = "KERASTUNER_TUNER_ID"
NO_HYPERMODEL = (
    "Received `hypermodel=None`. We only allow not specifying `hypermodel` if the user defines the "
    "search space in `Tuner.run_trial()` by subclassing a `Tuner` class without using a "
    "`HyperModel` instance."
)
KNOWN = frozenset({"logger", "scheduler", "storage"})
LIMITS = {
    "max_time": "seconds",
    "max_epochs_total": "epochs",
    "max_trial_time": "trial_seconds",
    "target": "target",
    "patience": "patience",
}


def check_oracle(oracle: object) -> Oracle:
    """The oracle, if it is one.

    Raises:
        ValueError: if it is none.
    """
    if not isinstance(oracle, Oracle):
        raise ValueError(
            "Expected `oracle` argument to be an instance of `Oracle`. "
            f"Received: oracle={oracle} (of type ({type(oracle)})."
        )
    return oracle


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse arguments that no tuner takes, and say which ones no longer count.

    Raises:
        ValueError: naming the unknown arguments.
    """
    unknown = [name for name in options if name not in KNOWN]
    if unknown:
        raise ValueError(f"Unrecognized arguments {unknown} for `BaseTuner.__init__()`.")
    if options.get("logger") is not None:
        warn(
            "The `logger` argument in `BaseTuner.__init__() is no longer supported and will be "
            "ignored."
        )


def sharing_of(options: dict[str, Any]) -> Sharing:
    """What the trials of a search will share, by a tuner's `lanes` and `strict`, which are taken
    out of `options`.

    Raises:
        ValueError: for a wrong number of lanes.
    """
    lanes = options.pop("lanes", "auto")
    is_number = isinstance(lanes, int) and not isinstance(lanes, bool) and lanes >= 1
    if lanes != "auto" and not is_number:
        raise ValueError(
            'Expected `lanes` to be "auto" or how many trials are trained side by side, from 1, '
            f"got {lanes!r}."
        )
    strict = options.pop("strict", False)
    if not isinstance(strict, bool):
        raise ValueError(f"Expected `strict` to be True or False, got {strict!r}.")
    return Sharing(lanes=lanes, strict=strict)


def check_environment(storage: object) -> None:
    """Refuse to run as one of KerasTuner's workers: each would run the whole search for itself.

    Raises:
        FatalRuntimeError: if variables ask for a chief and no shared store is named.
    """
    found = [name for name in CHIEF_VARIABLES if os.environ.get(name)]
    if found and storage is None:
        raise FatalRuntimeError(
            f"{' and '.join(found)} set, but Luthier has no chief: unset KERASTUNER_* and run the "
            "same program on every machine with one shared store, for example "
            'storage="postgresql+psycopg://user@host/database".'
        )


def take_limits(options: dict[str, Any]) -> dict[str, Any]:
    """When the search is to stop, taken out of the arguments: arguments of `driver.Limits`.

    Raises:
        ValueError: for a limit that is none.
    """
    given = {field: options.pop(name) for name, field in LIMITS.items() if name in options}
    Limits(**given)
    return given


def take_policy(options: dict[str, Any]) -> Policy:
    """What the arguments say of checkpoints, taken out of them.

    Raises:
        ValueError: for a policy that is none.
    """
    names = {"keep": "keep", "disk_budget": "budget", "keep_optimizer": "with_optimizer"}
    given = {field: options.pop(name) for name, field in names.items() if name in options}
    return Policy(**given)


def take_report_every(options: dict[str, Any]) -> int | None:
    """Batches between reports within an epoch, taken out of the arguments; None: none there.

    Raises:
        ValueError: if they are no positive whole number.
    """
    every: int | None = options.pop("report_every", None)
    is_count = isinstance(every, int) and not isinstance(every, bool) and every >= 1
    if not (every is None or is_count):
        raise ValueError(
            "Expected `report_every` as a number of batches, an int from 1 on, or None for reports "
            f"at the ends of epochs only, got {every!r}."
        )
    return every


def check_rungs(study: Study) -> None:
    """See that trials come to the first rung of the scheduler, where it has one.

    Raises:
        FatalValueError: (a ValueError) if they are too short.
    """
    least = study.spec.settings.get("scheduler", {}).get("min_epochs", 0)
    if study.horizon is not None and study.horizon < least:
        raise FatalValueError(
            f"Expected `epochs` to reach the scheduler's first rung, which is at {least} epochs, "
            f"got {study.horizon}: no trial would ever be compared. Lower `min_epochs`, or train "
            "for longer."
        )


def check_executions(executions: int) -> int:
    """How often each trial is trained.

    Raises:
        ValueError: if it is no positive whole number.
    """
    if isinstance(executions, bool) or not isinstance(executions, int) or executions < 1:
        raise ValueError(
            f"Expected `executions_per_trial` to be a positive int, got {executions!r}."
        )
    return executions


def folds_of(cv: Any, risk: float | None) -> CrossValidation | None:
    """The folds that `cv` and `cv_risk` stand for; None without.

    Raises:
        FatalValueError: (a ValueError) for what makes no folds, or no risk, or a risk of nothing.
    """
    if cv is None:
        if risk is not None:
            raise FatalValueError(f"`cv_risk={risk!r}` is for cross-validation: give `cv` too.")
        return None
    return CrossValidation(cv, risk=RISK if risk is None else risk)


def tuner_id_of(tuner_id: str | None) -> str:
    """The tuner's id: as given, from the environment, or `"tuner0"`."""
    return tuner_id or os.environ.get(TUNER_ID) or "tuner0"


def shared(project_name: str, place: str) -> str:
    """Why `overwrite=True` deletes no study that lies in a store of several."""
    return (
        f"The study {project_name!r} in {place} exists, and `overwrite=True` deletes only what is "
        "in the project's folder: others may share that store. Choose another `project_name`, or "
        "go on with `overwrite=False`."
    )
