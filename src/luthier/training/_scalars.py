"""What is differentiated has to be one number."""

from __future__ import annotations

from typing import Any

from luthier.errors import FatalTypeError, FatalValueError


def differentiated(value: Any) -> Any:
    """The loss in what a function returned: itself, or the first of a tuple."""
    if isinstance(value, tuple) and value:
        return value[0]
    return value


def check_scalar(loss: Any, what: str = "the function") -> None:
    """Refuse a loss that is no scalar.

    Raises:
        FatalTypeError: (a TypeError) if it is no array or number at all.
        FatalValueError: (a ValueError) if it has dimensions; names its shape.
    """
    shape = getattr(loss, "shape", None)
    if shape is None:
        if isinstance(loss, int | float):
            return
        raise FatalTypeError(
            f"Expected {what} to return a scalar, or a tuple that begins with one, "
            f"got {loss!r} of type {type(loss).__name__}."
        )
    if len(shape) > 0:
        raise FatalValueError(
            f"Expected {what} to return a scalar, got an array of shape {tuple(shape)}: "
            "reduce it, for example with keras.ops.mean(...)."
        )
