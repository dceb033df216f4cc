"""Forms of KerasTuner that it deprecated and users' programs still have.

Each works, and says in a DeprecationWarning what to write in its place. The warning names the
user's own line: Python shows none that comes from within a library.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from luthier.oracles._trial import TrialStatus
from luthier.space import HyperParameter

Populate = Callable[[str], Mapping[str, Any]]
Score = Callable[[Any], None]


def level_outside() -> int:
    """How many frames up, counted as `warnings.warn` does, the user's own code is."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("luthier."):
        level, frame = level + 1, frame.f_back
    return level


def warn(message: str) -> None:
    """Warn of a deprecated form, at the user's own line."""
    warnings.warn(message, DeprecationWarning, stacklevel=level_outside())


def accepting_ids(end_trial: Callable[..., None]) -> Callable[..., None]:
    """`end_trial(trial)` that takes `end_trial(trial_id, status)` too.

    Args:
        end_trial: the method; it is only called with trials.
    """

    @functools.wraps(end_trial)
    def wrapped(
        self: Any,
        trial: Any = None,
        status: str = TrialStatus.COMPLETED,
        *,
        trial_id: str | None = None,
    ) -> None:
        name = trial_id if trial_id is not None else trial
        if not isinstance(name, str):
            end_trial(self, trial)
            return
        warn(
            "`end_trial(trial_id, status)` is deprecated: set `trial.status` and call "
            "`end_trial(trial)`."
        )
        found = self.get_trial(name)
        if found.status == TrialStatus.RUNNING:
            found.status = status
        end_trial(self, found)

    return wrapped


def old_populate_space(oracle: Any, trial_id: str) -> Mapping[str, Any]:
    """`populate_space` by its old name."""
    warn("The `_populate_space` method is deprecated, please use `populate_space`.")
    return oracle.populate_space(trial_id)  # type: ignore[no-any-return]


def is_tried(oracle: Any, values: Mapping[str, Any]) -> bool:
    """Whether a trial was given, or came to use, exactly these values."""
    wanted = values_hash(values)
    return any(values_hash(record.values) == wanted for record in oracle._desk.history.trials)


def old_score_trial(oracle: Any, trial: Any) -> None:
    """`score_trial` by its old name."""
    warn("The `_score_trial` method is deprecated, please use `score_trial`.")
    oracle.score_trial(trial)


def populate_of(oracle: Any, base: type) -> Populate | None:
    """The method by which a user's class chooses values, or None if it overrides none."""
    kind = type(oracle)
    if kind.populate_space is not base.populate_space:  # type: ignore[attr-defined]
        return oracle.populate_space  # type: ignore[no-any-return]
    old: Populate | None = _renamed(oracle, base, "_populate_space", "populate_space")
    return old


def score_of(oracle: Any, base: type) -> Score | None:
    """A deprecated method by which a user's class scores trials, or None."""
    if type(oracle).score_trial is not base.score_trial:  # type: ignore[attr-defined]
        return None
    old: Score | None = _renamed(oracle, base, "_score_trial", "score_trial")
    return old


def found_by(oracle: Any, base: type, trial: Any) -> Sequence[HyperParameter]:
    """What a trial met for the first time and is to enter the space.

    A user's class that overrides `update_space` decides that itself, and is asked here.
    """
    hp = trial.hyperparameters
    if type(oracle).update_space is base.update_space:  # type: ignore[attr-defined]
        return hp.found  # type: ignore[no-any-return]
    oracle.update_space(hp)
    oracle._push_space()
    return ()


def _renamed(oracle: Any, base: type, old: str, new: str) -> Any:
    """A user's own method of an old name, or None."""
    if getattr(type(oracle), old) is getattr(base, old):
        return None
    warn(
        f"`{type(oracle).__name__}.{old}` is deprecated: rename it to `{new}`, without the "
        "underscore."
    )
    return getattr(oracle, old)


def values_hash(values: Mapping[str, Any]) -> str:
    """A text that is equal for equal values."""
    text = "".join(f"{name}={values[name]}" for name in sorted(values))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


FORMS = (old_populate_space, old_score_trial, is_tried)
