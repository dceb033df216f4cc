"""Lets the first batch make what a step lacks: weights of the model, metrics, means to show.

Enters: a model, its losses, a batch. Leaves: a model and metrics that are built. What there was
before stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import keras

from luthier.training._keras_losses import KerasLoss, OwnLoss, unpack
from luthier.training._keras_metrics import compiled_metrics, has_metrics, measures_itself
from luthier.training._keras_program import Loss, Phase, Program, Shaping
from luthier.training._keras_scope import Recorder


def build(model: Any, losses: Mapping[str, Loss], batch: Any, backend: ModuleType) -> None:
    """Let a batch build the model.

    Args:
        model: compiled; nothing is done if it is built.
        losses: name to what is minimised.
        batch: converted.
        backend: the file of the backend in use, for its `rehearse`.
    """
    if all(layer.built for layer in model._flatten_layers(include_self=False)):
        return
    x, _, _ = unpack(batch) if isinstance(batch, tuple) and len(batch) <= 3 else (batch,) * 3
    if isinstance(model, keras.Sequential) and hasattr(x, "shape"):
        model.build((None, *x.shape[1:]))
        if model.built:
            return

    def once(batch: Any) -> None:
        for loss in losses.values():
            if isinstance(loss, OwnLoss):
                loss.function(model, batch, **loss.values())
            else:
                model(unpack(batch)[0])

    with Recorder():
        try:
            backend.rehearse(once, batch, Recorder)
        except AttributeError:
            # It asked for the model's losses, which only a model that is built has.
            backend.rehearse(model, x, Recorder)


def rehearse(model: Any, losses: Mapping[str, Loss], batch: Any, backend: ModuleType) -> Program:
    """Let a batch build the metrics, and find out which means there are to show.

    Args:
        model: built.
        losses: name to what is minimised.
        batch: converted.
        backend: the file of the backend in use, for its `rehearse`.

    Returns:
        A program that cannot train: its means, and whether a loss gave what the model put out.
    """
    # Without optimizers: those have to know a model that is built.
    phases = [Phase(name, loss, ()) for name, loss in losses.items()]
    program = Program(model, phases, Shaping(), has_metrics=has_metrics(model))
    if all(map(_is_keras, losses.values())) and _is_built_by_shapes(model, batch):
        program.has_outputs = True
        return program
    with Recorder():
        backend.rehearse(program.rehearse, batch, Recorder)
    return program


def _is_keras(loss: Loss) -> bool:
    return isinstance(loss, KerasLoss)


def _is_built_by_shapes(model: Any, batch: Any) -> bool:
    """Build loss and metrics from the shapes of a batch alone, if that is all they need.

    Running the model once costs as much as tracing it. Metrics that are means are complete when
    they are made; others make variables when they first see something.
    """
    _, targets, _ = unpack(batch)
    own = measures_itself(model) or type(model).compute_loss is not keras.Model.compute_loss
    if own or not _is_layers_alone(model) or not hasattr(targets, "shape"):
        return False
    form = keras.KerasTensor(targets.shape, keras.backend.standardize_dtype(targets.dtype))
    metrics = compiled_metrics(model)
    for part in (getattr(model, "_compile_loss", None), metrics):
        if part is not None and not part.built:
            part.build(form, model.outputs[0])
    return all(isinstance(metric, keras.metrics.Mean) for metric in getattr(metrics, "metrics", ()))


def _is_layers_alone(model: Any) -> bool:
    """Whether the model's only output is the one that Keras knows before it is called."""
    is_keras = type(model).call.__module__.split(".")[0] == "keras"
    return is_keras and len(getattr(model, "outputs", None) or ()) == 1
