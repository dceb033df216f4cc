"""Makes a step of its definition and the first batch, and runs it on the backend.

Enters: a `Step`, batches. Leaves: losses, logs, variables that changed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import keras
import numpy as np

from luthier.errors import FatalTypeError, FatalValueError
from luthier.training._keras_compiled import check_names
from luthier.training._keras_groups import Group, groups_of
from luthier.training._keras_losses import (
    KerasLoss,
    OwnLoss,
    is_over_the_model,
    numbers_of,
    without_numbers,
)
from luthier.training._keras_metrics import Metrics, has_metrics
from luthier.training._keras_program import Loss, Phase, Program, Shaping, number
from luthier.training._keras_rehearsal import build, rehearse
from luthier.training._keras_scope import Recorder
from luthier.training._names import as_metrics
from luthier.training._traces import TraceLog

_FILES = {"jax": "_jax_step", "tensorflow": "_tensorflow_step", "torch": "_torch_step"}
_LIMITS = {"clip_norm", "clip_value"}


class Definition(Protocol):
    """What a step is made of: the arguments of `Step`."""

    model: Any
    loss: Any
    optimizer: Any
    variables: Mapping[str, Any] | None
    metrics: Any
    loss_weights: Any
    clip_norm: float | None
    clip_value: float | None
    transform: Callable[[Any, Any], Any] | Mapping[str, Callable[[Any, Any], Any]] | None
    accumulate: int
    jit_compile: bool | None
    run_eagerly: bool


class Runner(Protocol):
    """A program on a backend.

    Attributes:
        why: why its compiled form could not be shared with other trials; "" if it could.
        own_numbers_why: why one was made though only numbers differ; "" if none was.
    """

    why: str
    own_numbers_why: str

    def run(self, kind: str, batch: Any) -> Any:
        """Train with a batch, or look at one; its loss."""

    def sync(self) -> None:
        """Bring the Keras variables up to date."""


class Engine:
    """A step, ready for batches like the first one.

    Args:
        step: its definition.
        batch: the first batch: what is not built yet is built from it.
        programs: compiled or traced steps to share, in the form of the backend; None: none.
    """

    def __init__(self, step: Definition, batch: Any, programs: Any = None) -> None:
        self.model = step.model
        self.log = TraceLog()
        self._backend = importlib.import_module(
            f"luthier.training.{_FILES[keras.backend.backend()]}"
        )
        optimizers = optimizers_of(step)
        losses = _losses_of(step, optimizers)
        _compile(step, losses, optimizers)
        batch = self.convert(batch)
        build(step.model, losses, batch, self._backend)
        rehearsal = rehearse(step.model, losses, batch, self._backend)
        if step.metrics and not rehearsal.has_outputs:
            raise FatalValueError(
                f"Expected {next(iter(losses)) or 'loss'}(model, batch) to return (loss, outputs), "
                "for there are metrics and they need what the model put out; got the loss alone."
            )
        shaping = _shaping(step)
        shaping.check(step.model.trainable_variables)
        self.program = Program(
            step.model,
            _phases(losses, groups_of(step.model, optimizers, step.variables)),
            shaping,
            # The model may be compiled with metrics of which this step's loss knows nothing.
            has_metrics=has_metrics(step.model) and rehearsal.has_outputs,
            accumulate=step.accumulate,
            trackers=rehearsal.trackers,
        )
        self._metrics = Metrics(step.model)
        for group in self.program.groups.values():
            _build_optimizer(group)
        self._runner: Runner = self._backend.Runner(
            self.program,
            self.log,
            Recorder,
            jit_compile=step.jit_compile,
            run_eagerly=step.run_eagerly,
            programs=programs,
        )

    @property
    def why(self) -> str:
        """Why a compiled program could not be shared; "" if it could."""
        return self._runner.why

    @property
    def own_numbers_why(self) -> str:
        """Why a program was made though only numbers differ from others; "" if none was."""
        return self._runner.own_numbers_why

    def convert(self, batch: Any) -> Any:
        """A batch as the backend takes it; Python numbers in it become arrays."""
        floatx = keras.backend.floatx()
        if isinstance(batch, list):
            batch = tuple(batch)
        return keras.tree.map_structure(lambda leaf: self._leaf(leaf, floatx), batch)

    def run(self, kind: str, batch: Any) -> Any:
        """Train with a converted batch, or look at one; its loss."""
        before = self.log.counts.get(kind, 0)
        loss = self._runner.run(kind, batch)
        if self.log.counts.get(kind, 0) > before:
            self.log.explain(kind, batch)
        return loss

    def sync(self) -> None:
        """Bring the Keras variables up to date."""
        self._runner.sync()

    def logs(self) -> dict[str, float]:
        """The mean loss and the metrics since they were reset."""
        self.sync()
        means = {name: tracker.result() for name, tracker in self.program.trackers.items()}
        metrics = self._metrics.result() if self.program.has_metrics else {}
        return as_metrics(
            means | {n: keras.ops.convert_to_numpy(value) for n, value in metrics.items()}
        )

    def reset(self) -> None:
        """Let the mean loss and the metrics begin anew."""
        self.sync()
        self._metrics.reset()
        for tracker in self.program.trackers.values():
            tracker.reset()

    def set(self, numbers: Mapping[str, float]) -> None:
        """Give numbers new values: no new trace."""
        known = self.program.numbers
        for name, value in numbers.items():
            if name not in known:
                raise FatalValueError(
                    f"Expected one of the numbers {', '.join(known) or '(there are none)'}, got "
                    f"{name!r}. Numbers are clip_norm and clip_value where they were given, and "
                    "what functools.partial(loss, name=...) gives a loss."
                )
            if not isinstance(value, int | float | np.number):
                raise FatalTypeError(
                    f"Expected {name} as a number, got {value!r} of type {type(value).__name__}."
                )
            if name in _LIMITS and not value > 0:
                raise FatalValueError(f"Expected {name} above 0, got {value!r}.")
            self.sync()
            for variable in known[name]:
                variable.assign(float(value))

    def _leaf(self, leaf: Any, floatx: str) -> Any:
        return leaf if leaf is None else self._backend.convert(leaf, floatx)


def optimizers_of(step: Definition) -> dict[str, Any]:
    """Name of each group to its optimizer; "" is the name of a single one.

    Raises:
        FatalValueError: if there is none.
    """
    given = step.optimizer
    if given is None:
        given = getattr(step.model, "optimizer", None)
        if given is None:
            raise FatalValueError(
                "Expected an optimizer: Step(model, loss, optimizer), or a model that is compiled."
            )
    named = given if isinstance(given, Mapping) else {"": given}
    return {name: _optimizer(one, step.model) for name, one in named.items()}


def check(step: Definition) -> None:
    """Refuse what cannot work, before anything is trained.

    Raises:
        FatalTypeError: (a TypeError) if the model is none, or a loss has unclear arguments.
        FatalValueError: for a loss, a metric or an optimizer that is unknown.
    """
    if not isinstance(step.model, keras.Model):
        raise FatalTypeError(
            f"Expected a Keras model, got {step.model!r} of type {type(step.model).__name__}."
        )
    check_names(step.loss, step.metrics)
    for loss in step.loss.values() if isinstance(step.loss, Mapping) else [step.loss]:
        if callable(loss) and not isinstance(loss, keras.losses.Loss):
            is_over_the_model(loss)
    optimizers_of(step)


def _optimizer(given: Any, model: Any) -> Any:
    try:
        optimizer = keras.optimizers.get(given)
    except ValueError as error:
        raise FatalValueError(
            f"Expected an optimizer or the name of one that Keras knows, got {given!r}. See "
            "keras.optimizers for their names."
        ) from error
    scaled = keras.optimizers.LossScaleOptimizer
    if model.dtype_policy.name == "mixed_float16" and not isinstance(optimizer, scaled):
        return scaled(optimizer)
    return optimizer


def _build_optimizer(group: Group) -> None:
    """Let an optimizer make what it remembers of its variables.

    Raises:
        FatalValueError: if it remembers those of another model.
    """
    if not group.optimizer.built:
        group.optimizer.build(list(group.variables))
        return
    known = {id(variable) for variable in group.optimizer._trainable_variables}
    unknown = [v.path for v in group.variables if id(v) not in known]
    if unknown:
        raise FatalValueError(
            f"The optimizer {group.optimizer.name!r} was made for other variables and does not "
            f"know {unknown[0]}. Give each model, and each trial, an optimizer of its own."
        )


def _losses_of(step: Definition, optimizers: Mapping[str, Any]) -> dict[str, Loss]:
    """Name of each phase to its loss; "" is the name of a single one."""
    loss = step.loss
    if isinstance(loss, Mapping) and len(optimizers) > 1 and set(loss) == set(optimizers):
        return {name: _loss(one, name, step.model) for name, one in loss.items()}
    return {"": _loss(loss, "", step.model)}


def _loss(loss: Any, name: str, model: Any) -> Loss:
    if not callable(loss) or isinstance(loss, keras.losses.Loss) or not is_over_the_model(loss):
        if name:
            raise FatalTypeError(
                f"Expected the loss of {name!r}, one of several, as a function loss(model, batch), "
                f"got {loss!r}."
            )
        return KerasLoss.of(model)
    numbers = {key: number(value, key) for key, value in numbers_of(loss).items()}
    return OwnLoss.of(without_numbers(loss), numbers)


def _compile(step: Definition, losses: Mapping[str, Loss], optimizers: Mapping[str, Any]) -> None:
    before = getattr(getattr(step.model, "_compile_config", None), "config", {})
    own = any(isinstance(loss, OwnLoss) for loss in losses.values())
    given = {"metrics": step.metrics, "loss_weights": step.loss_weights}
    given = {name: value for name, value in given.items() if value is not None}
    if own or step.loss is not None:
        given["loss"] = None if own else step.loss
    elif before.get("loss") is None and not _computes_own_loss(step.model):
        raise FatalValueError("Expected a loss: Step(model, loss), or a model that is compiled.")
    if not given and step.optimizer is None:
        return
    given["optimizer"] = next(iter(optimizers.values()))
    given["jit_compile"] = "auto" if step.jit_compile is None else step.jit_compile
    step.model.compile(**{**before, **given})


def _computes_own_loss(model: Any) -> bool:
    return type(model).compute_loss is not keras.Model.compute_loss


def _phases(losses: Mapping[str, Loss], groups: Sequence[Group]) -> list[Phase]:
    if list(losses) == [""]:
        return [Phase("", losses[""], tuple(groups))]
    named = {group.name: group for group in groups}
    return [Phase(name, loss, (named[name],)) for name, loss in losses.items()]


def _shaping(step: Definition) -> Shaping:
    transform = step.transform
    if transform is not None and not isinstance(transform, Mapping):
        transform = {"*": transform}
    return Shaping(
        None if step.clip_norm is None else number(step.clip_norm, "clip_norm"),
        None if step.clip_value is None else number(step.clip_value, "clip_value"),
        transform,
    )
