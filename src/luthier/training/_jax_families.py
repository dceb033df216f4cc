"""Traces of a search's models, made only where they cannot be told from those of others.

Enters: a model, and what its step is traced for. Leaves: the trace. Models of one fingerprint have
the same trace but for numbers, so after a few of them the others are not traced at all: of a small
model that is most of what a trial costs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

import jax

from luthier.programs import Family, Trace, UntraceableError, masked, trace
from luthier.training._keras_fingerprint import Fingerprint, NotShareableError, fingerprint

# Each holds a trace; a model has two to six: for training and for validation that of full batches,
# of a last one and of both together.
_MOST_KEPT = 32
SETTINGS = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_numpy_dtype_promotion",
    "jax_default_prng_impl",
    "jax_threefry_partitionable",
    "jax_debug_nans",
)


class Families:
    """Families of traces by what they depend on; those used last are kept.

    Attributes:
        traced: how many traces were made.
    """

    def __init__(self) -> None:
        self.traced = 0
        self._families: OrderedDict[Hashable, Family] = OrderedDict()
        # Steps whose last batch needs a trace of its own.
        self._apart: set[Hashable] = set()

    def traces(
        self, model: Any, look: Fingerprint | None, kind: str, wanted: Sequence[tuple[Any, Any]]
    ) -> list[Trace]:
        """Traces of a model's step.

        Args:
            model: compiled and built.
            look: what `look_through` saw of it.
            kind: "train" or "test".
            wanted: states and batches to trace it for.

        Raises:
            UntraceableError: if it has none that could be shared.
        """
        return [self._trace(model, kind, look, state, batch) for state, batch in wanted]

    def joint(
        self,
        model: Any,
        look: Fingerprint | None,
        kind: str,
        state: Any,
        batches: tuple[Any, Any],
    ) -> Trace | None:
        """One trace for full batches and for the last one, called with `(batch, is_last)`.

        Args:
            model: compiled and built.
            look: what `look_through` saw of it.
            kind: "train" or "test".
            state: to trace it for.
            batches: a full one and the last one, whose arrays have as many rows each.

        Returns:
            None if it cannot be seen that it would be the same, or a model would have to be looked
            at anew for each trial.
        """
        if look is None:
            return None
        key = (look.key, kind, types_of(state), *map(types_of, batches))
        if key in self._apart:
            return None
        family, numbers = self._family(key), [scalar.value for scalar in look.scalars]
        one = family.tell(numbers)
        if one is None:
            full, last = (self._trace(model, kind, look, state, batch) for batch in batches)
            most, fewer = (len(jax.tree.leaves(batch)[0]) for batch in batches)
            leaves = jax.tree.structure(state).num_leaves
            try:
                one = masked(full, last, leaves, (most, fewer))
            except UntraceableError:
                self._apart.add(key)
                return None
            family.add(numbers, one)
        return one

    def _trace(
        self, model: Any, kind: str, look: Fingerprint | None, state: Any, batch: Any
    ) -> Trace:
        step = getattr(model, f"{kind}_step")
        if look is None:
            self.traced += 1
            return trace(step, state, batch)
        family = self._family((look.key, kind, types_of(state), types_of(batch)))
        numbers = [scalar.value for scalar in look.scalars]
        one = family.tell(numbers)
        if one is None:
            self.traced += 1
            one = trace(step, state, batch)
            family.add(numbers, one)
        return one

    def _family(self, key: Hashable) -> Family:
        family = self._families.setdefault(key, Family())
        self._families.move_to_end(key)
        while len(self._families) > _MOST_KEPT:
            self._families.popitem(last=False)
        return family


def types_of(tree: Any) -> Hashable:
    """How a tree is nested, and the shapes and types in it."""
    leaves, structure = jax.tree.flatten(tree)
    return structure, tuple((leaf.shape, leaf.dtype) for leaf in leaves)


def look_through(model: Any) -> Fingerprint | None:
    """What the steps of a model that is compiled and built depend on; None if it cannot be seen."""
    try:
        return fingerprint(model, *(str(getattr(jax.config, name, "")) for name in SETTINGS))
    except NotShareableError:
        return None
    except Exception:
        # Another Keras may be made otherwise; a trace tells what there is.
        return None
