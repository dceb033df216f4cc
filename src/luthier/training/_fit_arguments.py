"""What `fit` is called with, looked at before a model is trained.

Enters: a model and the arguments for its `fit`. Leaves: an error for what would fail each trial.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from luthier.errors import FatalTypeError, FatalValueError

# More than that are no inputs of a model.
_MOST_INPUTS = 100
_GROUPS = "Groups are for cross-validation: give the tuner cv=GroupKFold(5) or the like."
_NO_DATA = (
    "search() was called without data, and Keras trains the models: pass what `fit` takes, for "
    "example search(x, y, validation_split=0.2, epochs=5)."
)


def check_arguments(model: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Refuse what the model's `fit` does not take, and data that Keras's own would refuse.

    Raises:
        FatalTypeError: (a TypeError) naming the argument, and one that was probably meant; or if
            there are no data.
        FatalValueError: (a ValueError) for data of different lengths, or a `validation_split` that
            is no part of the data.
    """
    try:
        signature = inspect.signature(model.fit)
        parameters = signature.parameters
    except (TypeError, ValueError):
        return
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    for name in () if takes_any else kwargs:
        if name not in parameters:
            raise FatalTypeError(_unexpected(name, list(parameters)))
    if not fits_as_keras(model):
        return
    if not args and kwargs.get("x") is None:
        raise FatalTypeError(_NO_DATA)
    try:
        given = signature.bind_partial(*args, **kwargs).arguments
    except TypeError as error:
        raise FatalTypeError(f"search() and the model's `fit` disagree: {error}.") from error
    _check_rows({"validation_data": given.get("validation_data")})
    if gives_batches(given.get("x")):
        _check_beside_batches(given)
        return
    _check_rows({name: given.get(name) for name in ("x", "y", "sample_weight")})
    _check_split(given.get("validation_split"))


def fits_as_keras(model: Any) -> bool:
    """Whether it is trained by Keras's own `fit`, not by one of the user's."""
    return bool(type(model).fit.__module__.partition(".")[0] == "keras")


def gives_batches(x: Any) -> bool:
    """Whether it is a dataset, a loader, a generator or the like, not rows."""
    rows = isinstance(x, Mapping | list | tuple | str) or hasattr(x, "shape")
    return x is not None and not rows and not hasattr(x, "__array__")


def _check_beside_batches(given: Mapping[str, Any]) -> None:
    """Refuse what Keras takes with arrays only.

    Raises:
        FatalValueError: naming the argument.
    """
    kind = type(given["x"]).__name__
    for name in ("y", "sample_weight"):
        if given.get(name) is not None:
            raise FatalValueError(
                f"search() got {name} beside x, a {kind}, whose batches hold it: leave {name} "
                "away, or give arrays."
            )
    if given.get("validation_split"):
        raise FatalValueError(
            f"search(validation_split=...) needs arrays, got x, a {kind}: pass validation_data."
        )


def _unexpected(name: str, known: Sequence[str]) -> str:
    begin = f"search({name}=...) is no argument of the model's `fit`"
    if name == "groups":
        return f"{begin}. {_GROUPS}"
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"{begin}: did you mean {close[0]}?"
    return f"{begin}, which takes {', '.join(known)}."


def _check_rows(given: Mapping[str, Any]) -> None:
    """Refuse arrays of different lengths.

    Raises:
        FatalValueError: naming two and their rows.
    """
    counts = list(_counts("", given))
    other = next((one for one in counts if one[1] != counts[0][1]), None)
    if other is not None:
        raise FatalValueError(
            f"Expected as many rows in each of the data, got {dict([counts[0], other])}: a target "
            "in y, and a weight in sample_weight, belong to each row of x."
        )


def _counts(name: str, data: Any) -> Iterator[tuple[str, int]]:
    """Each array of the data with its rows; what is no array counts its own."""
    if isinstance(data, Mapping):
        for key, one in data.items():
            yield from _counts(f"{name}[{key!r}]" if name else str(key), one)
    elif isinstance(data, list | tuple):
        for place, one in enumerate(data[:_MOST_INPUTS]):
            yield from _counts(f"{name}[{place}]", one)
    else:
        shape = getattr(data, "shape", None)
        if shape is not None and len(shape) and shape[0] is not None:
            yield name, int(shape[0])


def _check_split(split: Any) -> None:
    if isinstance(split, int | float) and not 0.0 <= split < 1.0:
        raise FatalValueError(
            "Expected search(validation_split=...) to be the part of the rows that is held out, "
            f"from 0 to below 1, got {split!r}."
        )
