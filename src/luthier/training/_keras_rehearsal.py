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
from luthier.training._keras_metrics import has_metrics
from luthier.training._keras_program import Loss, Phase, Program, Shaping
from luthier.training._keras_scope import Recorder
from luthier.training._keras_shapes import build_by_shapes


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
    _, targets, _ = unpack(batch)
    if all(map(_is_keras, losses.values())) and build_by_shapes(model, targets):
        program.has_outputs = True
        return program
    with Recorder():
        backend.rehearse(program.rehearse, batch, Recorder)
    return program


def _is_keras(loss: Loss) -> bool:
    return isinstance(loss, KerasLoss)
