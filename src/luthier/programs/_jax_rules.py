"""Which operations of a trace are computed another way than JAX would, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from luthier.programs._jax_convolutions import as_patches
from luthier.programs._jax_pooling import as_slices
from luthier.programs._jax_random import as_rounds
from luthier.programs._jax_trace import Rule


def first_of(*rules: Rule) -> Rule:
    """A rule: what the first gives that gives something."""

    def first(equation: Any, operands: Sequence[Any]) -> Any:
        results = (rule(equation, operands) for rule in rules)
        return next((result for result in results if result is not None), None)

    return first


ALWAYS = first_of(as_slices, as_rounds)
"""In every program."""

IN_LOOPS = first_of(as_patches, as_slices, as_rounds)
"""Inside of a loop over batches."""
