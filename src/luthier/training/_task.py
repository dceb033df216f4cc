"""What a Keras trial is to do, as facts: handed from the façade to the files that import Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from luthier.abc import Report
from luthier.objective import Objective
from luthier.records import Decision, Measurement
from luthier.space import HyperParameters
from luthier.training._folds import CrossValidation
from luthier.training._hypermodel import HyperModel
from luthier.training._sharing import Sharing


def keep_going(measurement: Measurement) -> Decision:
    """Goes nowhere: the report of a trial that nobody watches."""
    del measurement
    return Decision.CONTINUE


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """How a model is finished after the user's `build`.

    Attributes:
        optimizer: replaces the model's, or None; it is copied for each model.
        loss: replaces the model's, or None.
        metrics: replace the model's, or None; they are copied for each model.
        max_model_size: most trainable parameters, or None.
        distribution_strategy: an object with a `scope()` in which models are made, such as a
            `tf.distribute.Strategy` or a `keras.distribution.DataParallel`, or None.
    """

    optimizer: Any = None
    loss: Any = None
    metrics: Any = None
    max_model_size: int | None = None
    distribution_strategy: Any = None


@dataclass(frozen=True, slots=True)
class TrialPaths:
    """Where a trial keeps its files; None where it keeps none.

    Attributes:
        checkpoint: weights of the best epoch, `*.weights.h5`.
        resume: full state of the last epoch; deleted by whoever records the trial's end.
        start: full state of another trial, to go on from, or None.
        weights: the best epoch's weights of that trial: what a hypermodel that trains in a way of
            its own begins with.
        build_config: the shapes that the model was built with, as JSON.
    """

    checkpoint: Path | None = None
    resume: Path | None = None
    start: Path | None = None
    weights: Path | None = None
    build_config: Path | None = None


Watcher = Callable[[Any, int, Any], None]
"""Called with the model, the number of the epoch or batch, and the logs."""


@dataclass(frozen=True, slots=True)
class TrainingHooks:
    """A tuner's own hooks while a model trains; None where it has none.

    Batch hooks slow training down: hand them in only where a user overrides them.
    """

    on_epoch_begin: Watcher | None = None
    on_epoch_end: Watcher | None = None
    on_batch_begin: Watcher | None = None
    on_batch_end: Watcher | None = None


@dataclass(frozen=True, slots=True)
class TrialTask:
    """One trial of a hypermodel.

    Attributes:
        hypermodel: builds and trains.
        hp: the trial's values; records what is met.
        objective: what is optimised.
        trial_id: the trial's name in paths.
        number: the trial's number; with the seed it decides all randomness.
        seed: the study's seed.
        report: takes each epoch's metrics and says whether to go on.
        report_every: batches between reports within an epoch, or None: at their ends only.
        executions: how often to train, on each fold if there are any.
        folds: how the rows are split for cross-validation, or None.
        build: how models are finished.
        paths: where files go.
        hooks: a tuner's own.
        keeps_end: whether the state of the last epoch will be needed: another trial may go on from
            it.
        with_optimizer: whether the best epoch is kept with the optimizer's state.
        has_begun: whether an earlier attempt reported something.
        sharing: what the search's trials share, or None.
        info: filled while it runs with further facts of how it did; JSON values.
    """

    hypermodel: HyperModel
    hp: HyperParameters
    objective: Objective
    trial_id: str = "0"
    number: int = 0
    seed: int = 0
    report: Report = keep_going
    report_every: int | None = None
    executions: int = 1
    folds: CrossValidation | None = None
    build: BuildSettings = field(default_factory=BuildSettings)
    paths: TrialPaths = field(default_factory=TrialPaths)
    hooks: TrainingHooks = field(default_factory=TrainingHooks)
    keeps_end: bool = False
    with_optimizer: bool = False
    has_begun: bool = False
    sharing: Sharing | None = None
    info: dict[str, Any] = field(default_factory=dict)

    def seed_of(self, execution: int) -> int:
        """The seed, below 2**31, of one execution: the same whenever it is run."""
        sequence = np.random.SeedSequence((abs(self.seed), self.number, execution))
        return int(sequence.generate_state(1)[0] >> 1)
