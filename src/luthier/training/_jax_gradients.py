"""Gradients on JAX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from luthier.training._scalars import check_scalar, differentiated


def as_input(value: Any, dtype: str) -> Any:
    """An array; whole numbers become floating point."""
    array = jnp.asarray(value)
    return array if jnp.issubdtype(array.dtype, jnp.inexact) else array.astype(dtype)


def differentiable(
    function: Callable[..., Any], inputs: Sequence[Any]
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """What the function returns, and what gives its gradients for an upstream one, again and again.

    An upstream gradient of None means ones: the gradients of the sum.
    """
    value, pull_back = jax.vjp(function, *inputs)

    def gradients(upstream: Any) -> tuple[Any, ...]:
        ones = jnp.ones_like(value) if upstream is None else jnp.asarray(upstream, value.dtype)
        return tuple(pull_back(jnp.broadcast_to(ones, value.shape)))

    return value, gradients


def with_respect_to(function: Callable[[Sequence[Any]], Any], values: Sequence[Any]) -> Any:
    """The function's value, its gradients, and what it gives back beside; see `_keras_gradients`.

    Args:
        function: takes values; returns a scalar (or a tuple that begins with one) and updates.
        values: what to differentiate by.
    """

    def scalar(values: Sequence[Any]) -> Any:
        value, updates = function(values)
        loss = differentiated(value)
        check_scalar(loss)
        return loss, (value, updates)

    (_, (value, updates)), gradients = jax.value_and_grad(scalar, has_aux=True)(list(values))
    return value, gradients, updates


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose gradient is what it gives back beside its value."""
    own: Callable[..., Any] = jax.custom_gradient(function)
    return own


def when(condition: Any, function: Callable[[], Any], around: Callable[..., Any]) -> None:
    """Do what a function does to variables, where a condition (an array) holds.

    Args:
        condition: true or false.
        function: assigns variables.
        around: gives the function's value, the variables that it assigned, and their values.
    """
    _, assigned, values = around(function)
    for variable, value in zip(assigned, values, strict=True):
        variable.assign(jnp.where(condition, value, variable.value))


def update(optimizer: Any, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
    """Let an optimizer change variables."""
    kept = optimizer.variables
    new, own = optimizer.stateless_apply(
        [v.value for v in kept], list(gradients), [v.value for v in variables]
    )
    for variable, value in zip([*variables, *kept], [*new, *own], strict=True):
        variable.assign(value)
