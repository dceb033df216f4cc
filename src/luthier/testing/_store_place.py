"""A place where a store keeps studies, and short words for the laws of stores."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from types import TracebackType
from typing import Any, Self

from luthier.abc import Store
from luthier.errors import StaleTrialError
from luthier.records import Measurement, StudySpec, Trial, TrialState
from luthier.testing import _store_race
from luthier.testing._store_race import LATER, Connect, draft


class Place:
    """Where handles meet on one new study; closes them all at the end.

    Attributes:
        connect: makes another handle, not yet opened.
        spec: the study's set-up.
    """

    def __init__(self, connect: Connect) -> None:
        self.connect = connect
        self.spec = new_spec()
        self._handles: list[Store] = []

    def handle(self, spec: StudySpec | None = None) -> Store:
        """Another handle, opened on the place's study or on another."""
        store = self.connect()
        self._handles.append(store)
        store.open(self.spec if spec is None else spec)
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for handle in self._handles:
            handle.close()


def new_spec(name: str = "") -> StudySpec:
    """A set-up; under a name that no other study has, if none is given."""
    return _store_race.new_spec(name or f"study-{uuid.uuid4().hex}")


def facts(value: Any) -> Any:
    """Equal for equal records: exact types, NaN equal to NaN, the order in a dict left aside."""
    if is_dataclass(value) and not isinstance(value, type):
        return [(field.name, facts(getattr(value, field.name))) for field in fields(value)]
    if isinstance(value, Mapping):
        return sorted((key, facts(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(facts, value)]
    return repr(value)


def at(step: float, value: float = 0.0, execution: int = 0) -> Measurement:
    """A measurement at a step."""
    return Measurement(step, {"loss": value}, float(step), execution)


def places(trial: Trial) -> list[tuple[int, float, float]]:
    """Execution, step and loss of each measurement."""
    return [(m.execution, m.step, m.metrics["loss"]) for m in trial.measurements]


def ended(trial: Trial, state: TrialState = TrialState.COMPLETED) -> Trial:
    """`trial` with results, to move."""
    return replace(
        trial, state=state, metrics={"loss": 0.25}, scores=(0.25,), best_step=1, ended=12.5
    )


def running(store: Store, number: int = 0, worker: str = "ann") -> Trial:
    """Add a trial and claim it."""
    assert store.add(draft(number))
    claimed = store.claim(number, worker, LATER)
    assert claimed is not None
    return claimed


def only(store: Store) -> Trial:
    """The one trial of a study."""
    (trial,) = store.history(0).trials
    return trial


def is_stale(verb: Callable[[], object]) -> bool:
    """Whether a verb is refused because the trial is no longer this attempt's."""
    try:
        verb()
    except StaleTrialError:
        return True
    return False
