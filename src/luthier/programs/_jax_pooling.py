"""The gradient of a maximum over windows, as slices of the images.

XLA writes down for each place of each window where it is and scatters by these numbers; on a CPU
that takes as long as all else in the step of a convolutional network. A slice for each place of
a window, compared with the window's largest, gives the same bits in a tenth of the time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

# One slice each is written out: more take longer to compile than they save.
_MOST_PLACES = 25


def as_slices(equation: Any, operands: Sequence[Any]) -> Any:
    """The gradient of a maximum over windows, as a `Rule`; None for anything else, and where XLA's
    own way is not known to be slow.
    """
    if equation.primitive.name != "select_and_scatter_add" or jax.default_backend() != "cpu":
        return None
    slopes, images = operands
    params = equation.params
    window = params["window_dimensions"]
    if (
        params["select_prim"].name != "ge"
        or math.prod(window) > _MOST_PLACES
        or not jnp.issubdtype(images.dtype, jnp.floating)
    ):
        return None
    return _gradient(slopes, images, window, params["window_strides"], params["padding"])


def _gradient(
    slopes: Any,
    images: Any,
    window: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
) -> Any:
    """Each window's slope at its first largest place; summed where windows overlap."""
    around = [(low, high, 0) for low, high in padding]
    images = lax.pad(images, jnp.asarray(-jnp.inf, images.dtype), around)
    spans = [(count - 1) * stride + 1 for count, stride in zip(slopes.shape, strides, strict=True)]
    places = list(product(*map(range, window)))
    seen = [
        lax.slice(images, place, [p + span for p, span in zip(place, spans, strict=True)], strides)
        for place in places
    ]
    largest, at = seen[0], jnp.zeros(slopes.shape, jnp.int8)
    for index, values in enumerate(seen[1:], start=1):
        is_larger = values > largest
        largest = jnp.where(is_larger, values, largest)
        at = jnp.where(is_larger, jnp.int8(index), at)
    zero = jnp.zeros((), slopes.dtype)
    if tuple(window) == tuple(strides):
        total = _tiled(slopes, at, window)
        spread = [
            (0, full - tiled, 0) for full, tiled in zip(images.shape, total.shape, strict=True)
        ]
        total = lax.pad(total, zero, spread)
    else:
        total = jnp.zeros(images.shape, slopes.dtype)
        # In XLA's order, for the same sums to the bit.
        for index, place in reversed(list(enumerate(places))):
            spread = [
                (low, size - low - span, stride - 1)
                for low, size, span, stride in zip(place, images.shape, spans, strides, strict=True)
            ]
            total += lax.pad(jnp.where(at == index, slopes, zero), zero, spread)
    return lax.pad(total, zero, [(-low, -high, 0) for low, high in padding])


def _tiled(slopes: Any, at: Any, window: Sequence[int]) -> Any:
    """Windows side by side, each of zeros but for its slope at the place `at`."""
    sizes = [size for count in slopes.shape for size in (count, 1)]
    numbers = np.arange(math.prod(window), dtype=np.int8)
    numbers = numbers.reshape([size for side in window for size in (1, side)])
    tiles = jnp.where(at.reshape(sizes) == numbers, slopes.reshape(sizes), 0)
    return tiles.reshape([count * side for count, side in zip(slopes.shape, window, strict=True)])
