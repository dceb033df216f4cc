"""How a trial that a tuner ran ended: its status, and the values that it used."""

from __future__ import annotations

from typing import Any

from luthier.errors import FailedTrialError
from luthier.oracles._trial import Trial, TrialStatus


def status_of(error: Exception) -> str:
    """The status of a trial that raised an error."""
    # Only what might go better another time is worth a retry.
    return TrialStatus.FAILED if isinstance(error, FailedTrialError) else TrialStatus.INVALID


def used(trial: Trial) -> dict[str, Any] | None:
    """The values that a trial asked for by name; None (all count) if it asked for none so."""
    used = set(trial.hyperparameters.used)
    values = trial.hyperparameters.values
    if not any(name in used for name in values):
        return None
    # What an oracle decided beside the space (`tuner/epochs`) is not asked for by the build.
    return {n: value for n, value in values.items() if n in used or n.startswith("tuner/")}
