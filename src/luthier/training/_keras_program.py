"""One step of training, written once for every backend, over Keras variables.

Everything that changes or may change from step to step is a variable: weights, optimizers' memory,
metrics, and the numbers that are tuned. So TensorFlow captures them, JAX is handed them, and
PyTorch has them; a new number is no new program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from luthier.errors import FatalValueError
from luthier.training import _keras_gradients as gradients
from luthier.training._keras_groups import Group, matches
from luthier.training._keras_losses import KerasLoss, OwnLoss, Seen
from luthier.training._keras_metrics import measure
from luthier.training._keras_scope import recorded

Loss = KerasLoss | OwnLoss
Transform = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Phase:
    """A loss, and the groups of variables that go down on it.

    Attributes:
        name: of its own loss among several; "" for the only one.
        loss: what is minimised.
        groups: whose optimizers are asked.
    """

    name: str
    loss: Loss
    groups: tuple[Group, ...]

    @property
    def variables(self) -> list[Any]:
        """All that its optimizers change."""
        return [variable for group in self.groups for variable in group.variables]


@dataclass(frozen=True, slots=True)
class Shaping:
    """What is done to gradients before an optimizer sees them.

    Attributes:
        clip_norm: a variable with the largest norm of all gradients together, or None.
        clip_value: a variable with the largest absolute value, or None.
        transforms: pattern of variables' names to what is done to their gradients.
    """

    clip_norm: Any = None
    clip_value: Any = None
    transforms: Mapping[str, Transform] | None = None

    def check(self, variables: Sequence[Any]) -> None:
        """Refuse a transform of variables that there are not.

        Raises:
            FatalValueError: naming it.
        """
        for pattern in self.transforms or {}:
            if not any(matches(variable, pattern) for variable in variables):
                raise FatalValueError(
                    f"Expected the transforms of gradients by variables' names, but none is called "
                    f"{pattern!r}. There are {', '.join(v.path for v in variables)}."
                )

    def __call__(self, found: Sequence[Any], variables: Sequence[Any]) -> list[Any]:
        """The gradients to use."""
        for pattern, transform in (self.transforms or {}).items():
            found = [
                _transformed(transform, g, v) if matches(v, pattern) else g
                for g, v in zip(found, variables, strict=True)
            ]
        if self.clip_value is not None:
            limit = self.clip_value.value
            found = [ops.clip(g, -limit, limit) for g in found]
        if self.clip_norm is not None:
            limit = self.clip_norm.value
            norm = ops.sqrt(sum(ops.sum(ops.square(g)) for g in found))
            factor = limit / ops.maximum(norm, limit)
            found = [g * ops.cast(factor, g.dtype) for g in found]
        return list(found)


def _transformed(transform: Transform, gradient: Any, variable: Any) -> Any:
    changed = transform(gradient, variable)
    shape = getattr(changed, "shape", None)
    if shape is None or tuple(shape) != tuple(variable.shape):
        came = f"{changed!r}" if shape is None else f"the shape {tuple(shape)}"
        raise FatalValueError(
            f"Expected the transform of {variable.path} to return a gradient of the shape "
            f"{tuple(variable.shape)}, got {came}."
        )
    return changed


class Accumulator:
    """Sums gradients up over several batches.

    Args:
        every: how many batches make one update.
        variables: what the gradients are of.

    Attributes:
        every: as given.
    """

    def __init__(self, every: int, variables: Sequence[Any]) -> None:
        self.every = every
        self._count = _number(0.0, "batches")
        self._sums = [
            keras.Variable("zeros", shape=v.shape, dtype=v.dtype, trainable=False)
            for v in variables
        ]

    @property
    def variables(self) -> list[Any]:
        """What it remembers."""
        return [self._count, *self._sums]

    def __call__(self, found: Sequence[Any], update: Callable[[Sequence[Any]], None]) -> None:
        """Take gradients in, and update with their mean when there are enough."""
        self._count.assign(self._count.value + 1.0)
        for total, one in zip(self._sums, found, strict=True):
            total.assign(total.value + one / self.every)

        def act() -> None:
            update([total.value for total in self._sums])
            for total in self._sums:
                total.assign(ops.zeros_like(total.value))
            self._count.assign(ops.zeros_like(self._count.value))

        gradients.backend().when(self._count.value >= self.every, act, recorded)


class Mean:
    """The mean over rows of what batches had, in one variable: Keras's metric makes a larger graph.

    Args:
        name: for people.
    """

    def __init__(self, name: str) -> None:
        # By an initializer: inside a recorder no variable may be made of a value.
        self._sums = keras.Variable(
            "zeros", shape=(2,), dtype="float32", trainable=False, name=f"{name}_sums"
        )

    @property
    def variables(self) -> list[Any]:
        """What it remembers."""
        return [self._sums]

    def add(self, value: Any, rows: Any) -> None:
        """Take in the mean of a batch of so many rows."""
        rows = ops.cast(rows, "float32")
        added = ops.stack([ops.cast(value, "float32") * rows, rows])
        self._sums.assign(self._sums.value + added)

    def result(self) -> float:
        """The mean by now; 0 where nothing was added."""
        total, rows = ops.convert_to_numpy(self._sums.value)
        return float(total / rows) if rows else 0.0

    def reset(self) -> None:
        """Begin anew."""
        self._sums.assign(np.zeros(2, "float32"))


class Program:
    """A step that trains and one that looks, over one model.

    Args:
        model: built.
        phases: what is minimised, one after the other.
        shaping: what is done to gradients.
        has_metrics: whether the model was compiled with metrics.
        accumulate: how many batches make one update.
        trackers: name to each mean to show; None: that of the loss, and what losses show.

    Attributes:
        has_outputs: whether a loss gave what the model put out.
    """

    def __init__(
        self,
        model: Any,
        phases: Sequence[Phase],
        shaping: Shaping,
        *,
        has_metrics: bool,
        accumulate: int = 1,
        trackers: dict[str, Mean] | None = None,
    ) -> None:
        self.model = model
        self.phases = phases
        self.trackers = {"loss": Mean("loss")} if trackers is None else trackers
        self._shaping = shaping
        self._losses: dict[str, Callable[..., Any]] = {p.name: p.loss for p in phases}
        self.has_metrics = has_metrics
        self.has_outputs = False
        self._accumulators = {
            phase.name: Accumulator(accumulate, phase.variables)
            for phase in phases
            if accumulate > 1
        }

    @property
    def groups(self) -> dict[str, Group]:
        """Name to each group of variables."""
        return {group.name: group for phase in self.phases for group in phase.groups}

    @property
    def optimizers(self) -> dict[str, Any]:
        """Name of each group to its optimizer."""
        return {name: group.optimizer for name, group in self.groups.items()}

    @property
    def variables(self) -> list[Any]:
        """All that a step may read or change, each once."""
        several = [
            *self.model.variables,
            *self.model.metrics_variables,
            *(v for optimizer in self.optimizers.values() for v in optimizer.variables),
            *(v for tracker in self.trackers.values() for v in tracker.variables),
            *(v for one in self._accumulators.values() for v in one.variables),
            *(variable for several in self.numbers.values() for variable in several),
        ]
        return list({id(variable): variable for variable in several}.values())

    @property
    def facts(self) -> Any:
        """What a step depends on beside the model, in plain containers."""
        phases = [
            (
                phase.name,
                (phase.loss.function, phase.loss.numbers)
                if isinstance(phase.loss, OwnLoss)
                else (),
                [(group.name, group.optimizer, list(group.variables)) for group in phase.groups],
            )
            for phase in self.phases
        ]
        shaping = self._shaping
        limits = (shaping.clip_norm, shaping.clip_value, dict(shaping.transforms or {}))
        sums = [(name, one.every, one.variables) for name, one in self._accumulators.items()]
        means = [(name, tracker.variables) for name, tracker in self.trackers.items()]
        return phases, limits, sums, means, self.has_metrics

    @property
    def progress(self) -> dict[str, Any]:
        """What has to be kept to go on another time: weights, and what optimizers remember."""
        counters = {id(v) for v in self.model.metrics_variables}
        several = [
            *(v for v in self.model.variables if id(v) not in counters),
            *(v for optimizer in self.optimizers.values() for v in optimizer.variables),
            *(v for one in self._accumulators.values() for v in one.variables),
        ]
        unique = {id(variable): variable for variable in several}.values()
        return {f"v{index}": variable for index, variable in enumerate(unique)}

    @property
    def numbers(self) -> dict[str, list[Any]]:
        """Name to the variables of each number that is an input: losses may have some alike."""
        named = {"clip_norm": self._shaping.clip_norm, "clip_value": self._shaping.clip_value}
        found = {name: [variable] for name, variable in named.items() if variable is not None}
        for phase in self.phases:
            if isinstance(phase.loss, OwnLoss):
                for name, variable in phase.loss.numbers.items():
                    found.setdefault(name, []).append(variable)
        return found

    def compile(self, compiler: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        """Call what a compiler makes of each loss in its place; gradients go through it too."""
        self._losses = {name: compiler(loss) for name, loss in self._losses.items()}

    def train(self, batch: Any) -> Any:
        """Change the variables by one batch; its loss."""
        losses = [self._train(phase, batch) for phase in self.phases]
        return self._observe_loss(losses, batch)

    def test(self, batch: Any) -> Any:
        """Look at one batch; its loss."""
        return self._look(batch, training=False)

    def rehearse(self, batch: Any) -> None:
        """Do what training does, but change no weights: models and metrics are built by it."""
        self._look(batch, training=True)

    def _look(self, batch: Any, *, training: bool) -> Any:
        losses = []
        for phase in self.phases:
            loss, seen = self._losses[phase.name](self.model, batch, training=training)
            self._observe(phase, loss, seen, batch)
            losses.append(loss)
        return self._observe_loss(losses, batch)

    def _train(self, phase: Phase, batch: Any) -> Any:
        scale = _scale_of(phase.groups[0].optimizer)

        def scaled() -> Any:
            loss, seen = self._losses[phase.name](self.model, batch, training=True)
            return (loss if scale is None else loss * scale), loss, seen

        (_, loss, seen), found = gradients.with_respect_to(scaled, phase.variables)
        if scale is not None:
            found = [g / ops.cast(scale, g.dtype) for g in found]
        if phase.name in self._accumulators:
            self._accumulators[phase.name](found, lambda mean: self._update(phase, mean))
        else:
            self._update(phase, found)
        self._observe(phase, loss, seen, batch)
        return loss

    def _update(self, phase: Phase, found: Sequence[Any]) -> None:
        rest = self._shaping(found, phase.variables)
        for group in phase.groups:
            own, rest = rest[: len(group.variables)], rest[len(group.variables) :]
            scale = _scale_of(group.optimizer)
            if scale is not None:  # It divides by what it multiplied the loss with.
                own = [g * ops.cast(scale, g.dtype) for g in own]
            gradients.backend().update(group.optimizer, own, group.variables)

    def _observe(self, phase: Phase, loss: Any, seen: Seen, batch: Any) -> None:
        outputs, logs = seen
        if phase.name:
            logs = {**logs, f"{phase.name}_loss": loss}
        for name, value in logs.items():
            self._tracker(name).add(value, _rows(batch))
        self.has_outputs = self.has_outputs or outputs is not None
        if self.has_metrics and outputs is not None:
            measure(self.model, batch, outputs)

    def _observe_loss(self, losses: Sequence[Any], batch: Any) -> Any:
        total = sum(losses[1:], losses[0])
        self.trackers["loss"].add(total, _rows(batch))
        return total

    def _tracker(self, name: str) -> Mean:
        if name not in self.trackers:
            self.trackers[name] = Mean(name)
        return self.trackers[name]


def number(value: float, name: str) -> Any:
    """A number as a variable: another value is no other program."""
    return _number(float(value), name)


def _number(value: float, name: str) -> Any:
    return keras.Variable(value, dtype="float32", trainable=False, name=name)


def _scale_of(optimizer: Any) -> Any:
    """By what an optimizer wants its loss multiplied, as mixed precision does; None: nothing."""
    one = 1.0
    scale = optimizer.scale_loss(one)
    return None if scale is one else scale


def _rows(batch: Any) -> Any:
    first = next(leaf for leaf in keras.tree.flatten(batch) if leaf is not None)
    return ops.shape(first)[0]
