"""What of Keras goes through shared programs, and why something does not."""

from __future__ import annotations

from typing import Any

import keras

from luthier.training._keras_reports import ReportBatches

_TRAIN = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
_TEST = ("on_test_batch_begin", "on_test_batch_end")
_STEPS = ("train_step", "test_step", "compute_metrics", "_get_metrics_result_or_logs")
_MAKERS = ("make_train_function", "make_test_function", "_make_function")


class AtOnce(keras.callbacks.Callback):  # type: ignore[misc]
    """Has Keras tell callbacks of batches at once, not in threads that it starts for each training.

    Where an epoch is one batch to Keras there is nothing to gain from these.
    """

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Nothing: that it is here is enough."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Nothing: that it is here is enough."""


def unsuited(model: Any) -> str:
    """Why a model is trained as Keras would; "" if it may share programs."""
    if not isinstance(model, keras.Model) or not getattr(model, "compiled", False):
        return "the model is not compiled"
    if model.run_eagerly:
        return "run_eagerly"
    if not model.jit_compile:
        return "jit_compile is off"
    if model.steps_per_execution != 1:
        return "steps_per_execution"
    if keras.distribution.distribution() is not None:
        return "keras.distribution"
    own = [name for name in _MAKERS if _differs(type(model), name)]
    if own:
        return f"the model has its own {own[0]}()"
    if model.optimizer is None:
        return "the model has no optimizer"
    return ""


def steps_are_keras_own(model: Any) -> bool:
    """Whether what a step returns are the results of the model's metrics, as Keras's own do."""
    return not any(_differs(type(model), name) for name in _STEPS)


def batches_between(callbacks: Any) -> int | None:
    """After how many batches of training a callback wants to be told; None: after all of them."""
    wanting = [callback for callback in each(callbacks) if _wants(callback, _TRAIN)]
    # What is reported every so many batches has no need of those between.
    return min(
        (one.every if isinstance(one, ReportBatches) else 1 for one in wanting), default=None
    )


def calls_for_test_batches(callbacks: Any) -> bool:
    """Whether a callback wants to be told of each batch of validation."""
    return any(_wants(callback, _TEST) for callback in each(callbacks))


def keeps_order(data: Any) -> bool:
    """Whether data comes in the same way when another trial uses it in between."""
    if isinstance(data, keras.utils.PyDataset):
        return not any(
            getattr(type(data), name, None) is not getattr(keras.utils.PyDataset, name, None)
            for name in ("on_epoch_begin", "on_epoch_end")
        )
    return not hasattr(data, "__next__")


def _differs(kind: type, name: str) -> bool:
    return getattr(kind, name, None) is not getattr(keras.Model, name, None)


def each(callbacks: Any) -> list[Any]:
    """Callbacks, as a list."""
    if callbacks is None:
        return []
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return list(callbacks.callbacks)
    return [callback for callback in keras.tree.flatten(callbacks) if callback is not None]


def _wants(callback: Any, names: tuple[str, ...]) -> bool:
    if isinstance(callback, keras.callbacks.ModelCheckpoint) and callback.save_freq == "epoch":
        return False
    plain = keras.callbacks.Callback
    return any(
        name in vars(callback) or getattr(type(callback), name, None) is not getattr(plain, name)
        for name in names
    )
