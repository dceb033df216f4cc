"""The door to TensorFlow: what Keras leaves behind in it.

Each `tf.custom_gradient` met while a graph is traced is registered by a new name and never taken
out, and with it the whole graph stays: six megabytes a trial for a small model.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_PREFIX = "CustomGradient-"


def traced_gradients() -> frozenset[str]:
    """The names of all gradients that traced graphs have registered by now."""
    return frozenset(str(name) for name in _registry() if str(name).startswith(_PREFIX))


def forget_gradients(names: Iterable[str]) -> None:
    """Take gradients out of TensorFlow's list; steps that were traced hold what they need."""
    registry = _registry()
    for name in names:
        registry.pop(name, None)


def _registry() -> dict[Any, Any]:
    try:
        from tensorflow.python.framework import ops

        return ops.gradient_registry._registry  # type: ignore[no-any-return]
    except (ImportError, AttributeError):
        # Another TensorFlow may keep it elsewhere: then memory grows, and nothing breaks.
        return {}
