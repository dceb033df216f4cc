"""Finding the hyperparameters that a hypermodel defines, before the first trial."""

from __future__ import annotations

from collections.abc import Callable

from luthier.space import Exploration, HyperParameters, explore
from luthier.training._hypermodel import HyperModel


def discover(
    hypermodel: HyperModel,
    hp: HyperParameters,
    build: Callable[[HyperParameters], object] | None = None,
) -> Exploration:
    """Let the hypermodel declare what it will use, then build it until every reachable scope was
    active.

    Args:
        hypermodel: what is tuned.
        hp: what is known; afterwards it holds what was found too.
        build: builds once with given values and forgets the model; `hypermodel.build` if None.

    Returns:
        How often it was built, and which scopes could not be reached.
    """
    hypermodel.declare_hyperparameters(hp)
    return explore(build or hypermodel.build, hp)
