"""Where the commands read: a folder, a file or a database URL in, the results of its studies out.

Nothing is created and nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from luthier import imports
from luthier.artifacts import STUDY
from luthier.errors import StoreError
from luthier.objective import DefaultObjective
from luthier.records import StudySpec
from luthier.results import Results
from luthier.space import Space, deserialize
from luthier.stores import StudySummary, list_studies, open_store

DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Found:
    """One study: where it is and what its store says of it."""

    place: str
    summary: StudySummary


def find_studies(source: str) -> list[Found]:
    """Every study in a folder (and the folders in it), a file or a database.

    Args:
        source: a folder, the path of an SQLite file, or a URL.

    Raises:
        StoreError: if there is no such place, or it cannot be read.
    """
    return [Found(place, summary) for place in _places(source) for summary in list_studies(place)]


def load_results(source: str, name: str | None = None) -> Results:
    """The results of one study.

    Args:
        source: see `find_studies`.
        name: which study; None where there is only one.

    Raises:
        StoreError: if there is no such study, or several and no name.
    """
    found = find_studies(source)
    if name is not None:
        chosen = [study for study in found if name in (study.summary.name, study.place)]
    else:
        chosen = found
    if len(chosen) == 1:
        return read(chosen[0])
    names = ", ".join(f"{study.summary.name} ({study.place})" for study in found) or "none"
    if not chosen:
        wanted = "a study" if name is None else f"a study {name!r}"
        raise StoreError(f"Expected {wanted} in {source}, found: {names}.")
    raise StoreError(f"{source} holds {len(chosen)} studies, choose one with --study: {names}.")


def _places(source: str) -> list[str]:
    if "://" in source:
        return [source]
    path = Path(source).expanduser()
    if path.is_file():
        return [str(path)]
    if not path.is_dir():
        raise StoreError(f"Expected a folder, a file or a URL, found nothing at {source}.")
    for depth in range(DEEPEST + 1):
        files = sorted(path.glob("*/" * depth + STUDY))
        if files:
            return [str(file) for file in files]
    hint = ""
    if imports.is_kerastuner(path):
        hint = f" It is a KerasTuner project: luthier import-kerastuner {source}"
    raise StoreError(f"Found no {STUDY} in {source} or in the folders in it.{hint}")


def read(found: Found) -> Results:
    """The results of a study that was found."""
    store = open_store(found.place)
    try:
        # The study is there, so what is handed in only carries its name.
        blank = StudySpec(found.summary.name, Space(), (DefaultObjective(),), seed=0)
        spec = store.open(blank)
        trials = store.history(0).trials
    finally:
        store.close()
    ended = sorted(
        (trial for trial in trials if trial.state.is_finished), key=lambda trial: trial.revision
    )
    space = spec.space.merge(deserialize(item) for trial in ended for item in trial.found)
    ordered = tuple(sorted(trials, key=lambda trial: trial.number))
    return Results(ordered, spec.objectives, space)
