"""One compiled program for many trials: traces, what differs between them, and what is kept.

Knows arrays and traces only; neither trials nor Keras. JAX is imported at the first call.

A trace of a function is its *skeleton* (which operations, on which shapes) and its *constants*
(the numbers in them: a dropout rate, a weight decay). Functions with the same skeleton share one
compiled program, in which the constants that differ are inputs. What runs is always the function's
own trace: a Python branch, another shape or another structure give another skeleton, never a wrong
result.

    programs = Programs()
    for rate in (0.1, 0.2, 0.3):

        def step(weights, x, rate=rate):
            return weights - rate * x

        run = programs.compiled(step, weights, x)  # compiled for the first, shared by the others
        weights = run(weights, x)

- `Programs().compiled(function, *example_args)`: a callable of the same arguments;
- `Programs().bind(traces, maker)`: the same for a function made of several traces, such as a scan
  over batches; `trace(function, *example_args)` makes one;
- `Family()`: learns from traces what those for other numbers are;
- `Widening(trace, leaves)`: the same function for wider arrays, so that models of all widths have
  one skeleton; `disagreement` tries whether it is still the same; `IN_BLOCKS`, of products in it no
  more is computed than the narrower one fills;
- `SizedFamily(…)`: learns from such traces what those for other widths are;
- `masked(full, last, leaves, rows)`: one trace for full batches and a last one of fewer rows;
- `UntraceableError`: why a function has no trace that could be shared.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luthier.programs._jax_agreement import DRIFTS, disagreement
    from luthier.programs._jax_blocks import IN_BLOCKS, WHOLE, Form
    from luthier.programs._jax_convolutions import ConvolutionProbe, as_patches
    from luthier.programs._jax_families import Family
    from luthier.programs._jax_masking import masked
    from luthier.programs._jax_packing import Packer, Request
    from luthier.programs._jax_padding import Padding
    from luthier.programs._jax_programs import CALL, Bound, Maker, Programs
    from luthier.programs._jax_rules import IN_LOOPS
    from luthier.programs._jax_sizes import SizedFamily
    from luthier.programs._jax_trace import Rule, Trace, UntraceableError, trace
    from luthier.programs._jax_widths import Widening
    from luthier.programs._lanes import Context, Lanes

_HOMES = {
    "DRIFTS": "_jax_agreement",
    "Form": "_jax_blocks",
    "IN_BLOCKS": "_jax_blocks",
    "WHOLE": "_jax_blocks",
    "ConvolutionProbe": "_jax_convolutions",
    "as_patches": "_jax_convolutions",
    "Context": "_lanes",
    "Lanes": "_lanes",
    "Family": "_jax_families",
    "masked": "_jax_masking",
    "Packer": "_jax_packing",
    "Padding": "_jax_padding",
    "Request": "_jax_packing",
    "CALL": "_jax_programs",
    "Bound": "_jax_programs",
    "Maker": "_jax_programs",
    "Programs": "_jax_programs",
    "IN_LOOPS": "_jax_rules",
    "SizedFamily": "_jax_sizes",
    "Rule": "_jax_trace",
    "Trace": "_jax_trace",
    "UntraceableError": "_jax_trace",
    "Widening": "_jax_widths",
    "disagreement": "_jax_agreement",
    "trace": "_jax_trace",
}

__all__ = [
    "CALL",
    "DRIFTS",
    "IN_BLOCKS",
    "IN_LOOPS",
    "WHOLE",
    "Bound",
    "Context",
    "ConvolutionProbe",
    "Family",
    "Form",
    "Lanes",
    "Maker",
    "Packer",
    "Padding",
    "Programs",
    "Request",
    "Rule",
    "SizedFamily",
    "Trace",
    "UntraceableError",
    "Widening",
    "as_patches",
    "disagreement",
    "masked",
    "trace",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'luthier.programs' has no attribute {name!r}")
    return getattr(importlib.import_module(f"luthier.programs.{home}"), name)
