"""Whether a trial is the same in a wider program: some steps of both, side by side.

That padding stays zero and changes nothing depends on what a model computes. So it is not derived
but tried, on real batches, once for each structure of models. One place more in each layer shows it
as well as many, and what is compiled for few steps is compiled in haste.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from luthier.programs._jax_padding import Padding
from luthier.programs._jax_rules import IN_LOOPS
from luthier.programs._jax_trace import Trace

_STEPS = 3
_IN_HASTE = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
# Code that is made operation by operation takes a third of the time to make.
_PLAIN = {"xla_cpu_use_fusion_emitters": False}
# Of results, and of arrays of the state, each relative to its largest number where that is above 1.
# A weight whose slope is zero but for rounding may go anywhere at its optimizer's pace; where one
# matters, the results of the next steps show it.
_ALIKE = 1e-5
_ALIKE_STATE = 1e-2

DRIFTS = "its padding does not stay zero"
"""What is wrong where training changes zeros that should not matter."""


def disagreement(own: Trace, wider: Trace, padding: Padding, state: Any, batch: Any) -> str:
    """Why a trial is another in a wider program; "" if it is not.

    Args:
        own: the trace of its step.
        wider: the same, wider; a little is enough.
        padding: how its state lies in the wider one.
        state: its own.
        batch: what it is to be tried with.
    """
    narrow, wide = state, padding.pad(state)
    step, wide_step = _compiled(own, narrow, batch), _compiled(wider, wide, batch)
    for _ in range(_STEPS):
        logs, narrow = _ended(step(narrow, batch), state)
        wide_logs, wide = _ended(wide_step(wide, batch), state)
        if padding.outside(wide) != 0:
            return DRIFTS
        if _distance(logs, wide_logs) > _ALIKE:
            return "a wider program computes other results"
        if _distance(narrow, padding.cut(wide)) > _ALIKE_STATE:
            return "a wider program trains other weights"
    return ""


def _compiled(one: Trace, state: Any, batch: Any) -> Any:
    # Compiled in haste, a convolution of an odd number of channels takes a hundred times as long as
    # patches do, which are products.
    def step(state: Any, batch: Any) -> Any:
        return one.replay(one.constants, state, batch, rule=IN_LOOPS if on_cpu else None)

    on_cpu = jax.default_backend() == "cpu"
    lowered = jax.jit(step).lower(state, batch)
    if not on_cpu:
        return lowered.compile()
    try:
        return lowered.compile(compiler_options=_IN_HASTE | _PLAIN)
    except jax.errors.JaxRuntimeError:
        # An older compiler has no such option, and needs none.
        return lowered.compile(compiler_options=_IN_HASTE)


def _ended(result: Any, state: Any) -> tuple[list[Any], Any]:
    """Results, and the state as it was given, which comes last."""
    leaves, structure = jax.tree.leaves(result), jax.tree.structure(state)
    count = len(leaves) - structure.num_leaves
    return leaves[:count], jax.tree.unflatten(structure, leaves[count:])


def _distance(one: Any, other: Any) -> float:
    """The largest difference; infinite where one is no number and the other is."""
    largest = 0.0
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
        if not np.array_equal(np.isfinite(first), np.isfinite(second)):
            return float("inf")
        apart = np.abs(np.nan_to_num(first) - np.nan_to_num(second)).max(initial=0.0)
        scale = max(1.0, float(np.abs(np.nan_to_num(first)).max(initial=0.0)))
        largest = max(largest, float(apart) / scale)
    return largest
