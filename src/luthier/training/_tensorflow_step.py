"""A step on TensorFlow: a `tf.function`, with XLA if that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from luthier.training._traces import TraceLog


def convert(leaf: Any, floatx: str) -> Any:
    """An array of a batch, as TensorFlow takes it."""
    if tf.is_tensor(leaf):
        return leaf
    array = np.asarray(leaf)
    return tf.convert_to_tensor(array.astype(floatx) if array.dtype == np.float64 else array)


def rehearse(function: Callable[[Any], None], batch: Any, scope: Callable[..., Any]) -> None:
    """Call a function; whoever calls keeps its changes apart."""
    del scope
    function(batch)


class Runner:
    """Runs a program; see `_jax_step.Runner`."""

    def __init__(
        self,
        program: Any,
        log: TraceLog,
        scope: Callable[..., Any],
        *,
        jit_compile: bool | None,
        run_eagerly: bool,
        programs: Any,
    ) -> None:
        del scope, programs
        self.why = ""
        self._steps = {
            kind: getattr(program, kind)
            if run_eagerly
            else _traced(kind, getattr(program, kind), log, xla=bool(jit_compile))
            for kind in ("train", "test")
        }

    def run(self, kind: str, batch: Any) -> Any:
        """Train with a batch, or look at one; its loss."""
        return self._steps[kind](batch)

    def sync(self) -> None:
        """Nothing: the variables are what is changed."""


def _traced(kind: str, work: Callable[[Any], Any], log: TraceLog, *, xla: bool) -> Any:
    def step(batch: Any) -> Any:
        loss = work(batch)
        log.count(kind)
        return loss

    # A second size of batches makes the traced size variable: there is no third trace for a third.
    return tf.function(step, reduce_retracing=True, jit_compile=xla, autograph=False)
