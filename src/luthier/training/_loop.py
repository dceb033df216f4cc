"""`Loop`: epochs over data with a `Step`, and what came of them.

Holds the definition; how it runs is `_keras_loop`'s business.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

from luthier.errors import FatalTypeError, FatalValueError
from luthier.objective import Objective, create_objective
from luthier.records import Decision
from luthier.training._batches import DRAWS, SHUFFLED
from luthier.training._results import best_epoch
from luthier.training._step import Step
from luthier.training._traces import Retrace

Report = Callable[..., Decision]
"""`report(epoch, name=value, …)`, as `luthier.tune` hands it to a function."""


@dataclass(frozen=True, slots=True)
class Training:
    """What a loop came to; a tuner takes it for what `fit` returns, and its best epoch counts.

    Attributes:
        history: metric to one value an epoch, those of validation with `val_` in front.
        epoch: the epochs' numbers, from 0.
        traces: how often the step was traced, by kind.
        retraces: why, for each trace after the first.
    """

    history: Mapping[str, Sequence[float]]
    epoch: Sequence[int]
    traces: Mapping[str, int] = field(default_factory=dict)
    retraces: Sequence[Retrace] = ()

    def best(self, name: str = "", direction: str | None = None) -> float:
        """The best value of a metric over all epochs.

        Args:
            name: which; `"val_loss"` if there is one, or else `"loss"`, if it is left out.
            direction: `"min"` or `"max"`; None: as the name implies.

        Raises:
            FatalValueError: (a ValueError) naming what there is instead.
        """
        name = name or ("val_loss" if "val_loss" in self.history else "loss")
        if direction is None and name not in self.history:
            direction = "min"  # A name that is none implies no direction; what is below says so.
        objective = Objective(name, direction) if direction else create_objective(name)
        return best_epoch(self.history, self.epoch, objective).metrics[name]


@dataclass(eq=False)
class Loop:
    """Epochs over data: batches, validation, callbacks, a status bar, checkpoints.

    In a trial nothing more is to do than to hand on `callbacks` (or `report`): epochs are reported,
    a trial that a scheduler stops ends, its best weights are kept, and one that was interrupted
    goes on from its last epoch.

    Args:
        step: what happens for each batch.
        epochs: how often to go through the data.
        batch_size: rows in a batch, where data is arrays.
        draw: how rows are drawn from arrays: `"shuffled"` (each once an epoch), `"replacement"` (at
            random, some twice and some never) or `"ordered"`.
        steps: batches in an epoch; None: all there are.
        drop_remainder: whether a smaller last batch is left out.
        augment: called with the parts of each training batch as NumPy arrays (`augment(x, y)`),
            before the step; returns them changed.
        validation_split: share of the rows, the last ones, to validate with.
        validation_freq: validate after every so many epochs.
        seed: decides which rows are drawn; None: from NumPy's random numbers, which a trial seeds.
        checkpoint: a file, `*.npz`, that is written after epochs; training goes on from what it
            holds. None: in a trial its own, otherwise none.
        verbose: 0: show nothing; 1: a status bar on a terminal, a line an epoch elsewhere; 2: a
            line an epoch; None: a status bar on a terminal, and nothing elsewhere and in trials.

    Raises:
        FatalTypeError: (a TypeError) for a step that is none.
        FatalValueError: (a ValueError) for numbers that make no sense.

    Example:
        >>> step = luthier.Step(model, "mse", "adam", metrics=["mae"])  # doctest: +SKIP
        >>> loop = luthier.Loop(step, epochs=20, batch_size=32)  # doctest: +SKIP
        >>> training = loop.fit(x, y, validation_data=(x_val, y_val))  # doctest: +SKIP
        >>> training.best("val_mae")  # doctest: +SKIP
        0.41
    """

    step: Step
    _: KW_ONLY
    epochs: int = 1
    batch_size: int = 32
    draw: str = SHUFFLED
    steps: int | None = None
    drop_remainder: bool = False
    augment: Callable[..., Any] | None = None
    validation_split: float = 0.0
    validation_freq: int = 1
    seed: int | None = None
    checkpoint: str | os.PathLike[str] | None = None
    verbose: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.step, Step):
            raise FatalTypeError(
                f"Expected a luthier.Step, got {self.step!r} of type {type(self.step).__name__}."
            )
        for name in ("epochs", "batch_size", "steps", "validation_freq"):
            value = getattr(self, name)
            if value is None and name == "steps":
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise FatalValueError(
                    f"Expected {name} as a whole number from 1 on, got {value!r}."
                )
        if self.draw not in DRAWS:
            raise FatalValueError(
                f"Expected draw to be one of {', '.join(map(repr, DRAWS))}, got {self.draw!r}."
            )

    def fit(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        validation_data: Any = None,
        callbacks: Any = None,
        report: Report | None = None,
        verbose: int | None = None,
    ) -> Training:
        """Train.

        Args:
            x: inputs as arrays (nested as the model takes them); or whatever gives batches: a
                `tf.data.Dataset`, a `PyDataset`, a torch `DataLoader`, a list, a generator, or a
                function that makes a generator for each epoch.
            y: targets, where `x` is arrays.
            sample_weight: weights of the rows, where `x` is arrays.
            validation_data: `(x, y)` or `(x, y, weights)` as arrays, or what gives batches.
            callbacks: Keras callbacks; a tuner's among them.
            report: what `luthier.tune` hands a function.
            verbose: in place of the loop's.

        Returns:
            The history of all epochs.

        Raises:
            DivergedError: (a FailedTrialError) if the loss is no longer finite.
            FatalValueError: (a ValueError) for arrays of unequal length, a batch larger than the
                data, and data that ends too early.
        """
        from luthier.training import _keras_loop

        parts = tuple(part for part in (x, y, sample_weight) if part is not None)
        data = parts if len(parts) > 1 else x
        history, epochs = _keras_loop.run(
            self if verbose is None else replace(self, verbose=verbose),
            data,
            validation_data,
            callbacks,
            report,
        )
        return Training(dict(history), tuple(epochs), self.step.traces, self.step.retraces)
