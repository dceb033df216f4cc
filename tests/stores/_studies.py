"""Studies for the tests of stores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from luthier.abc import Store
from luthier.objective import Objective
from luthier.records import Measurement, StudySpec, Suggestion, Trial, TrialState
from luthier.space import Float, Space
from luthier.stores import open_store

SPEC = StudySpec("study", Space([Float("x", 0.0, 1.0)]), (Objective("loss", "min"),), seed=7)
LATER = 4e9


def draft(number: int) -> Trial:
    values = {"x": number / 7, "name": f"trial {number}"}
    return Trial(number, Suggestion(values, note="test"), seen=number, values=values)


def finish(store: Store, number: int, steps: int = 2) -> Trial:
    assert store.add(draft(number))
    claimed = store.claim(number, "ann", LATER)
    assert claimed is not None
    for step in range(steps):
        store.append(number, 1, Measurement(step, {"loss": 1 / (number + step + 1)}, step / 3))
    return store.move(
        replace(
            claimed,
            state=TrialState.COMPLETED,
            metrics={"loss": 1 / (number + 2)},
            scores=(1 / (number + 2),),
            best_step=1,
            ended=claimed.started,
        )
    )


def fill(path: Path, trials: int) -> dict[int, Trial]:
    """A closed study of finished trials; by number."""
    store = open_store(path)
    store.open(SPEC)
    finished = {number: finish(store, number) for number in range(trials)}
    store.close()
    return finished


def read(path: Path) -> dict[int, Trial]:
    """All trials of the study in a file, by number."""
    store = open_store(path)
    try:
        assert store.open(SPEC) == SPEC
        return {trial.number: trial for trial in store.history(0).trials}
    finally:
        store.close()
