"""Lets a model's `fit` use what the trials of a search share, on the backends that compile."""

from __future__ import annotations

import contextlib
from typing import Any

import keras

from luthier.space import HyperParameters
from luthier.training._sharing import Sharing


def beginnings(sharing: Sharing | None) -> contextlib.AbstractContextManager[None]:
    """Around building and training a model: what its variables begin with is not compiled for each
    shape, if trials share anything, where the backend would.
    """
    if sharing is None or keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    from luthier.training._jax_beginnings import compiled_for_few_shapes

    return compiled_for_few_shapes()


def share_programs(
    model: Any,
    sharing: Sharing | None,
    info: dict[str, Any],
    hp: HyperParameters | None = None,
) -> None:
    """Let a model use shared programs when it is trained; does nothing on PyTorch.

    Args:
        model: a Keras model.
        sharing: what the search's trials share; None: nothing.
        info: told how the model was trained: `"ran"`, and `"ran_why"` if plainly.
        hp: the trial's; layers as wide as one of them may share a program with wider ones.
    """
    if sharing is None:
        return
    if keras.backend.backend() == "tensorflow":
        from luthier.training._tensorflow_sharing import share_steps

        share_steps(model, sharing, info)
    elif keras.backend.backend() == "jax":
        from luthier.training._jax_fit import SharedFit
        from luthier.training._jax_widths import widest

        # Past Keras's __setattr__, which would track it as a part of the model.
        vars(model)["fit"] = SharedFit(model, sharing, info, widest(hp))
