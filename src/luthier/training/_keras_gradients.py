"""Gradients on the backend that Keras uses: which file does it, and what Keras adds.

Each backend's file has the same four functions: `differentiable`, `with_respect_to`,
`custom_gradient` and `as_input`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import keras

from luthier.training._keras_scope import recorded, replay

_FILES = {
    "jax": "_jax_gradients",
    "tensorflow": "_tensorflow_gradients",
    "torch": "_torch_gradients",
}


def backend() -> ModuleType:
    """The file of the backend in use."""
    return importlib.import_module(f"luthier.training.{_FILES[keras.backend.backend()]}")


def with_respect_to(function: Callable[[], Any], variables: Sequence[Any]) -> Any:
    """What a function returns, and the gradients of it with respect to Keras variables.

    The function may assign variables; on JAX it sees them by value.
    """
    if keras.backend.backend() != "jax":
        gradients: Any = backend().with_respect_to(function, [v.value for v in variables])
        return gradients
    assigned: list[Any] = []

    def pure(values: Sequence[Any]) -> Any:
        # JAX calls it once; what it assigns comes out as values.
        nonlocal assigned
        value, assigned, updates = recorded(function, zip(variables, values, strict=True))
        return value, updates

    result, gradients, updates = backend().with_respect_to(pure, [v.value for v in variables])
    replay(assigned, updates)
    return result, gradients


def raw(value: Any) -> Any:
    """A Keras variable's value; anything else as the backend's array of floating point."""
    if isinstance(value, keras.Variable):
        return value.value
    return backend().as_input(value, keras.backend.floatx())
