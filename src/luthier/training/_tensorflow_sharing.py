"""Lets models of one search run each other's traced steps on TensorFlow.

Keras's `fit`, its callbacks and its data stay as they are: only what `fit` calls for each batch is
another function. It looks at the model when Keras would trace it, and takes the program of a model
that was the same but for numbers; where there is none, it traces one. Whatever cannot be shared is
run by the function that Keras made, and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from luthier.training._keras_fingerprint import Fingerprint, NotShareableError, fingerprint
from luthier.training._sharing import COMPILED_ONCE, Sharing
from luthier.training._tensorflow_programs import NoProgramError, Numbers, Program

_KINDS = ("train", "test")


def share_steps(model: Any, sharing: Sharing, info: dict[str, Any]) -> None:
    """Put functions into the model that make its steps shared ones.

    Args:
        model: a Keras model.
        sharing: what the search's trials share.
        info: told how the model was trained.
    """
    use = _Use(_Looks(model), sharing, info)
    for kind in _KINDS:
        # Past Keras's __setattr__, which would track it as a part of the model.
        vars(model)[f"make_{kind}_function"] = partial(_make, use, kind)


def _make(use: _Use, kind: str, force: bool = False) -> Any:
    """What Keras's method of that name does, and a shared step in place of what it made."""
    model, name = use.looks.model, f"{kind}_function"
    getattr(type(model), f"make_{kind}_function")(model, force=force)
    made = getattr(model, name)
    if not isinstance(made, SharedStep):
        made = SharedStep(use, kind, made)
        setattr(model, name, made)
    return made


class SharedStep:
    """A step that is chosen when it is first called, as Keras traces its own.

    Args:
        use: the model, and what it shares.
        kind: "train" or "test".
        own: the function that Keras made.
    """

    def __init__(self, use: _Use, kind: str, own: Callable[[Any], Any]) -> None:
        self._use = use
        self._kind = kind
        self._own = own
        self._spec: Any = None
        self._step = own

    def __call__(self, iterator: Any) -> Any:
        """Run the step on the next batch; what it counted."""
        if not isinstance(iterator, tf.data.Iterator):
            return self._own(iterator)
        if iterator.element_spec == self._spec:
            return self._step(iterator)
        self._spec = iterator.element_spec
        self._step = self._choose(iterator)
        result = self._step(iterator)
        self._use.looks.settle()
        return result

    def _choose(self, iterator: Any) -> Callable[[Any], Any]:
        info, reason = self._use.info, ""
        try:
            step = self._shared(iterator)
        except (NotShareableError, NoProgramError) as error:
            reason = str(error)
        except Exception as error:
            # Another Keras or TensorFlow may be made otherwise: its own function works anyway.
            reason = f"{type(error).__name__}: {error}"
        if reason:
            self._use.sharing.fall_back(reason, info)
            return self._own
        info.setdefault("ran", COMPILED_ONCE)
        return step

    def _shared(self, iterator: Any) -> Callable[[Any], Any]:
        model, graphs = self._use.looks.model, self._use.sharing.graphs
        _check(model)
        _complete(model, iterator.element_spec)
        look, numbers = self._use.looks.take()
        key = (look.key, self._kind, repr(iterator.element_spec))
        program = graphs.get(key, numbers)
        if program is None:
            program = Program(partial(_step, model, self._kind), iterator, look.variables, numbers)
            if self._kind == "train":
                program.fix_unread()
            graphs.add(key, program)
            why = graphs.meet(look.key, look.kin, look.read)
            if why:
                self._use.info["own_numbers_why"] = why
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
        self._after = None
        if self._first is not None:
            with suppress(NotShareableError):
                self._after = _facts(fingerprint(self.model))


@dataclass(frozen=True)
class _Use:
    """A model, what it shares, and who is told."""

    looks: _Looks
    sharing: Sharing
    info: dict[str, Any]


def _facts(look: Fingerprint) -> tuple[Any, ...]:
    return (look.key, *(scalar.value for scalar in look.scalars))


def _check(model: Any) -> None:
    """Refuse models whose steps are no graphs of their own.

    Raises:
        NoProgramError: saying what is in the way.
    """
    if model.run_eagerly or tf.config.functions_run_eagerly():
        raise NoProgramError("it runs eagerly")
    if model.steps_per_execution != 1:
        raise NoProgramError("it takes several steps at once (steps_per_execution)")
    if tf.distribute.has_strategy() or getattr(model, "_distribute_strategy", None) is not None:
        raise NoProgramError("it is distributed")


def _complete(model: Any, spec: Any) -> None:
    """Make what tracing would make: variables of the optimizer, of metrics, of the model itself.

    Raises:
        NoProgramError: if this Keras builds models in another way.
    """
    parts = (model, model.optimizer, model._compile_metrics, model._compile_loss)
    try:
        if not all(part is None or part.built for part in parts):
            model._symbolic_build(data_batch=spec)
    except Exception as error:
        raise NoProgramError(f"it is built by its first batch ({type(error).__name__})") from error


def _step(model: Any, kind: str, iterator: Any) -> Any:
    """One step, as Keras's own function takes it."""
    step = model._autoconvert_optionals(getattr(model, f"{kind}_step"))
    if model.jit_compile:
        step = tf.function(step, jit_compile=True, reduce_retracing=True)
    return model.distribute_strategy.run(step, args=(iterator.get_next(),))
