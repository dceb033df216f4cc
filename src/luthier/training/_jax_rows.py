"""Arrays that know which rows of the user's data they are.

Keras cuts arrays into batches on the host, in its own order. A batch that knows its rows need not
be sent to the device: the data is there already, once for all trials, and the rows are enough.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import jax
import numpy as np

_MOST_KEPT = 16
# Larger data is looked at in places only, to see whether it is still the same.
_SAMPLED_FROM = 2**25


class Rows(np.ndarray[Any, Any]):
    """An array, the one it comes from, and which rows of it: what is made of it in any other way
    than by taking rows or changing the type knows nothing.

    Attributes:
        base_array: the user's array, or None.
        rows: numbers of its rows, shape `(n,)`, or None.
    """

    base_array: np.ndarray[Any, Any] | None
    rows: np.ndarray[Any, Any] | None

    def __array_finalize__(self, other: Any) -> None:
        self.base_array = None
        self.rows = None

    def __getitem__(self, key: Any) -> Any:
        result = super().__getitem__(key)
        if self.rows is not None and isinstance(result, Rows) and _takes_rows(key):
            result.base_array, result.rows = self.base_array, self.rows[key]
        return result

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """The same rows in another type; so is the base, element by element."""
        result = super().astype(dtype, *args, **kwargs)
        if isinstance(result, Rows):
            result.base_array, result.rows = self.base_array, self.rows
        return result


def _takes_rows(key: Any) -> bool:
    if isinstance(key, slice):
        return True
    return isinstance(key, np.ndarray) and key.ndim == 1 and key.dtype.kind == "i"


def traced_rows(array: Any) -> Any:
    """The array, knowing its rows; anything that is no plain array as it is."""
    if isinstance(array, jax.Array) and not jax.dtypes.issubdtype(array.dtype, jax.dtypes.extended):
        array = np.asarray(array)
    if type(array) is not np.ndarray or array.ndim == 0 or array.dtype.kind not in "fiub":
        return array
    view = array.view(Rows)
    view.base_array = array
    view.rows = np.arange(len(array), dtype=np.int32)
    return view


def plain(array: Any) -> Any:
    """The array without what it knows."""
    return array.view(np.ndarray) if isinstance(array, Rows) else array


class DeviceData:
    """The user's arrays on the device, once each; those used last are kept."""

    def __init__(self) -> None:
        self._arrays: OrderedDict[tuple[int, str], tuple[Any, bytes, Any]] = OrderedDict()

    def array(self, base: np.ndarray[Any, Any], dtype: Any) -> Any:
        """`base` in that type, on the device; sent anew if it was changed in place."""
        key = (id(base), str(dtype))
        found, now = self._arrays.get(key), _looked_at(base)
        # The array is held, so its id is its own.
        if found is None or found[1] != now:
            found = (base, now, jax.device_put(base.astype(dtype)))
            self._arrays[key] = found
        self._arrays.move_to_end(key)
        while len(self._arrays) > _MOST_KEPT:
            self._arrays.popitem(last=False)
        return found[2]


def _looked_at(array: np.ndarray[Any, Any]) -> bytes:
    """What tells whether an array is still the same."""
    return array[:: array.nbytes // _SAMPLED_FROM + 1].tobytes()
