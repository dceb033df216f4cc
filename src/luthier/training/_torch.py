"""The door to PyTorch: its generator of random numbers, which orders the batches there."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def random_state() -> Any:
    """The state of the generator, as an array of bytes."""
    return torch.get_rng_state().numpy()


def restore_random_state(state: Any) -> None:
    """Put the generator into a state that `random_state` gave."""
    torch.set_rng_state(torch.from_numpy(np.array(state, dtype=np.uint8)))
