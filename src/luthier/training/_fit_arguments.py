"""What `fit` is called with, looked at before a model is trained.

Enters: a model and the arguments for its `fit`. Leaves: an error for what would fail each trial.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from luthier.errors import FatalTypeError

_GROUPS = "Groups are for cross-validation: give the tuner cv=GroupKFold(5) or the like."
_NO_DATA = (
    "search() was called without data, and Keras trains the models: pass what `fit` takes, for "
    "example search(x, y, validation_split=0.2, epochs=5)."
)


def check_arguments(model: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Refuse arguments that the model's `fit` does not take, and none at all.

    Raises:
        FatalTypeError: (a TypeError) naming the argument, and one that was probably meant.
    """
    try:
        parameters = inspect.signature(model.fit).parameters
    except (TypeError, ValueError):
        return
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    for name in () if takes_any else kwargs:
        if name not in parameters:
            raise FatalTypeError(_unexpected(name, list(parameters)))
    is_keras = type(model).fit.__module__.partition(".")[0] == "keras"
    if is_keras and not args and kwargs.get("x") is None:
        raise FatalTypeError(_NO_DATA)


def _unexpected(name: str, known: Sequence[str]) -> str:
    begin = f"search({name}=...) is no argument of the model's `fit`"
    if name == "groups":
        return f"{begin}. {_GROUPS}"
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"{begin}: did you mean {close[0]}?"
    return f"{begin}, which takes {', '.join(known)}."
