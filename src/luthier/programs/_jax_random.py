"""Random bits of JAX's usual generator, in one pass over them.

On a CPU JAX has the rounds of Threefry one after the other, each over all numbers, which takes a
fifth of a small network's step. Written out, they stay in registers. Bits are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

# Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (2011), section 3.3:
# by how much each of the 20 rounds of Threefry-2x32 rotates, in fives of four, and the parity.
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_FIVES = 5
_PARITY = 0x1BD11BDA
_COUNTERS = 2**32
# A loop that is never unrolled keeps XLA from computing bits again in all that reads them.
_PARTS = 2


def draws_by_place(equation: Any) -> bool:
    """Whether it draws 32 bits for each place, which depend on key and place alone."""
    if equation.primitive.name != "random_bits":
        return False
    key = equation.invars[0].aval
    return (
        bool(jax.config.jax_threefry_partitionable)
        and "fry" in str(key.dtype)
        and not key.shape
        and equation.params["bit_width"] == 32
        and 1 < prod(equation.params["shape"]) < _COUNTERS
    )


def as_rounds(equation: Any, operands: Sequence[Any]) -> Any:
    """Random bits in one pass, as a `Rule`; None for anything else, and where there is no need."""
    if jax.default_backend() != "cpu" or not draws_by_place(equation):
        return None
    shape = equation.params["shape"]
    return _drawn(jax.random.key_data(operands[0]), prod(shape), None).reshape(shape)


def bits_at(key: Any, places: Any) -> Any:
    """What a key draws at some places of an array, however long.

    Args:
        key: of Threefry.
        places: numbers from 0, of type `uint32`; of any shape.

    Returns:
        32 bits for each.
    """
    return _drawn(jax.random.key_data(key), places.size, places.reshape(-1)).reshape(places.shape)


def _drawn(halves: Any, count: int, places: Any) -> Any:
    """Bits at `places`, or at the first ones."""
    size = -(-count // _PARTS)
    starts = jnp.arange(_PARTS, dtype=jnp.uint32) * np.uint32(size)
    if places is None:
        first = lax.iota(jnp.uint32, size)
        bits = lax.map(lambda start: _threefry(halves, first + start), starts)
    else:
        padded = jnp.pad(places, (0, size * _PARTS - count)).reshape(_PARTS, size)
        bits = lax.map(lambda part: _threefry(halves, part), padded)
    return bits.reshape(-1)[:count]


def _threefry(halves: Any, places: Any) -> Any:
    """Both halves of Threefry-2x32 for the counters (0, place), combined."""
    keys = (halves[0], halves[1], halves[0] ^ halves[1] ^ np.uint32(_PARITY))
    one, other = jnp.broadcast_to(keys[0], places.shape), places + keys[1]
    for five in range(_FIVES):
        for turn in _ROTATIONS[five % 2]:
            one = one + other
            other = one ^ ((other << np.uint32(turn)) | (other >> np.uint32(32 - turn)))
        one = one + keys[(five + 1) % 3]
        other = other + keys[(five + 2) % 3] + np.uint32(five + 1)
    return one ^ other
