"""Keras's callbacks where there are several optimizers: they know one, `model.optimizer`.

Enters: what a user gave as callbacks, the groups of a step. Leaves: the callbacks, and for each
that is meant for a group a view of the model that has the group's optimizer.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from luthier.errors import FatalValueError
from luthier.training._step import ForGroup

# What changes a learning rate is meant for all of them, if nothing else is said.
_FOR_ALL = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)


def addressed(
    callbacks: Sequence[Any], optimizers: Mapping[str, Any]
) -> tuple[list[Any], dict[int, Any]]:
    """Callbacks, each with the optimizer that it is to see.

    Args:
        callbacks: the user's and others.
        optimizers: name of each group to its optimizer.

    Returns:
        The callbacks, those of Keras that change a learning rate once for each optimizer; and, by
        the `id` of a callback, the optimizer that it sees in place of the model's.

    Raises:
        FatalValueError: (a ValueError) for a group that is none.
    """
    found: list[Any] = []
    seen: dict[int, Any] = {}
    for one in callbacks:
        if isinstance(one, ForGroup):
            if one.group not in optimizers:
                raise FatalValueError(
                    f"Expected ForGroup of {', '.join(map(repr, optimizers))}, the groups with an "
                    f"optimizer, got {one.group!r}."
                )
            pairs = [(one.callback, optimizers[one.group])]
        elif isinstance(one, _FOR_ALL) and len(optimizers) > 1:
            pairs = [(copy.copy(one), optimizer) for optimizer in optimizers.values()]
        else:
            found.append(one)
            continue
        found += [callback for callback, _ in pairs]
        seen |= {id(callback): optimizer for callback, optimizer in pairs}
    return found, seen


class View:
    """A model with another optimizer; everything else, also what is set, is the model's.

    Args:
        model: the model.
        optimizer: what callbacks find as its optimizer.
    """

    def __init__(self, model: Any, optimizer: Any) -> None:
        vars(self).update(_model=model, optimizer=optimizer)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["_model"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(vars(self)["_model"], name, value)
