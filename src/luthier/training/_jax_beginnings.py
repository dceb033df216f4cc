"""What variables begin with, made without a compile for each shape.

JAX compiles an operation anew for each shape, and a search of widths has new ones in every trial:
the random numbers of a shape take two tenths of a second to be compiled. JAX's usual generator
makes each number of its key and of its place in the flat array alone, so the first numbers of a
longer array are those of a shorter one. Longer ones are of few lengths; what is needed is cut off.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

# Lengths of arrays of random numbers are powers of this: none is much longer than need be.
_STEP = 4
_SHORTEST = 4**5
# Where so many are drawn, drawing them takes longer than compiling.
_LONGEST = 4**11
_RANDOM = ("uniform", "normal", "truncated_normal")
_CONSTANT = {"zeros": np.zeros, "ones": np.ones}

Draw = Callable[..., Any]


class _Installed:
    """Keras's functions, others in their place while anybody is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: list[tuple[Any, str, Any]] = []

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._inside == 0:
                self._install()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._take_back()

    def _install(self) -> None:
        modules = _modules()
        if modules is None:
            return
        random, numpy = modules
        for name in _RANDOM:
            self._replace(random, name, _from_longer)
        for name, make in _CONSTANT.items():
            self._replace(numpy, name, functools.partial(_from_host, make))

    def _replace(self, module: Any, name: str, wrap: Callable[[Draw], Draw]) -> None:
        before = getattr(module, name, None)
        if before is not None:
            self._before.append((module, name, before))
            setattr(module, name, wrap(before))

    def _take_back(self) -> None:
        for module, name, before in self._before:
            setattr(module, name, before)
        self._before.clear()


compiled_for_few_shapes = _Installed()
"""A context: inside, arrays that Keras's initializers make are the same to the bit, and made by
programs that are compiled for few lengths.
"""


def _modules() -> tuple[Any, Any] | None:
    """Where Keras's initializers find random numbers and constants; None in another Keras."""
    try:
        from keras.src.backend.jax import numpy, random
    except ImportError:
        return None
    return random, numpy


def _from_longer(draw: Draw) -> Draw:
    @functools.wraps(draw)
    def drawn(shape: Any, *args: Any, **kwargs: Any) -> Any:
        length = _length(shape)
        if length is None or kwargs.get("layout") is not None or not _by_places():
            return draw(shape, *args, **kwargs)
        longer = draw((length,), *args, **kwargs)
        if isinstance(longer, jax.core.Tracer):
            return longer[: prod(shape)].reshape(shape)
        return jax.device_put(np.asarray(longer)[: prod(shape)].reshape(shape))

    return drawn


def _from_host(make: Callable[..., Any], constant: Draw) -> Draw:
    @functools.wraps(constant)
    def made(shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        if kwargs or isinstance(jnp.zeros(()), jax.core.Tracer):
            # In a trace an operation is shorter than an array.
            return constant(shape, dtype, **kwargs)
        return jax.device_put(make(shape, jnp.dtype(dtype or keras.config.floatx())))

    return made


def _length(shape: Any) -> int | None:
    """How many numbers to draw for so many; None to draw them as they are."""
    if not isinstance(shape, tuple | list) or not all(isinstance(one, int) for one in shape):
        return None
    count, length = prod(shape), _SHORTEST
    # Of no number, or of one, JAX draws otherwise.
    if not 1 < count <= _LONGEST:
        return None
    while length < count:
        length *= _STEP
    return length


def _by_places() -> bool:
    """Whether each random number is a function of its key and its place alone."""
    return bool(
        jax.config.jax_threefry_partitionable and jax.config.jax_default_prng_impl == "threefry2x32"
    )
