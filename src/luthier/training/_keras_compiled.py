"""What a model is compiled with, looked at before it is trained.

Enters: a model, or losses and metrics as the user named them. Leaves: an error for what Keras would
find out with the first batch, in each trial anew.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras

from luthier.errors import FatalValueError
from luthier.training._fit_arguments import fits_as_keras

_BY_SHAPE = {"accuracy", "acc", "crossentropy", "ce"}  # Keras chooses by the outputs' shape


def check_compiled(model: Any) -> None:
    """Refuse a model that Keras's `fit` could not train.

    Raises:
        FatalValueError: (a ValueError) if it is not compiled, or with the name of a loss or a
            metric that Keras does not know.
    """
    if not fits_as_keras(model):
        return
    if not model.compiled:
        raise FatalValueError(
            "Expected the model-building function to return a compiled model: call "
            'model.compile(optimizer="adam", loss=...) before `return model`, or give the tuner '
            "`optimizer` and `loss`."
        )
    loss = getattr(model, "_compile_loss", None)
    metrics = getattr(model, "_compile_metrics", None)
    names = ("_user_metrics", "_user_weighted_metrics")
    check_names(getattr(loss, "_user_loss", None), [getattr(metrics, one, None) for one in names])


def check_names(losses: Any, metrics: Any) -> None:
    """Refuse names that Keras does not know.

    Args:
        losses: as for `compile`; what is no text is passed over.
        metrics: the same.

    Raises:
        FatalValueError: (a ValueError) naming the first.
    """
    for given, get, kind in (
        (metrics, keras.metrics.get, "metric"),
        (losses, keras.losses.get, "loss"),
    ):
        for name in keras.tree.flatten(given):
            if isinstance(name, str) and name not in _BY_SHAPE:
                _check_known(get, name, kind)


@functools.lru_cache(maxsize=256)  # To ask Keras for a metric makes one, with its variables.
def _check_known(get: Callable[[str], Any], name: str, kind: str) -> None:
    try:
        get(name)
    except ValueError as error:
        raise FatalValueError(
            f"Expected a {kind} that Keras knows, got {name!r}. See keras.{kind}"
            f"{'es' if kind == 'loss' else 's'} for their names, or give a function."
        ) from error
