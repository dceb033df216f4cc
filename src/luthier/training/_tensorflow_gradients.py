"""Gradients on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from luthier.training._scalars import check_scalar, differentiated


def as_input(value: Any, dtype: str) -> Any:
    """A tensor; whole numbers become floating point, Python's become Keras's usual kind."""
    tensor = tf.convert_to_tensor(value, dtype if isinstance(value, int | float) else None)
    return tensor if tensor.dtype.is_floating or tensor.dtype.is_complex else tf.cast(tensor, dtype)


def differentiable(
    function: Callable[..., Any], inputs: Sequence[Any]
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """See `_jax_gradients.differentiable`."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(list(inputs))
        value = tf.convert_to_tensor(function(*inputs))

    def gradients(upstream: Any) -> tuple[Any, ...]:
        if upstream is not None:
            upstream = tf.broadcast_to(tf.cast(upstream, value.dtype), tf.shape(value))
        found = tape.gradient(value, list(inputs), output_gradients=upstream)
        return tuple(_dense(g, x) for g, x in zip(found, inputs, strict=True))

    return value, gradients


def with_respect_to(function: Callable[[], Any], values: Sequence[Any]) -> Any:
    """What a function returns, and its gradients with respect to variables."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(list(values))
        value = function()
        loss = differentiated(value)
        check_scalar(loss)
        loss = tf.convert_to_tensor(loss)
    found = tape.gradient(loss, list(values), unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return value, found


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose gradient is what it gives back beside its value."""
    own: Callable[..., Any] = tf.custom_gradient(function)
    return own


def when(condition: Any, function: Callable[[], Any], around: Callable[..., Any]) -> None:
    """See `_jax_gradients.when`."""
    del around

    def act() -> Any:
        function()
        return tf.constant(0)

    tf.cond(condition, act, lambda: tf.constant(0))


def update(optimizer: Any, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
    """Let an optimizer change variables."""
    optimizer.apply(list(gradients), list(variables))


def _dense(gradient: Any, value: Any) -> Any:
    return tf.zeros_like(value) if gradient is None else tf.convert_to_tensor(gradient)
