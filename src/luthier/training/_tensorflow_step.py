"""A step on TensorFlow: a `tf.function`, with XLA if that is asked for.

In a search steps that differ in numbers only run one traced graph, each on its own variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from luthier.training._batches import as_array
from luthier.training._keras_fingerprint import Fingerprint, NotShareableError, fingerprint
from luthier.training._tensorflow_programs import Graphs, NoProgramError, Numbers, Program
from luthier.training._traces import TraceLog

Work = Callable[[Any], Any]


def convert(leaf: Any, floatx: str) -> Any:
    """An array of a batch, as TensorFlow takes it."""
    if not isinstance(leaf, np.ndarray) and tf.is_tensor(leaf):
        return leaf
    return tf.constant(as_array(leaf, floatx))


def rehearse(function: Callable[[Any], None], batch: Any, scope: Callable[..., Any]) -> None:
    """Call a function; whoever calls keeps its changes apart."""
    del scope
    function(batch)


class Runner:
    """Runs a program; see `_jax_step.Runner`.

    Args:
        program: what to run.
        log: counts traces.
        scope: not needed here.
        jit_compile: whether XLA compiles it.
        run_eagerly: one operation after the other, for debugging.
        programs: traced steps to share; None: none.

    Attributes:
        why: why a traced step could not be shared; "" if all could.
        own_numbers_why: why one was traced though only numbers differ; "" if none was.
    """

    def __init__(
        self,
        program: Any,
        log: TraceLog,
        scope: Callable[..., Any],
        *,
        jit_compile: bool | None,
        run_eagerly: bool,
        programs: Graphs | None,
    ) -> None:
        del scope
        self.why = self.own_numbers_why = ""
        works: dict[str, Work] = {
            kind: work if run_eagerly else _counted(kind, work, log)
            for kind, work in (("train", program.train), ("test", program.test))
        }
        self._steps = works
        if not run_eagerly:
            self._steps = {
                kind: _Traced(work, xla=bool(jit_compile)) for kind, work in works.items()
            }
        if programs is None:
            return
        try:
            if run_eagerly or jit_compile or tf.distribute.has_strategy():
                raise NotShareableError("its step is eager, distributed, or compiled by XLA")
            look = fingerprint(program.model, program.facts)
        except NotShareableError as error:
            self.why = str(error)
            return
        numbers = Numbers(look.scalars)
        self._steps = {
            kind: _Shared(kind, work, self._steps[kind], (look, numbers), programs, self)
            for kind, work in works.items()
        }

    def run(self, kind: str, batch: Any) -> Any:
        """Train with a batch, or look at one; its loss."""
        return self._steps[kind](batch)

    def sync(self) -> None:
        """Nothing: the variables are what is changed."""


class _Traced:
    """A step as graphs of its own, chosen by the form of the batch.

    TensorFlow's own choice among graphs takes as long as a small step does.

    Args:
        work: the step, which counts its traces.
        xla: whether XLA compiles it.
    """

    def __init__(self, work: Work, *, xla: bool) -> None:
        # A second size of batches makes the traced size variable: there is no third trace for a
        # third.
        self._traced = tf.function(work, reduce_retracing=True, jit_compile=xla, autograph=False)
        self._graphs: dict[Any, Work] = {}

    def __call__(self, batch: Any) -> Any:
        """The loss of a batch."""
        form = _form(batch)
        graph = self._graphs.get(form)
        if graph is None:
            graph = self._graphs[form] = self._traced.get_concrete_function(batch)
        return graph(batch)


class _Shared:
    """A step that takes, for each form of batches, the graph of a step that was the same.

    Args:
        kind: "train" or "test".
        work: the step, which counts its traces.
        alone: the same as a graph of its own, for what cannot be shared.
        look: the model before anything was traced, and its numbers.
        graphs: where graphs are kept.
        told: whose `why` and `own_numbers_why` are set.
    """

    def __init__(
        self,
        kind: str,
        work: Work,
        alone: Work,
        look: tuple[Fingerprint, Numbers],
        graphs: Graphs,
        told: Runner,
    ) -> None:
        self._kind = kind
        self._work = work
        self._alone = alone
        self._look, self._numbers = look
        self._graphs = graphs
        self._told = told
        self._bound: dict[Any, Work] = {}

    def __call__(self, batch: Any) -> Any:
        """The loss of a batch."""
        form = _form(batch)
        if form not in self._bound:
            self._bound[form] = self._bind(form, batch)
        return self._bound[form](batch)

    def _bind(self, form: Any, batch: Any) -> Work:
        key = (self._look.key, f"step by hand, {self._kind}", repr(form))
        program = self._graphs.get(key, self._numbers)
        if program is None:
            try:
                program = Program(self._work, batch, self._look.variables, self._numbers)
            except NoProgramError as error:
                self._told.why = str(error)
                return self._alone
            if self._kind == "train":
                program.fix_unread()
            self._graphs.add(key, program)
            why = self._graphs.meet(self._look.key, self._look.kin, self._look.read)
            self._told.own_numbers_why = self._told.own_numbers_why or why
        return program.bind(self._look.variables, self._numbers)


def _form(part: Any) -> Any:
    """What a graph depends on in a part of a batch; can be hashed."""
    if isinstance(part, tf.Tensor):
        return part.shape, part.dtype
    if isinstance(part, tuple | list):
        return type(part), *map(_form, part)
    if isinstance(part, Mapping):
        return tuple((name, _form(part[name])) for name in sorted(part))
    return None if part is None else tf.type_spec_from_value(part)


def _counted(kind: str, work: Work, log: TraceLog) -> Work:
    def step(batch: Any) -> Any:
        loss = work(batch)
        log.count(kind)
        return loss

    return step
