"""A user's callbacks, fresh for each execution of each trial.

Enters: `callbacks` as given to `search`: callbacks, functions or classes that make them, lists of
these. Leaves: new callbacks. TensorBoard ones write into a folder of the execution's own.
"""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras

from luthier.errors import FatalRuntimeError, FatalValueError


def fresh_callbacks(
    callbacks: Any, trial_id: str, execution: int, values: Mapping[str, Any] | None = None
) -> list[Any]:
    """Callbacks that no other execution has.

    Args:
        callbacks: one callback, a function without arguments that makes one or several, or a list.
        trial_id: names the folder of TensorBoard's files.
        execution: number of the repetition, the same.
        values: of the trial; on TensorFlow a TensorBoard callback gets a companion that shows them.

    Raises:
        FatalValueError: (a ValueError) naming what cannot be copied, or is no callback.
        FatalRuntimeError: for a TensorBoard callback without TensorBoard.
    """
    made = list(_made(callbacks))
    for callback in tuple(made):
        if isinstance(callback, keras.callbacks.TensorBoard):
            _check_tensorboard()
            folder = Path(callback.log_dir) / trial_id / f"execution{execution}"
            callback.log_dir = str(folder)
            if values and keras.backend.backend() == "tensorflow":
                from luthier.training._tensorboard import values_callback

                made.append(values_callback(callback.log_dir, values, trial_id))
    return made


def _made(callbacks: Any) -> Iterable[Any]:
    if callbacks is None:
        return
    if isinstance(callbacks, keras.callbacks.CallbackList):
        yield from _made(callbacks.callbacks)
    elif isinstance(callbacks, list | tuple):
        for callback in callbacks:
            yield from _made(callback)
    elif isinstance(callbacks, keras.callbacks.Callback):
        yield _copied(callbacks)
    elif callable(callbacks):
        yield from _from_factory(callbacks)
    else:
        raise _wrong(callbacks)


def _from_factory(factory: Any) -> Iterable[Any]:
    made = factory()
    for callback in made if isinstance(made, list | tuple) else [made]:
        if not isinstance(callback, keras.callbacks.Callback):
            raise _wrong(callback)
        yield callback


def _copied(callback: Any) -> Any:
    # A callback that has trained before holds its model, which is set anew and need not be copied.
    model = getattr(callback, "_model", None)
    memo = {} if model is None else {id(model): model}
    name = type(callback).__name__
    try:
        return copy.deepcopy(callback, memo)
    except Exception as error:
        raise FatalValueError(
            "All callbacks used during a search should be deep-copyable (since they are reused "
            f"across trials). It is not possible to do `copy.deepcopy({name})`: "
            f"{type(error).__name__}: {error}. Pass a function that makes it instead, for example "
            f"callbacks=[lambda: {name}(...)]."
        ) from error


def _wrong(value: object) -> FatalValueError:
    return FatalValueError(
        "All callbacks used during a search should be deep-copyable (since they are reused across "
        "trials). Expected callbacks to be Keras callbacks, or functions without arguments that "
        f"make them, got {value!r} of type {type(value).__name__}."
    )


def _check_tensorboard() -> None:
    absent = [n for n in ("tensorboard", "tensorflow") if importlib.util.find_spec(n) is None]
    if absent:
        raise FatalRuntimeError(
            f"The TensorBoard callback needs {' and '.join(absent)}, which is not installed: "
            "install luthier[tensorboard] (and luthier[tensorflow]), or leave the callback out."
        )
