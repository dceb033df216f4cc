"""A `train_step` of a user's own, written once for every backend.

Keras calls `train_step(self, data)` on TensorFlow and PyTorch, and on JAX `train_step(self, state,
data)`, where all variables come and go as values. Enters: the first form. Leaves: the one that the
backend in use wants.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras

from luthier.training._keras_scope import Recorder


def train_step(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Let one `train_step(self, data)` serve every backend; see `luthier.train_step`."""
    if keras.backend.backend() != "jax":
        return function

    @functools.wraps(function)
    def stateless(self: Any, state: Any, data: Any) -> Any:
        groups = (
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        )
        pairs = [
            pair
            for variables, values in zip(groups, state, strict=True)
            for pair in zip(variables, values, strict=True)
        ]
        with Recorder(pairs) as scope:
            logs = function(self, data)
        return logs, tuple([scope.value_of(v) for v in variables] for variables in groups)

    return stateless
