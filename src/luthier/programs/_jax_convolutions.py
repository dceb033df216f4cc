"""Convolutions as patches and one matrix product.

On a CPU a convolution inside a compiled loop is many times slower than outside; so is one with
kernels of many trials, which becomes a grouped convolution. On small images patches and a product
are faster than either; on large ones they are not. Which it is, is timed, once for each size.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Sequence
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from luthier.programs._jax_primitives import INLINED, LIFTED
from luthier.programs._jax_trace import Trace

# A window of more places than this is an image: the convolution is a gradient of weights.
_LARGEST_WINDOW = 49
_REPEATS = 3
_ALIKE = 1e-5
# What one more dispatch costs, in seconds.
_DISPATCH = 2e-4


def as_patches(equation: Any, operands: Sequence[Any]) -> Any:
    """The result of a plain two-dimensional convolution, as a `Rule`; None for anything else."""
    if equation.primitive.name != "conv_general_dilated" or not _is_plain(
        equation.params, operands
    ):
        return None
    params = equation.params
    spec = params["dimension_numbers"]
    images = jnp.transpose(operands[0], [spec.lhs_spec[i] for i in (0, 2, 3, 1)])
    kernels = jnp.transpose(operands[1], [spec.rhs_spec[i] for i in (2, 3, 1, 0)])
    strides, padding = params["window_strides"], params["padding"]
    if kernels.shape[0] * kernels.shape[1] <= _LARGEST_WINDOW:
        is_spread = tuple(strides) == (1, 1) and kernels.shape[2] >= kernels.shape[3]
        forward = _spread if is_spread else _forward
        result = forward(images, kernels, padding, strides)
    elif tuple(strides) == (1, 1):
        result = _weights(images, kernels, padding)
    else:
        return None
    places = [0] * 4
    for place, axis in zip((0, 2, 3, 1), range(4), strict=True):
        places[spec.out_spec[place]] = axis
    return jnp.transpose(result, places)


def _is_plain(params: Any, operands: Sequence[Any]) -> bool:
    wanted = params.get("preferred_element_type")
    return (
        params["feature_group_count"] == params["batch_group_count"] == 1
        and tuple(params["lhs_dilation"]) == tuple(params["rhs_dilation"]) == (1, 1)
        and all(side >= 0 for pair in params["padding"] for side in pair)
        and all(operand.dtype == jnp.float32 for operand in operands)
        and (wanted is None or wanted == jnp.float32)
    )


def _patches(images: Any, window: tuple[int, int], padding: Any, strides: Any) -> Any:
    """Every window's place in turn, `(images, rows, columns, places, channels)`."""
    images = jnp.pad(images, ((0, 0), *padding, (0, 0)))
    rows, columns = (
        (images.shape[axis + 1] - window[axis]) // strides[axis] + 1 for axis in (0, 1)
    )
    # Rows, then columns: ten slices where a window of five by five would be twenty-five, which is
    # less to compile, and to compute.
    tall = jnp.stack(
        [images[:, i : i + (rows - 1) * strides[0] + 1 : strides[0]] for i in range(window[0])],
        axis=3,
    )
    wide = jnp.stack(
        [tall[:, :, j : j + (columns - 1) * strides[1] + 1 : strides[1]] for j in range(window[1])],
        axis=4,
    )
    return wide.reshape(*wide.shape[:3], window[0] * window[1], wide.shape[5])


def _forward(images: Any, kernels: Any, padding: Any, strides: Any) -> Any:
    height, width, taken, given = kernels.shape
    patches = _patches(images, (height, width), padding, strides)
    count, rows, columns = patches.shape[:3]
    product = patches.reshape(-1, height * width * taken) @ kernels.reshape(-1, given)
    return product.reshape(count, rows, columns, given)


def _spread(images: Any, kernels: Any, padding: Any, strides: Any) -> Any:
    """What each place of an image gives to each place of a window around it, then their sums.

    Where channels become fewer, as backwards, that is less to write down than patches.
    """
    height, width, taken, given = kernels.shape
    count, rows, columns = images.shape[:3]
    kernels = kernels.transpose(2, 0, 1, 3).reshape(taken, -1)
    parts = (images.reshape(-1, taken) @ kernels).reshape(count, rows, columns, -1, given)
    (top, bottom), (left, right) = padding
    low, wide = rows + top + bottom - height + 1, columns + left + right - width + 1
    zero = jnp.zeros((), images.dtype)
    total: Any = zero
    for index, (down, along) in enumerate(product(range(height), range(width))):
        moved = [
            (0, 0, 0),
            (top - down, low - rows - top + down, 0),
            (left - along, wide - columns - left + along, 0),
            (0, 0, 0),
        ]
        total += lax.pad(parts[:, :, :, index], zero, moved)
    return total


