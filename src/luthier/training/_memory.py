"""Keeping memory flat over a search: what is done between trials, and no more.

A Keras model is a web of cycles, so it lives until the garbage collector comes by; TensorFlow also
keeps a list of gradients by name for ever, and JAX every program that it compiled. `released` sees
to all three after each trial. A full collection looks at every object of the frameworks, a third of
a second each time; inside `steady` those that were there before the search are set aside, and it
takes milliseconds. `keras.backend.clear_session` is not needed on any backend. What JAX compiled is
kept on disk by `programs_kept_in`: there it is found again, whether memory has forgotten it or the
process has ended.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from luthier.training._backend import backend_in_use


@contextmanager
def released(keeps_programs: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Let go of the models, graphs and arrays that were made inside and are used by nobody.

    Args:
        keeps_programs: asked at the end: whether what JAX traced and compiled stays in its caches,
            because nothing in there is of use to one trial only.
    """
    known = _gradients()
    try:
        yield
    finally:
        if "tensorflow.python.framework.ops" in sys.modules:
            from luthier.training._tensorflow import forget_gradients

            forget_gradients(_gradients() - known)
        gc.collect()
        if _trains_with_jax() and not keeps_programs():
            from luthier.training._jax import forget_programs

            forget_programs()


@contextmanager
def steady() -> Iterator[None]:
    """Around a search: collections inside look at what trials made and at nothing older."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def programs_kept_in(folder: Path) -> Iterator[None]:
    """Keep what JAX compiles in a folder, where the next run finds it; elsewhere does nothing."""
    if backend_in_use() != "jax":
        yield
        return
    from luthier.training import _jax, _jax_cache

    _jax.begin()
    with _jax_cache.programs_kept_in(folder):
        yield


def _trains_with_jax() -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and keras.backend.backend() == "jax"


def _gradients() -> frozenset[str]:
    if "tensorflow.python.framework.ops" not in sys.modules:
        return frozenset()
    from luthier.training._tensorflow import traced_gradients

    return traced_gradients()
