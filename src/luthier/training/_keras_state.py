"""The whole state of a training that may be interrupted: written after epochs, taken up again.

One file holds every variable of the model and of its optimizer as plain arrays, and how far
training had come. It is replaced in one step, so it is whole or the one before. Only for Keras's
own `fit`: there, training goes on at the epoch after, with the same random numbers (but for
TensorFlow's own order of batches), and the user's callbacks with the numbers that they had in mind.
"""

from __future__ import annotations

import json
import os
import random
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from luthier.training import _minds, _names
from luthier.training._keras_callbacks import BestSoFar, Logs, OwnCallback, SaveBest
from luthier.training._results import Result

# Writing takes at most one part in so many of the time.
_SHARE = 20
_FORMAT = 1


class CannotResumeError(Exception):
    """The state does not fit the model; training begins afresh."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a trial had come.

    Attributes:
        results: of the executions that had ended.
        history: metric to one value an epoch, of the execution that was under way.
        epochs: their numbers.
        best: the best objective of all of them, or None.
        stopped: whether training was told to stop after the last of them.
        build_config: what a model that its first batch builds is built from.
        arrays: name to array: variables of the model (`v0`, …) and of its optimizer (`o0`, …), and
            states of random numbers.
        base: epochs that another trial had run before this one went on from its state.
        callbacks: what each of the user's callbacks had in mind, in their order: name to number.
        holds_best: whether the arrays are also the best weights, which are in no other file.
    """

    results: tuple[Result, ...] = ()
    history: Mapping[str, list[float]] = field(default_factory=dict)
    epochs: tuple[int, ...] = ()
    best: float | None = None
    stopped: bool = False
    build_config: Mapping[str, Any] | None = None
    arrays: Mapping[str, Any] = field(default_factory=dict)
    base: int = 0
    callbacks: tuple[Mapping[str, Any], ...] = ()
    holds_best: bool = False

    @property
    def next_epoch(self) -> int:
        """The epoch to go on with."""
        return self.epochs[-1] + 1 if self.epochs else self.base

    def as_start(self) -> Progress:
        """The same state for another trial: nothing of it counts as that trial's own result."""
        return Progress(
            build_config=self.build_config,
            arrays=self.arrays,
            base=self.next_epoch,
            callbacks=self.callbacks,
        )

    def with_epoch(self, epoch: int, logs: Logs) -> Progress:
        """Progress after one more epoch."""
        history = {name: list(values) for name, values in self.history.items()}
        for name, value in _names.as_metrics(logs).items():
            history.setdefault(name, []).append(value)
        return replace(
            self, history=history, epochs=(*self.epochs, epoch), arrays={}, holds_best=False
        )


def read(path: Path | None) -> Progress:
    """What an interrupted attempt left; nothing, if it left nothing that can be read."""
    if path is None or not path.exists():
        return Progress()
    try:
        # Opened here, for np.load leaves a torn file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
        facts = json.loads(arrays.pop("facts").tobytes())
        if facts.pop("format") != _FORMAT:
            return Progress()
        results = tuple(Result(**result) for result in facts.pop("results"))
        epochs = tuple(facts.pop("epochs"))
        callbacks = tuple(facts.pop("callbacks", ()))
        return Progress(results, epochs=epochs, arrays=arrays, callbacks=callbacks, **facts)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return Progress()


