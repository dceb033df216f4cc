"""Keras's files of weights, whole or not there, and quick to write."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
from keras.src.backend.common import global_state

# Keras notes which attributes of a kind of object are not saved, so as to look them up but once; it
# does so under one name and looks under another, and makes objects of each kind for each it saves.
_NOTED, _LOOKED_UP = "saving_attr_skipset_", "saving_attr_skiplist_"
_KINDS = ("Functional", "Layer", "Loss", "Metric", "Operation", "Optimizer", "Sequential")


def save_weights(model: Any, path: Path, *, with_optimizer: bool = False) -> None:
    """Write a model's weights so that the file is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{os.getpid()}.tmp.weights.h5")
    try:
        with contextlib.nullcontext() if with_optimizer else _without_optimizer_state(model):
            model.save_weights(str(draft))
        _look_up_what_was_noted()
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _without_optimizer_state(model: Any) -> Iterator[None]:
    """Puts optimizers as they are before their first step in place of the model's.

    Left out altogether, they would make Keras warn when the weights are loaded.
    """
    real = {
        name: value
        for name, value in vars(model).items()
        if isinstance(value, keras.optimizers.Optimizer)
    }
    # Past Keras's __setattr__: the model is not changed, only saved differently.
    for name, optimizer in real.items():
        vars(model)[name] = type(optimizer).from_config(optimizer.get_config())
    try:
        yield
    finally:
        vars(model).update(real)


def _look_up_what_was_noted() -> None:
    for kind in _KINDS:
        noted = global_state.get_global_attribute(_NOTED + kind)
        if noted is not None and global_state.get_global_attribute(_LOOKED_UP + kind) is None:
            global_state.set_global_attribute(_LOOKED_UP + kind, noted)
