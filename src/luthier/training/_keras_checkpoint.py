"""Where a loop is, kept in a file: written after epochs, taken up again.

The same file that Keras's own `fit` is resumed from in a trial, with the variables of all
optimizers.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from luthier.training import _keras_state as state
from luthier.training import _minds

# Writing takes at most one part in so many of the time.
_SHARE = 20
_SEED = "loop_seed"


class Checkpoint:
    """The progress of a loop, in memory and in a file.

    Args:
        path: where to; None keeps it in memory alone.
        variables: name to what has to be kept.
        seed: of the loop.
        callbacks: the user's; what they have in mind is kept too.

    Attributes:
        progress: how far it is.
        seed: that of the loop which began.
        note: why what the file holds was of no use; "" if it was, or if there is none.
    """

    def __init__(
        self,
        path: Path | None,
        variables: Mapping[str, Any],
        seed: int,
        callbacks: Sequence[Any] = (),
    ) -> None:
        self.progress = state.Progress()
        self.seed = seed
        self.note = ""
        self._path = path
        self._variables = variables
        self._callbacks = callbacks
        self._saved = time.monotonic()
        self._cost = 0.0

    def restore(self) -> bool:
        """Take up the variables and random numbers that the file holds; whether it held any."""
        found = state.read(self._path)
        if not found.epochs:
            return False
        arrays = found.arrays
        kept = {name: array for name, array in arrays.items() if name in self._variables}
        shapes = {name: tuple(variable.shape) for name, variable in self._variables.items()}
        if shapes != {name: array.shape for name, array in kept.items()}:
            self.note = f"{self._path} holds the state of another model: training begins afresh"
            return False
        for name, variable in self._variables.items():
            variable.assign(kept[name])
        state.restore_random_states(arrays)
        self.seed = int(arrays.get(_SEED, self.seed))
        self.progress = replace(found, arrays={})
        return True

    def remind(self) -> None:
        """Let callbacks, which have begun by now, go on with what they had in mind."""
        if self.progress.epochs:
            _minds.restore(self._callbacks, self.progress.callbacks)

    def add(
        self,
        epoch: int,
        logs: Mapping[str, float],
        *,
        stopped: bool,
        is_last: bool,
        best: float | None,
    ) -> None:
        """Take in an epoch, and write, if it is time or the last chance."""
        self.progress = replace(self.progress.with_epoch(epoch, logs), stopped=stopped, best=best)
        began = time.monotonic()
        if self._path is None or (not is_last and began - self._saved < _SHARE * self._cost):
            return
        self._write(self._path)
        self._saved = time.monotonic()
        self._cost = self._saved - began

    def _write(self, path: Path) -> None:
        arrays = {name: _as_array(variable) for name, variable in self._variables.items()}
        arrays |= state.random_states() | {_SEED: np.array(self.seed)}
        minds = _minds.read(self._callbacks)
        state.write(path, replace(self.progress, arrays=arrays, callbacks=minds))


def _as_array(variable: Any) -> Any:
    array = keras.ops.convert_to_numpy(variable.value)
    # Numbers that numpy does not know (bfloat16) are kept as ones it does.
    return array.astype(np.float32) if array.dtype.kind == "V" else array
