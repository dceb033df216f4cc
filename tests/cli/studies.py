"""Studies on disk for the commands to read."""

from __future__ import annotations

from pathlib import Path

from luthier.objective import Objective
from luthier.space import Choice, Fixed, Float, Space
from luthier.study import Study

SPACE = Space([Float("x", -1.0, 1.0), Choice("kind", ["a", "b"]), Fixed("size", 3)])


def make_study(
    path: Path, name: str = "bowl", scores: tuple[float | None, ...] = (3, 1, 2)
) -> Path:
    """A study of trials that ended with these scores, None for a failure; its file."""
    study = Study(
        SPACE, Objective("loss", "min"), sampler="random", seed=0, storage=path, name=name
    )
    for score in scores:
        trial = study.ask()
        assert trial is not None
        study.tell(trial, ValueError("boom") if score is None else float(score))
    study.close()
    return path
