"""Rows of a user's data, whatever holds them: the parts that a fold trains on and is judged by.

Enters: arrays, DataFrames and Series, sparse matrices, tensors, lists, and lists, tuples or dicts
of these for models of several inputs; numbers of rows. Leaves: the same, with those rows. No
package is imported: things are known by what they can do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

ACCEPTED = (
    "NumPy arrays, pandas DataFrames and Series, SciPy sparse matrices, tensors, or lists, tuples "
    "and dicts of these"
)


def take(data: Any, rows: Any) -> Any:
    """Some rows of the data.

    Args:
        data: what has rows, or several such things in a list, tuple or dict; None stays None.
        rows: their numbers, shape `(n,)`.

    Raises:
        TypeError: for what has no rows that can be picked; names what is accepted.
    """
    if data is None:
        return None
    if isinstance(data, Mapping):
        return {name: take(one, rows) for name, one in data.items()}
    if hasattr(data, "iloc"):
        return data.iloc[rows]
    if hasattr(data, "tocsr"):
        return data.tocsr()[rows]
    if isinstance(data, list | tuple):
        return _from_list(data, rows)
    if hasattr(data, "shape"):
        return as_array(data)[rows]
    raise TypeError(refusal(data))


def count(data: Any) -> int:
    """How many rows there are.

    Raises:
        TypeError: for what has no rows that can be picked.
    """
    if isinstance(data, Mapping):
        data = list(data.values())
    if isinstance(data, list | tuple) and data and _has_rows(data[0]):
        return count(data[0])
    shape = getattr(data, "shape", None)
    if shape is not None and len(shape) and shape[0] is not None:
        return int(shape[0])
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return len(data)
    raise TypeError(refusal(data))


def refusal(data: object) -> str:
    """What to tell about data that cannot be split."""
    return f"Expected the data to be {ACCEPTED}, got {type(data).__module__}.{type(data).__name__}."


def as_array(data: Any) -> Any:
    """A tensor, DataFrame or the like as a NumPy array; an array as it is."""
    if hasattr(data, "detach"):
        data = data.detach().cpu()
    return np.asarray(data)


def _has_rows(one: object) -> bool:
    return hasattr(one, "iloc") or hasattr(one, "tocsr") or len(getattr(one, "shape", ())) > 0


def _from_list(data: Any, rows: Any) -> Any:
    if data and _has_rows(data[0]):
        return type(data)(take(one, rows) for one in data)
    return [data[row] for row in rows]
