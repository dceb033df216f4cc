"""The door to JAX: what it keeps of trials that are over.

Every compiled step stays in JAX's caches, for the next call of the very same function; but each
trial traces functions of its own. Without forgetting them a search of 200 small models grows by
hundreds of megabytes.
"""

from __future__ import annotations

import jax


def has_accelerator() -> bool:
    """Whether JAX computes on something else than the CPU."""
    return bool(jax.default_backend() != "cpu")


def forget_programs() -> None:
    """Empty JAX's caches of traced and compiled programs; what is still needed is made again."""
    jax.clear_caches()