def write(path: Path, progress: Progress) -> None:
    """Replace the file in one step."""
    facts = {
        "format": _FORMAT,
        "results": [asdict(result) for result in progress.results],
        "history": progress.history,
        "epochs": progress.epochs,
        "best": progress.best,
        "stopped": progress.stopped,
        "build_config": progress.build_config,
        "base": progress.base,
        "callbacks": progress.callbacks,
        "holds_best": progress.holds_best,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{os.getpid()}.tmp.npz")
    encoded = np.frombuffer(json.dumps(facts).encode("utf-8"), dtype=np.uint8)
    try:
        np.savez(draft, facts=encoded, **progress.arrays)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


class SaveProgress(OwnCallback):
    """Restores what an earlier attempt reached, and saves after each epoch.

    Very short epochs are not all saved: writing takes a twentieth of the time at most. Where the
    trial is paused, or its end is needed, the last one always is.

    Args:
        path: where to.
        progress: what the earlier attempt reached.
        best: the best objective so far.
        is_paused: whether training is being stopped to go on later.
        others: the user's callbacks, which stand before this one.
        keeps_end: whether the last epoch is to be saved in any case.
        keeper: what keeps the best weights, or None.
    """

    def __init__(
        self,
        path: Path,
        progress: Progress,
        best: BestSoFar,
        *,
        is_paused: Callable[[], bool] = lambda: False,
        others: Sequence[Any] = (),
        keeps_end: bool = False,
        keeper: SaveBest | None = None,
    ) -> None:
        super().__init__()
        self.progress = progress
        self._path = path
        self._best = best
        self._is_paused = is_paused
        self._others = others
        self._keeps_end = keeps_end
        self._keeper = keeper
        self._random = dict(progress.arrays) if progress.next_epoch else {}
        self._cost = 0.0
        self._saved = time.monotonic()

    def on_train_begin(self, logs: Logs = None) -> None:
        """Put the saved variables into the model, and what callbacks had in mind into them.

        Raises:
            CannotResumeError: if they do not fit.
        """
        if self.progress.next_epoch:
            _restore(self.model, self.progress)
            _minds.restore(self._others, self.progress.callbacks)
        if self._keeper is not None and self.progress.holds_best:
            self._keeper.wait()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Put random numbers where they were, before the first epoch draws any."""
        if self._random:
            restore_random_states(self._random)
            self._random = {}

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save, if it is time or the last chance."""
        model, is_paused = self.model, self._is_paused()
        self.progress = replace(
            self.progress.with_epoch(epoch, logs),
            best=self._best.value,
            stopped=bool(model.stop_training) and not is_paused,
            build_config=model.get_build_config(),
            callbacks=_minds.read(self._others),
        )
        began = time.monotonic()
        is_last = bool(model.stop_training) or epoch + 1 == (self.params or {}).get("epochs")
        is_needed = is_paused or (self._keeps_end and is_last)
        if not is_needed and began - self._saved < _SHARE * self._cost:
            return
        holds_best = self._keeper is not None and self._keeper.settle()
        arrays = _variables(model) | random_states()
        write(self._path, replace(self.progress, arrays=arrays, holds_best=holds_best))
        self._saved = time.monotonic()
        self._cost = self._saved - began


def random_states() -> dict[str, Any]:
    """The random numbers of Python, NumPy and PyTorch, as arrays."""
    version, keys, gauss = random.getstate()
    name, words, position, has_gauss, cached = np.random.get_state()
    states = {
        "python": np.array(json.dumps([version, keys, gauss])),
        "numpy": np.array(json.dumps([name, position, has_gauss, cached])),
        "numpy_words": words,
    }
    if keras.backend.backend() == "torch":
        from luthier.training._torch import random_state

        states["torch"] = random_state()
    return states


def restore_random_states(states: Mapping[str, Any]) -> None:
    """Put random numbers into the states that `random_states` gave."""
    version, keys, gauss = json.loads(str(states["python"]))
    random.setstate((version, tuple(keys), gauss))
    name, position, has_gauss, cached = json.loads(str(states["numpy"]))
    np.random.set_state((name, states["numpy_words"], position, has_gauss, cached))
    if "torch" in states:
        from luthier.training._torch import restore_random_state

        restore_random_state(states["torch"])


def _variables(model: Any) -> dict[str, Any]:
    return {name: _as_array(variable) for name, variable in _named_variables(model).items()}


def _restore(model: Any, progress: Progress) -> None:
    if not model.built and progress.build_config:
        # TensorFlow would build it with the first batch, after this.
        model.build_from_config(dict(progress.build_config))
    arrays = {n: a for n, a in progress.arrays.items() if n[0] in "vo"}
    optimizer = model.optimizer
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)
    variables = _named_variables(model)
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    if shapes != {name: array.shape for name, array in arrays.items()}:
        raise CannotResumeError("the saved state is of another model")
    for name, variable in variables.items():
        # A trial that begins from another's state keeps the learning rate that is its own.
        if not (progress.base and not progress.epochs and variable.name == "learning_rate"):
            variable.assign(arrays[name])


def _named_variables(model: Any) -> dict[str, Any]:
    # What metrics count begins anew with each epoch.
    counters = {id(variable) for variable in model.metrics_variables}
    groups = {"v": [v for v in model.variables if id(v) not in counters]}
    if model.optimizer is not None:
        groups["o"] = model.optimizer.variables
    return {
        f"{letter}{index}": variable
        for letter, variables in groups.items()
        for index, variable in enumerate(variables)
    }


def _as_array(variable: Any) -> Any:
    array = keras.ops.convert_to_numpy(variable.value)
    # Numbers that numpy does not know (bfloat16) are kept as ones it does.
    return array.astype(np.float32) if array.dtype.kind == "V" else array
