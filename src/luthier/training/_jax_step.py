"""A step on JAX: compiled by `jax.jit`, handed all variables, and giving them back.

Between steps the variables' values are held here and not in the variables; `sync` puts them back.
In a search steps of the same skeleton share one compiled program.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from luthier.programs import Maker, Programs, UntraceableError, trace
from luthier.training._batches import as_array
from luthier.training._traces import TraceLog, signature_of

STEP = Maker(lambda replay: replay, "step by hand", donate=(0,))


class _UnknownVariablesError(Exception):
    """A step changes variables that nobody named: a user's own metrics, seeds and the like."""

    def __init__(self, variables: list[Any]) -> None:
        super().__init__("variables beside those of the model")
        self.variables = variables


def convert(leaf: Any, floatx: str) -> Any:
    """An array of a batch, as JAX takes it."""
    if isinstance(leaf, jax.Array):
        return leaf
    return as_array(leaf, floatx)


def rehearse(function: Callable[[Any], None], batch: Any, scope: Callable[..., Any]) -> None:
    """Call a function with shapes in place of arrays."""

    def pure(batch: Any) -> None:
        with scope():
            function(batch)

    jax.eval_shape(pure, batch)


class Runner:
    """Runs a program.

    Args:
        program: what to run.
        log: counts traces.
        scope: keeps changes of variables apart.
        jit_compile: is always so.
        run_eagerly: one operation after the other, for debugging.
        programs: compiled programs to share; None: JAX's own cache.

    Attributes:
        why: why a program could not be shared; "" if all could.
        own_numbers_why: "", for numbers of all kinds are inputs of programs on JAX.
    """

    def __init__(
        self,
        program: Any,
        log: TraceLog,
        scope: Callable[..., Any],
        *,
        jit_compile: bool | None,
        run_eagerly: bool,
        programs: Programs | None,
    ) -> None:
        del jit_compile
        self.why = self.own_numbers_why = ""
        self._programs = programs
        self._program = program
        self._log = log
        self._scope = scope
        self._is_eager = run_eagerly
        self._variables: list[Any] = program.variables
        self._held: list[Any] | None = None
        self._steps = self._made()

    def run(self, kind: str, batch: Any) -> Any:
        """Train with a batch, or look at one; its loss."""
        state = self._held or [variable.value for variable in self._variables]
        try:
            loss, self._held = self._steps[kind](state, batch)
        except _UnknownVariablesError as error:
            self.sync()
            with self._scope():  # Leaving it gives new variables their first values.
                pass
            self._variables += error.variables
            self._steps = self._made()
            return self.run(kind, batch)
        return loss

    def sync(self) -> None:
        """Put what is held into the Keras variables."""
        held, self._held = self._held, None
        if held is not None:
            for variable, value in zip(self._variables, held, strict=True):
                variable.assign(value)

    def _made(self) -> dict[str, Callable[..., Any]]:
        return {kind: self._step(kind) for kind in ("train", "test")}

    def _step(self, kind: str) -> Callable[..., Any]:
        work = getattr(self._program, kind)
        if self._is_eager:

            def eagerly(state: list[Any], batch: Any) -> Any:
                return work(batch), None

            return eagerly
        variables = list(self._variables)
        known = {id(variable) for variable in variables}

        def step(state: list[Any], batch: Any) -> Any:
            with self._scope(zip(variables, state, strict=True)) as scope:
                scope.initialize_variables = False
                loss = work(batch)
            unknown = [v for v in scope.assigned if id(v) not in known]
            if unknown:
                raise _UnknownVariablesError(unknown)
            self._log.count(kind)
            return loss, [scope.value_of(variable) for variable in variables]

        compiled: Callable[..., Any] = jax.jit(step, donate_argnums=0)
        return compiled if self._programs is None else self._shared(step, compiled)

    def _shared(self, step: Callable[..., Any], alone: Callable[..., Any]) -> Callable[..., Any]:
        """The step, one program a skeleton; alone where it has none that could be shared."""
        programs = self._programs
        bound: dict[str, Callable[..., Any]] = {}

        def run(state: list[Any], batch: Any) -> Any:
            key = str(signature_of(batch))
            if key not in bound and programs is not None:
                try:
                    bound[key] = programs.bind([trace(step, state, batch)], STEP)
                except UntraceableError as error:
                    if isinstance(error.__cause__, _UnknownVariablesError):
                        raise error.__cause__ from None
                    bound[key], self.why = alone, str(error)
            return bound[key](state, batch)

        return run
