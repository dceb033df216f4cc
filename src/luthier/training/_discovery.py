"""Finding out what a hypermodel searches, before the first trial."""

from __future__ import annotations

from luthier.space import Exploration, HyperParameters, explore
from luthier.training._hypermodel import Build, HyperModel
from luthier.training._memory import released


def discover(
    hypermodel: HyperModel, hp: HyperParameters, build: Build | None = None
) -> Exploration:
    """Find the hyperparameters that a hypermodel declares and those that building it meets.

    Args:
        hypermodel: asked for its declarations, then built until each conditional scope was active.
        hp: what is known; afterwards it holds what was found too.
        build: builds a model in place of `hypermodel.build`.

    Returns:
        How many builds it took, and what stayed out of reach.

    Raises:
        Exception: whatever the user's code raises; there is no trial yet that could fail.
    """
    hypermodel.declare_hyperparameters(hp)
    # Small programs that start weights are the same for all trials.
    with released(keeps_programs=lambda: True):
        return explore(build or hypermodel.build, hp)
