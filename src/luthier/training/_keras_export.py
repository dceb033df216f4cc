"""What of a trial only Keras can write down: compile settings and callbacks.

Enters: objects of Keras and of the user's. Leaves: JSON values and expressions for a script.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from luthier.errors import FatalValueError
from luthier.training._sources import Sources, is_plain, settings_of
from luthier.training._task import BuildSettings

# They watch, and change nothing of what is learnt.
_WATCHERS = (
    "BackupAndRestore",
    "CSVLogger",
    "History",
    "ModelCheckpoint",
    "ProgbarLogger",
    "RemoteMonitor",
    "TensorBoard",
)


def compile_settings(settings: BuildSettings) -> dict[str, Any]:
    """What replaces a model's own compile settings, as Keras serialises it."""
    given = {
        "optimizer": settings.optimizer,
        "loss": settings.loss,
        "metrics": settings.metrics,
    }
    return {
        name: keras.saving.serialize_keras_object(value)
        for name, value in given.items()
        if value is not None
    }


def callback_expressions(callbacks: Iterable[Any], sources: Sources) -> tuple[str, ...]:
    """How each callback is made; those that only watch are left out.

    Raises:
        FatalValueError: (a ValueError) for one that cannot be written into a script.
    """
    return tuple(
        _expression(callback, sources)
        for callback in callbacks
        if type(callback).__name__ not in _WATCHERS
    )


def _expression(callback: Any, sources: Sources) -> str:
    if not isinstance(callback, keras.callbacks.Callback):
        return f"{sources.add(callback)}()"  # a function that makes one
    kind = type(callback).__name__
    if getattr(keras.callbacks, kind, None) is type(callback):
        name = f"keras.callbacks.{kind}"
    else:
        name = sources.add(type(callback))
    arguments = []
    for key, value in settings_of(callback).items():
        if callable(value):
            arguments.append(f"{key}={sources.add(value)}")
        elif is_plain(value):
            arguments.append(f"{key}={value!r}")
        elif key != "monitor_op":
            raise FatalValueError(
                f"The callback {kind} holds {key}={value!r}, which cannot be written into a "
                "script: give `export` the callbacks that it can write, or none."
            )
    return f"{name}({', '.join(arguments)})"
