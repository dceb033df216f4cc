"""Lets a model's `fit` use what the trials of a search share, on the backends that have it."""

from __future__ import annotations

from typing import Any

import keras

from luthier.training._sharing import Sharing


def share_programs(model: Any, sharing: Sharing | None, info: dict[str, Any]) -> None:
    """Put a `fit` into the model that uses shared programs; does nothing but on JAX.

    Args:
        model: a Keras model.
        sharing: what the search's trials share; None: nothing.
        info: told how the model was trained: `"ran"`, and `"ran_why"` if plainly.
    """
    if sharing is None or keras.backend.backend() != "jax":
        return
    from luthier.training._jax_fit import SharedFit

    # Past Keras's __setattr__, which would track it as a part of the model.
    vars(model)["fit"] = SharedFit(model, sharing, info)
