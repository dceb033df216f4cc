"""The door to TensorBoard: what its page of hyperparameters shows of a trial.

Enters: a trial's values and the folder of its events. Leaves: a callback that writes them there.
TensorBoard's own callback writes with TensorFlow, so it serves that backend only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tensorboard.plugins.hparams import api

_SHOWN = (bool, int, float, str)


def values_callback(folder: str, values: Mapping[str, Any], trial_id: str) -> Any:
    """A callback that writes the values of a trial when its training begins.

    Args:
        folder: where TensorBoard's callback writes.
        values: name to value; what is neither number nor text is written as text.
        trial_id: the name of the session.
    """
    shown = {name: v if isinstance(v, _SHOWN) else str(v) for name, v in values.items()}
    return api.KerasCallback(writer=folder, hparams=shown, trial_id=trial_id)
