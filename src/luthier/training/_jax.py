"""The door to JAX: how hard it tries when it compiles, what it keeps of trials that are over.

Every compiled step stays in JAX's caches, for the next call of the very same function; but each
trial traces functions of its own. Without forgetting them a search of 200 small models grows by
hundreds of megabytes.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os

import jax

_FLAGS = "XLA_FLAGS"
_LEVEL = "xla_backend_optimization_level"


def begin() -> None:
    """Have JAX begin, if it has not, with an LLVM that does less where that makes nothing slower.

    A search compiles much that runs once: the random numbers that a new shape of weights begins
    with take 0.6 s of a CPU to be compiled, and 0.2 s at level 2 instead of 3, which gives the same
    bits. A user's own choice in `XLA_FLAGS` stands, and where there may be an accelerator nothing
    is changed. XLA reads the variable when JAX begins; afterwards it is as it was.
    """
    before = os.environ.get(_FLAGS)
    if _LEVEL in (before or "") or _may_have_accelerator():
        return
    os.environ[_FLAGS] = f"{before or ''} --{_LEVEL}=2".strip()
    try:
        jax.devices()
    finally:
        if before is None:
            del os.environ[_FLAGS]
        else:
            os.environ[_FLAGS] = before


def _may_have_accelerator() -> bool:
    """Whether JAX might find one; to ask JAX itself would have it begin."""
    if jax.config.jax_platforms:
        return bool(jax.config.jax_platforms != "cpu")
    found = any(map(importlib.util.find_spec, ("jax_plugins", "libtpu")))
    return found or bool(importlib.metadata.entry_points(group="jax_plugins"))


def has_accelerator() -> bool:
    """Whether JAX computes on something else than the CPU."""
    begin()
    return bool(jax.default_backend() != "cpu")


def forget_programs() -> None:
    """Empty JAX's caches of traced and compiled programs; what is still needed is made again."""
    jax.clear_caches()
