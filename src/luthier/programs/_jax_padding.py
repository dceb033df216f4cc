"""The state of a narrow trial in a wider one: arrays among zeros, and out again.

Each axis is a row of factors (`_axes`); the narrow array takes the first places of each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import jax
import numpy as np

Places = tuple[tuple[tuple[int, int], ...], ...]
"""For each axis of an array the factors that it is made of: the narrow and the wide size of each
one.
"""


@dataclass(frozen=True)
class Padding:
    """How the state of a narrow trial lies in a wider one.

    Attributes:
        places: of each array.
    """

    places: tuple[Places, ...]

    @property
    def is_needed(self) -> bool:
        """Whether anything is wider."""
        return any(size != wider for axes in self.places for one in axes for size, wider in one)

    def pad(self, state: Any) -> Any:
        """A copy of the state with zeros around it, not yet on the device."""
        leaves, structure = jax.tree.flatten(state)
        return jax.tree.unflatten(structure, list(map(embedded, leaves, self.places)))

    def cut(self, state: Any) -> Any:
        """The state without what `pad` put around it."""
        leaves, structure = jax.tree.flatten(state)
        return jax.tree.unflatten(structure, list(map(_cut, leaves, self.places)))

    def outside(self, state: Any) -> float:
        """The largest number, by size, in the padding of a state."""
        largest = 0.0
        for leaf, places in zip(jax.tree.leaves(state), self.places, strict=True):
            if is_wider(places):
                around = _factored(np.array(leaf), places)
                around[_corner(places)] = 0
                largest = max(largest, float(np.abs(around.astype(np.float64)).max()))
        return largest


def is_wider(places: Places) -> bool:
    """Whether an array is another in the wider one."""
    return any(size != wider for one in places for size, wider in one)


def _corner(places: Places) -> tuple[slice, ...]:
    return tuple(slice(size) for one in places for size, _ in one)


def _factored(array: Any, places: Places) -> Any:
    return array.reshape([wider for one in places for _, wider in one])


def embedded(leaf: Any, places: Places) -> Any:
    """A copy of an array among zeros; a key as it is."""
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.extended):
        return leaf
    if not is_wider(places):
        return np.array(leaf)
    array = np.asarray(leaf)
    result = np.zeros([prod(wider for _, wider in one) for one in places], array.dtype)
    _factored(result, places)[_corner(places)] = array.reshape(
        [size for one in places for size, _ in one]
    )
    return result


def _cut(leaf: Any, places: Places) -> Any:
    if not is_wider(places):
        return leaf
    part = _factored(np.asarray(leaf), places)[_corner(places)]
    # `jnp.asarray` would compile something for each shape.
    return jax.device_put(part.reshape([prod(size for size, _ in one) for one in places]))
