"""What each lane has for itself of what a process has once: random numbers, and Keras's settings.

Trials that run alternately each see what they would see alone: the same random numbers, the same
automatic names, the precision that their model was built with.
"""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np


class KerasContext:
    """Random numbers of Python and NumPy, and the global state of Keras."""

    def __init__(self) -> None:
        from keras.src.backend.common import global_state

        self._kept = vars(global_state.GLOBAL_STATE_TRACKER)

    def take(self) -> Any:
        """What is there now."""
        return (
            random.getstate(),
            np.random.get_state(),
            dict(self._kept),
            keras.config.floatx(),
            keras.config.epsilon(),
        )

    def put(self, state: Any) -> None:
        """Put back what `take` gave."""
        python, numpy, kept, floatx, epsilon = state
        random.setstate(python)
        np.random.set_state(numpy)
        self._kept.clear()
        self._kept.update(kept)
        if floatx != keras.config.floatx():
            keras.config.set_floatx(floatx)
        if epsilon != keras.config.epsilon():
            keras.config.set_epsilon(epsilon)
