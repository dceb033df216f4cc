"""Gradients on PyTorch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch

from luthier.training._scalars import check_scalar, differentiated


class _Recording(threading.local):
    """How many calls of `with_respect_to` are under way: what they see is differentiated again."""

    depth = 0


_recording = _Recording()


def as_input(value: Any, dtype: str) -> Any:
    """A tensor; whole numbers become floating point, Python's become Keras's usual kind."""
    tensor = torch.as_tensor(value)
    is_number = isinstance(value, int | float)
    if is_number or not (tensor.is_floating_point() or tensor.is_complex()):
        return tensor.to(getattr(torch, dtype))
    return tensor


def differentiable(
    function: Callable[..., Any], inputs: Sequence[Any]
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """See `_jax_gradients.differentiable`."""
    # Inside another recording its inputs are to be differentiated again.
    again = torch.is_grad_enabled() and (
        _recording.depth > 0 or any(x.requires_grad for x in inputs)
    )
    leaves = [x if x.requires_grad else x.detach().requires_grad_() for x in inputs]
    with torch.enable_grad():
        value = torch.as_tensor(function(*leaves))

    def gradients(upstream: Any) -> tuple[Any, ...]:
        if not value.requires_grad:
            return tuple(torch.zeros_like(x) for x in leaves)
        ones = torch.ones_like(value) if upstream is None else torch.as_tensor(upstream).to(value)
        found = torch.autograd.grad(
            value,
            leaves,
            ones.expand_as(value),
            retain_graph=True,
            create_graph=again,
            materialize_grads=True,
        )
        return tuple(found)

    return value if again else value.detach(), gradients


def with_respect_to(function: Callable[[], Any], values: Sequence[Any]) -> Any:
    """What a function returns, and its gradients with respect to variables."""
    again = torch.is_grad_enabled() and _recording.depth > 0
    _recording.depth += 1
    try:
        with torch.enable_grad():
            value = function()
            loss = differentiated(value)
            check_scalar(loss)
    finally:
        _recording.depth -= 1
    loss = torch.as_tensor(loss)
    if not loss.requires_grad:
        return value, [torch.zeros_like(one) for one in values]
    found = torch.autograd.grad(loss, list(values), create_graph=again, materialize_grads=True)
    return value if again else detached(value), list(found)


def detached(value: Any) -> Any:
    """A value, and what is in it, without what its gradients need."""
    if isinstance(value, tuple | list):
        return type(value)(detached(one) for one in value)
    if isinstance(value, dict):
        return {name: detached(one) for name, one in value.items()}
    return value.detach() if isinstance(value, torch.Tensor) else value


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose gradient is what it gives back beside its value."""

    class Own(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            value, ctx.pull_back = function(*inputs)
            # An input that is handed on as it is would be taken for one changed in place.
            return value.view_as(value) if any(value is x for x in inputs) else value

        @staticmethod
        def backward(ctx: Any, *upstream: Any) -> Any:
            return ctx.pull_back(*upstream)

    def own(*inputs: Any) -> Any:
        return Own.apply(*inputs)

    return own


def when(condition: Any, function: Callable[[], Any], around: Callable[..., Any]) -> None:
    """See `_jax_gradients.when`."""
    del around
    if bool(condition):
        function()


def update(optimizer: Any, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
    """Let an optimizer change variables."""
    with torch.no_grad():
        optimizer.apply(list(gradients), list(variables))
