"""What a trial runs: hypermodels, plain functions, and the glue to Keras on each backend.

Light: `HyperModel`, `as_hypermodel`, `summarize` (what `fit` returned → `Result`),
`evaluate_function` (a Python function → `Evaluate`) and `discover` need no framework. What needs
Keras stands in `_keras_*.py` files and is imported when a Keras model is first built.
"""

from __future__ import annotations

from luthier.training._discovery import discover
from luthier.training._function import evaluate_function
from luthier.training._hypermodel import DefaultHyperModel, HyperModel, as_hypermodel
from luthier.training._results import FIT, RUN_TRIAL, Result, average, best_epoch, summarize

__all__ = [
    "FIT",
    "RUN_TRIAL",
    "DefaultHyperModel",
    "HyperModel",
    "Result",
    "as_hypermodel",
    "average",
    "best_epoch",
    "discover",
    "evaluate_function",
    "summarize",
]
