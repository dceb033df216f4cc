"""Lets models of one search run each other's traced steps on TensorFlow.

Keras's `fit`, its callbacks and its data stay as they are: only what `fit` calls for each batch is
another function. It looks at the model when Keras would trace it, and takes the program of a model
that was the same but for numbers; where there is none, it traces one. Whatever cannot be shared is
run by the function that Keras made, and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import tensorflow as tf

from luthier.training._keras_fingerprint import Fingerprint, NotShareableError, fingerprint
from luthier.training._tensorflow_programs import NoProgramError, Numbers, Program, Programs

_KINDS = ("train", "test")


class Notes(Protocol):
    """Hears how a model is trained."""

    def shared(self) -> None:
        """It runs a program that others run too."""

    def fall_back(self, reason: str) -> None:
        """It is trained as Keras would; may raise."""


def share_steps(model: Any, programs: Programs, notes: Notes) -> None:
    """Put functions into the model that make its steps shared ones.

    Args:
        model: a Keras model.
        programs: of the search.
        notes: told how it goes.
    """
    looks = _Looks(model)
    for kind in _KINDS:
        # Past Keras's __setattr__, which would track it as a part of the model.
        vars(model)[f"make_{kind}_function"] = partial(_make, looks, kind, programs, notes)


def _make(looks: _Looks, kind: str, programs: Programs, notes: Notes, force: bool = False) -> Any:
    """What Keras's method of that name does, and a shared step in place of what it made."""
    model, name = looks.model, f"{kind}_function"
    getattr(type(model), f"make_{kind}_function")(model, force=force)
    made = getattr(model, name)
    if not isinstance(made, SharedStep):
        made = SharedStep(looks, kind, made, programs, notes)
        setattr(model, name, made)
    return made


class SharedStep:
    """A step that is chosen when it is first called, as Keras traces its own.

    Args:
        looks: at the model.
        kind: "train" or "test".
        own: the function that Keras made.
        programs: of the search.
        notes: told how it goes.
    """

    def __init__(
        self, looks: _Looks, kind: str, own: Callable[[Any], Any], programs: Programs, notes: Notes
    ) -> None:
        self._looks = looks
        self._kind = kind
        self._own = own
        self._programs = programs
        self._notes = notes
        self._spec: Any = None
        self._step = own

    def __call__(self, iterator: Any) -> Any:
        """Run the step on the next batch; what it counted."""
        if not isinstance(iterator, tf.data.Iterator):
            return self._own(iterator)
        if iterator.element_spec != self._spec:
            self._spec = iterator.element_spec
            self._step = self._choose(iterator)
            result = self._step(iterator)
            self._looks.settle()
            return result
        return self._step(iterator)

    def _choose(self, iterator: Any) -> Callable[[Any], Any]:
        model = self._looks.model
        reason = _against(model)
        if not reason:
            try:
                _complete(model, iterator.element_spec)
                step = self._shared(iterator)
            except (NotShareableError, NoProgramError) as error:
                reason = str(error)
        if reason:
            self._notes.fall_back(reason)
            return self._own
        self._notes.shared()
        return step

    def _shared(self, iterator: Any) -> Callable[[Any], Any]:
        look, numbers = self._looks.take()
        key = (look.key, self._kind, repr(iterator.element_spec))
        program = self._programs.get(key, numbers)
        if program is None:
            step = partial(_step, self._looks.model, self._kind)
            program = Program(step, iterator, look.variables, numbers)
            if self._kind == "train":
                program.fix_unread()
            self._programs.add(key, program)
        return program.bind(look.variables, numbers)


class _Looks:
    """What a model was when its first step was chosen.

    Tracing leaves marks on a model. As long as nothing but that happened to it, its second step is
    looked up by what it was before the first.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._first: tuple[Fingerprint, Numbers] | None = None
        self._after: tuple[Any, ...] | None = None

    def take(self) -> tuple[Fingerprint, Numbers]:
        """How the model is, and its numbers."""
        now = fingerprint(self.model)
        if self._first is None or self._after != _facts(now):
            self._first = (now, Numbers(now.scalars))
        return self._first

    def settle(self) -> None:
        """Take note of the marks that a step has left."""
        if self._first is not None:
            self._after = _facts(fingerprint(self.model))


def _facts(look: Fingerprint) -> tuple[Any, ...]:
    return (look.key, *(scalar.value for scalar in look.scalars))


def _against(model: Any) -> str:
    """Why a model is not to be looked at at all, or ""."""
    if model.run_eagerly or tf.config.functions_run_eagerly():
        return "it runs eagerly"
    if model.steps_per_execution != 1:
        return "it takes several steps at once (steps_per_execution)"
    if tf.distribute.has_strategy() or getattr(model, "_distribute_strategy", None) is not None:
        return "it is distributed"
    return ""


def _complete(model: Any, spec: Any) -> None:
    """Make what tracing would make: variables of the optimizer, of metrics, of the model itself.

    Raises:
        NoProgramError: if this Keras builds models in another way.
    """
    try:
        if _is_complete(model):
            return
        model._symbolic_build(data_batch=spec)
    except Exception as error:
        raise NoProgramError(f"it is built by its first batch ({type(error).__name__})") from error


def _is_complete(model: Any) -> bool:
    parts = (model, model.optimizer, model._compile_metrics, model._compile_loss)
    return all(part is None or part.built for part in parts)


def _step(model: Any, kind: str, iterator: Any) -> Any:
    """One step, as Keras's own function takes it."""
    step = model._autoconvert_optionals(getattr(model, f"{kind}_step"))
    if model.jit_compile:
        step = tf.function(step, jit_compile=True, reduce_retracing=True)
    return model.distribute_strategy.run(step, args=(iterator.get_next(),))
