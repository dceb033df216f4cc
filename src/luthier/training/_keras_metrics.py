"""What a step measures beside its loss: the metrics that the model was compiled with.

Enters: batches, and what the model put out. Leaves: name to number.
"""

from __future__ import annotations

from typing import Any

import keras

from luthier.training._keras_losses import unpack


def has_metrics(model: Any) -> bool:
    """Whether something beside the loss is measured."""
    config = getattr(getattr(model, "_compile_config", None), "config", {})
    return measures_itself(model) or any(
        config.get(name) for name in ("metrics", "weighted_metrics")
    )


def measures_itself(model: Any) -> bool:
    """Whether the model's class says how its metrics see a batch."""
    return type(model).compute_metrics is not keras.Model.compute_metrics


def compiled_metrics(model: Any) -> Any:
    """Keras's container of the metrics it was compiled with; None where the class does it."""
    return None if measures_itself(model) else getattr(model, "_compile_metrics", None)


class Metrics:
    """A model's metrics, without Keras's own mean of the loss, which a step does not use.

    Args:
        model: compiled, and its metrics built.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        compiled = compiled_metrics(model)
        known = {id(compiled), id(getattr(model, "_loss_tracker", None))}
        # A model may have metrics of its own beside them: then Keras looks after all.
        is_all = all(id(metric) in known for metric in model.metrics)
        self._alone = compiled if compiled is not None and compiled.built and is_all else None

    def result(self) -> dict[str, Any]:
        """Name to value since the last reset."""
        if self._alone is not None:
            return dict(self._alone.result())
        values = self._model.get_metrics_result()
        return {name: value for name, value in values.items() if name != "loss"}

    def reset(self) -> None:
        """Let them begin anew."""
        if self._alone is not None:
            self._alone.reset_state()
        else:
            self._model.reset_metrics()


def measure(model: Any, batch: Any, outputs: Any) -> None:
    """Let the metrics see a batch."""
    x, y, weights = unpack(batch)
    compiled = compiled_metrics(model)
    if compiled is None:
        model.compute_metrics(x, y, outputs, weights)
    else:  # Keras's own works out their results as well, for each batch.
        compiled.update_state(y, outputs, weights)
