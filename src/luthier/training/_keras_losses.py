"""What a step minimises: Keras's kinds of loss, or a function over the whole model.

Enters: `loss` as the user gave it. Leaves: something that is called with the model and a batch and
gives the loss, what the model put out (for metrics), and further numbers to show.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from luthier.errors import FatalTypeError, FatalValueError
from luthier.training._scalars import check_scalar

Seen = tuple[Any, dict[str, Any]]
"""What the model put out, or None; and numbers to show, by name."""

_OVER_THE_MODEL = {"model", "batch", "data"}


@dataclass(frozen=True, slots=True)
class KerasLoss:
    """The loss that the model was compiled with, regularisation included.

    Attributes:
        takes_training: which of the model's `call` and `compute_loss` are told whether it trains.
    """

    takes_training: frozenset[str] = frozenset()

    @classmethod
    def of(cls, model: Any) -> KerasLoss:
        """The loss of a model."""
        names = ("call", "compute_loss")
        return cls(frozenset(name for name in names if _takes_training(getattr(model, name))))

    def __call__(self, model: Any, batch: Any, training: bool) -> tuple[Any, Seen]:
        """The loss of a batch."""
        x, y, weights = unpack(batch)
        outputs = model(x, **self._told("call", training))
        own = type(model).compute_loss is not keras.Model.compute_loss
        compiled = None if own else getattr(model, "_compile_loss", None)
        if compiled is None:
            told = self._told("compute_loss", training)
            loss = model.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=weights, **told)
        elif y is None:
            raise FatalValueError(
                "Expected inputs and targets, fit(x, y) or batches of (inputs, targets), for the "
                "loss compares targets with what the model puts out; got inputs alone. Give "
                "targets, or a loss(model, batch) that needs none."
            )
        else:  # What Keras's own does, in a graph of half the size.
            loss = with_penalties(compiled(y, outputs, weights), model)
        check_scalar(loss, "the loss")
        return loss, (outputs, {})

    def _told(self, name: str, training: bool) -> dict[str, bool]:
        return {"training": training} if name in self.takes_training else {}


@dataclass(frozen=True, slots=True)
class OwnLoss:
    """A user's function over the model; regularisation is added to it.

    Attributes:
        function: `loss(model, batch)`, which may take `training` too.
        numbers: name to a variable that it is called with.
        takes_training: whether it is told whether the model trains.
    """

    function: Callable[..., Any]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    takes_training: bool = False

    @classmethod
    def of(cls, function: Callable[..., Any], numbers: Mapping[str, Any]) -> OwnLoss:
        """The loss that a function gives."""
        return cls(function, numbers, _takes_training(function))

    def __call__(self, model: Any, batch: Any, training: bool) -> tuple[Any, Seen]:
        """The loss of a batch."""
        told = {"training": training} if self.takes_training else {}
        returned = self.function(model, batch, **told, **self.values())
        loss, outputs, logs = self._parts(returned)
        check_scalar(loss, f"{self._name}(model, batch)")
        if isinstance(loss, int | float):
            raise FatalValueError(
                f"Expected {self._name}(model, batch) to return a scalar that depends on the "
                f"model, got the Python number {loss!r}: nothing can be learned from it. Compute "
                "it with keras.ops, and do not call float()."
            )
        return with_penalties(loss, model), (outputs, logs)

    def values(self) -> dict[str, Any]:
        """The numbers that it is called with."""
        return {name: variable.value for name, variable in self.numbers.items()}

    @property
    def _name(self) -> str:
        return name_of(self.function)

    def _parts(self, returned: Any) -> tuple[Any, Any, dict[str, Any]]:
        if not isinstance(returned, tuple):
            return returned, None, {}
        if len(returned) != 2:
            raise FatalTypeError(
                f"Expected {self._name}(model, batch) to return a scalar, or a scalar and what the "
                "model put out, or a scalar and a dict of numbers to show; got a tuple of "
                f"{len(returned)}."
            )
        loss, beside = returned
        if isinstance(beside, Mapping):
            for name, value in beside.items():
                check_scalar(value, f"{self._name}(model, batch), under {name!r},")
            return loss, None, dict(beside)
        return loss, beside, {}


def with_penalties(loss: Any, model: Any) -> Any:
    """A loss, and what regularizers and layers add to it."""
    for penalty in model.losses:
        added = penalty if len(penalty.shape) == 0 else keras.ops.sum(penalty)
        loss = loss + keras.ops.cast(added, loss.dtype)
    return loss


def is_over_the_model(loss: Any) -> bool:
    """Whether a loss is `loss(model, batch)`, by the names of its arguments.

    Raises:
        FatalTypeError: (a TypeError) if the names leave it open.
    """
    function = _innermost(loss)
    if not inspect.isroutine(function) or _is_keras(function):
        return False
    names = [p.name for p in inspect.signature(loss).parameters.values() if p.default is p.empty]
    if names[:1] and (names[0] == "model" or (names[1:2] and names[1] in _OVER_THE_MODEL)):
        return True
    if names[:1] and names[0].startswith(("y", "true", "target", "label")):
        return False
    raise FatalTypeError(
        f"Expected loss(y_true, y_pred) or loss(model, batch), got {name_of(loss)}"
        f"({', '.join(names)}): name its first two arguments so, to say which it is."
    )


def numbers_of(loss: Any) -> dict[str, float]:
    """The numbers that a `functools.partial` carries: they become inputs of the step."""
    if not isinstance(loss, functools.partial):
        return {}
    return {
        name: float(value)
        for name, value in loss.keywords.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def without_numbers(loss: Any) -> Any:
    """The function, with what its partial carries beside numbers."""
    if not isinstance(loss, functools.partial):
        return loss
    numbers = numbers_of(loss)
    kept = {name: value for name, value in loss.keywords.items() if name not in numbers}
    return functools.partial(loss.func, *loss.args, **kept) if kept or loss.args else loss.func


def unpack(batch: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights of a batch; None for what it does not have."""
    if not isinstance(batch, tuple | list):
        return batch, None, None
    if not 1 <= len(batch) <= 3:
        raise FatalValueError(
            "Expected batches of inputs, (inputs, targets) or (inputs, targets, weights), "
            f"got one of {len(batch)} parts."
        )
    x, y, weights = (*batch, None, None)[:3]
    return x, y, weights


def name_of(function: Any) -> str:
    """A function's name, for people."""
    inner = _innermost(function)
    return str(getattr(inner, "__name__", type(inner).__name__))


def _innermost(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return function


def _is_keras(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).split(".")[0] == "keras"


def _takes_training(function: Callable[..., Any]) -> bool:
    try:
        return "training" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