def _weights(images: Any, kernels: Any, padding: Any) -> Any:
    """Images are channels here and kernels images: the patches are those of the forward pass, so
    the compiler makes them once, and one product sums over images and places.
    """
    rows, columns = (
        images.shape[axis + 1] + sum(padding[axis]) - kernels.shape[axis] + 1 for axis in (0, 1)
    )
    source = jnp.transpose(images, (3, 1, 2, 0))
    patches = _patches(source, (rows, columns), padding, (1, 1))
    count, channels = source.shape[0], source.shape[3]
    height, width, _, given = kernels.shape
    slopes = jnp.transpose(kernels, (2, 0, 1, 3)).reshape(count * height * width, given)
    product = patches.reshape(count * height * width, rows * columns * channels).T @ slopes
    return product.reshape(rows, columns, channels, given).transpose(2, 0, 1, 3)


class ConvolutionProbe:
    """Finds out how convolutions of a program are best computed on this machine."""

    def __init__(self) -> None:
        self._seconds: dict[Hashable, tuple[float, float]] = {}

    def has_any(self, one: Trace) -> bool:
        """Whether there is a convolution in a program."""
        return next(convolutions(one.closed.jaxpr), None) is not None

    def prefers_patches(self, one: Trace) -> bool:
        """Whether patches are faster than the usual convolutions, dispatched step by step."""
        usual = patches = 0.0
        for equation in convolutions(one.closed.jaxpr):
            seconds = self._of(equation)
            usual, patches = usual + seconds[0], patches + seconds[1]
        return patches < usual + _DISPATCH

    def _of(self, equation: Any) -> tuple[float, float]:
        """Seconds of a convolution, computed as usual and as patches; inf where they do not fit."""
        params = equation.params
        spec = params["dimension_numbers"]
        shapes = [variable.aval.shape for variable in equation.invars]
        # Numbers of channels and images matter to both alike.
        key = (
            tuple(shapes[0][axis] for axis in spec.lhs_spec[2:]),
            tuple(shapes[1][axis] for axis in spec.rhs_spec[2:]),
            tuple(params["window_strides"]),
            str(params["padding"]),
        )
        if key not in self._seconds:
            self._seconds[key] = _timed(equation)
        return self._seconds[key]


def convolutions(jaxpr: Any) -> Iterator[Any]:
    """The convolutions of a trace, nested ones too."""
    for equation in jaxpr.eqns:
        name, params = equation.primitive.name, equation.params
        if name == "conv_general_dilated":
            yield equation
        elif name in INLINED:
            inner = params[INLINED[name]]
            yield from convolutions(getattr(inner, "jaxpr", inner))
        elif name in LIFTED:
            for inner in LIFTED[name].inner(params):
                yield from convolutions(getattr(inner, "jaxpr", inner))


def _timed(equation: Any) -> tuple[float, float]:
    random = np.random.default_rng(0)
    operands = [
        jnp.asarray(random.random(variable.aval.shape), variable.aval.dtype)
        for variable in equation.invars
    ]

    def usual(*given: Any) -> Any:
        return lax.conv_general_dilated_p.bind(*given, **equation.params)

    seconds, expected = _seconds(usual, operands)
    if jax.eval_shape(lambda *given: as_patches(equation, given), *operands) is None:
        return seconds, float("inf")
    other, result = _seconds(lambda *given: as_patches(equation, given), operands)
    # Only what computes the same is another way to compute it.
    is_same = np.allclose(result, expected, rtol=_ALIKE, atol=_ALIKE * float(abs(expected).max()))
    return seconds, other if is_same else float("inf")


def _seconds(function: Any, operands: Sequence[Any]) -> tuple[float, Any]:
    """How long a function takes, and what it gives."""
    compiled = jax.jit(function).lower(*operands).compile()
    result = jax.block_until_ready(compiled(*operands))
    best = float("inf")
    for _ in range(_REPEATS):
        began = time.perf_counter()
        jax.block_until_ready(compiled(*operands))
        best = min(best, time.perf_counter() - began)
    return best, result
