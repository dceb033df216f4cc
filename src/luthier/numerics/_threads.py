"""One thread for small linear algebra.

The matrices of a search are small: several BLAS threads spend their time waiting for each other, on
a busy machine many times what the work itself takes, and may add up in another order from run to
run. Only the OpenBLAS that the wheels of numpy and scipy bring is known here; with any other
nothing changes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy
import scipy

_PREFIXES = ("scipy_openblas_", "openblas_")
_ENDINGS = ("64_", "")

Knob = tuple[Callable[[], int], Callable[[int], None]]


@contextmanager
def one_thread() -> Iterator[None]:
    """While this lasts, numpy and scipy compute in the calling thread only."""
    knobs = _knobs()
    before = [get() for get, _ in knobs]
    for _, put in knobs:
        put(1)
    try:
        yield
    finally:
        for (_, put), count in zip(knobs, before, strict=True):
            put(count)


@cache
def _knobs() -> tuple[Knob, ...]:
    """How to read and set the number of threads of each OpenBLAS that is loaded."""
    found = []
    for package in (numpy, scipy):
        home = Path(str(package.__file__)).parent
        for folder in (home.with_name(f"{home.name}.libs"), home / ".dylibs"):
            for path in sorted(folder.glob("*openblas*")):
                knob = _knob(path)
                if knob is not None:
                    found.append(knob)
    return tuple(found)


def _knob(path: Path) -> Knob | None:
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        return None
    for prefix in _PREFIXES:
        for ending in _ENDINGS:
            try:
                get = library[f"{prefix}get_num_threads{ending}"]
                put = library[f"{prefix}set_num_threads{ending}"]
            except AttributeError:
                continue
            put.argtypes, put.restype = (ctypes.c_int,), None
            return get, put
    return None
