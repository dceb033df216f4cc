"""How one call of Keras's `fit` on JAX goes: how many batches its functions take at a time."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from luthier.training._jax_rows import traced_rows
from luthier.training._jax_suited import (
    AtOnce,
    batches_between,
    calls_for_test_batches,
    each,
    keeps_order,
)

# More batches than any epoch has: Keras hands over its iterator once an epoch.
WHOLE_EPOCH = 10**9
_DATA = ("x", "y", "sample_weight", "validation_data")


@dataclass(frozen=True)
class Plan:
    """How one call of `fit` goes.

    Attributes:
        whole: whether an epoch is one call.
        stride: batches in a call, if it is not.
        steps: most batches in an epoch, or None.
        whole_test: whether a validation is one call.
        test_steps: most batches in it, or None.
        together: whether other trials may run between its epochs.
        epochs: how many epochs there are.
    """

    whole: bool = False
    stride: int = 1
    steps: int | None = None
    whole_test: bool = False
    test_steps: int | None = None
    together: bool = False
    epochs: int = 1

    @property
    def most(self) -> int:
        """The most batches of training in a call."""
        return (self.steps or WHOLE_EPOCH) if self.whole else self.stride


def planned(
    model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Plan, tuple[Any, ...], dict[str, Any]]:
    """How to run `fit`, and its arguments, with arrays that know their rows."""
    kind = type(model)
    if kind.fit is not keras.Model.fit:
        # The user's own: what it does with its arguments is not known.
        return Plan(), args, dict(kwargs)
    call = inspect.signature(kind.fit).bind(model, *args, **kwargs)
    call.apply_defaults()
    given = dict(call.arguments)
    given.pop("self")
    for name in _DATA:
        given[name] = keras.tree.map_structure(traced_rows, given[name])
    watched = given["verbose"] != 0 or model.steps_per_execution != 1
    between = 1 if watched else batches_between(given["callbacks"])
    whole = between is None
    validates = given["validation_data"] is not None or given["validation_split"]
    whole_test = bool(
        between != 1
        and validates
        and given["validation_freq"] == 1
        and not calls_for_test_batches(given["callbacks"])
    )
    plan = Plan(
        whole=whole,
        stride=between or 1,
        steps=given["steps_per_epoch"],
        whole_test=whole_test,
        test_steps=given["validation_steps"],
        epochs=given["epochs"] - given["initial_epoch"],
        together=whole and all(keeps_order(given[name]) for name in ("x", "validation_data")),
    )
    if whole and not isinstance(given["callbacks"], keras.callbacks.CallbackList):
        given["callbacks"] = [*each(given["callbacks"]), AtOnce()]
    return plan, (), given
