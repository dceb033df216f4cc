"""Forms of KerasTuner that it deprecated and users' oracles still have."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from luthier.space import HyperParameter

Populate = Callable[[str], Mapping[str, Any]]
Score = Callable[[Any], None]


def populate_of(oracle: Any, base: type) -> Populate | None:
    """The method by which a user's class chooses values, or None if it overrides none."""
    kind = type(oracle)
    if kind.populate_space is not base.populate_space:  # type: ignore[attr-defined]
        return oracle.populate_space  # type: ignore[no-any-return]
    old: Populate | None = _deprecated(oracle, "_populate_space", "populate_space")
    return old


def score_of(oracle: Any, base: type) -> Score | None:
    """A deprecated method by which a user's class scores trials, or None."""
    if type(oracle).score_trial is not base.score_trial:  # type: ignore[attr-defined]
        return None
    old: Score | None = _deprecated(oracle, "_score_trial", "score_trial")
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


def _deprecated(oracle: Any, old: str, new: str) -> Any:
    method = getattr(oracle, old, None)
    if method is not None:
        warnings.warn(
            f"`{type(oracle).__name__}.{old}` is deprecated: rename it to `{new}`, without the "
            "underscore.",
            DeprecationWarning,
            stacklevel=2,
        )
    return method


def values_hash(values: Mapping[str, Any]) -> str:
    """A text that is equal for equal values."""
    text = "".join(f"{name}={values[name]}" for name in sorted(values))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
