"""Builds what a compiled model has besides its layers from shapes alone, where that is enough.

Keras runs the model, its losses and its metrics on symbols to find out what they make; that costs
as much as tracing a step, for each trial anew.
"""

from __future__ import annotations

from typing import Any

import keras

from luthier.training._keras_losses import unpack
from luthier.training._keras_metrics import compiled_metrics, measures_itself


def build_by_shapes(model: Any, targets: Any) -> bool:
    """Build loss and metrics from the shapes of a batch's targets.

    Args:
        model: compiled.
        targets: of a batch.

    Returns:
        Whether that is all they need. Metrics that are means are complete when they are made;
        others make variables when they first see something, and are left to that.
    """
    own = measures_itself(model) or type(model).compute_loss is not keras.Model.compute_loss
    if own or not _is_layers_alone(model) or not hasattr(targets, "shape"):
        return False
    outputs = model.outputs[0]
    if None in outputs.shape[1:]:
        # Keras has the shapes of a batch.
        return False
    form = keras.KerasTensor(targets.shape, keras.backend.standardize_dtype(targets.dtype))
    metrics = compiled_metrics(model)
    new = [
        part
        for part in (getattr(model, "_compile_loss", None), metrics)
        if part is not None and not part.built
    ]
    for part in new:
        part.build(form, outputs)
    if all(isinstance(metric, keras.metrics.Mean) for metric in getattr(metrics, "metrics", ())):
        return True
    for part in new:
        part.built = False
    return False


def symbolic_build(model: Any, iterator: Any = None, data_batch: Any = None) -> None:
    """Keras's `_symbolic_build`: by shapes where that is enough, by Keras's own elsewhere."""
    if data_batch is None:
        # As Keras does: what is drawn for the order of the data is drawn here too.
        for _, _, batches in iterator:
            data_batch = batches[0] if isinstance(batches, list | tuple) else next(batches)
            break
    if all(layer.built for layer in model._flatten_layers()):
        build_by_shapes(model, unpack(data_batch)[1])
    type(model)._symbolic_build(model, data_batch=data_batch)


def _is_layers_alone(model: Any) -> bool:
    """Whether what the model gives is one tensor that Keras knows before it is called."""
    if type(model).call.__module__.split(".")[0] != "keras":
        return False
    functional = getattr(model, "_functional", model)
    return isinstance(getattr(functional, "_outputs_struct", None), keras.KerasTensor)
