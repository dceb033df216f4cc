"""What a store says of its studies without opening them, and what it asks of what it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from luthier.errors import StoreError
from luthier.records import Trial, TrialState


@dataclass(frozen=True, slots=True)
class StudySummary:
    """A study in a store.

    Attributes:
        name: its name.
        counts: how many trials are in each state; states without trials are left out.
    """

    name: str
    counts: Mapping[TrialState, int]

    @property
    def trials(self) -> int:
        """How many trials it has in all."""
        return sum(self.counts.values())

    @classmethod
    def count(cls, name: str, states: Iterable[str]) -> StudySummary:
        """The summary of a study whose trials are in these states."""
        return cls(name, {TrialState(state): n for state, n in sorted(Counter(states).items())})


@runtime_checkable
class ListsStudies(Protocol):
    """A store that can say what it holds without opening a study."""

    def summaries(self) -> tuple[StudySummary, ...]:
        """Every study, by name; creates and changes nothing."""


def check_name(name: str) -> str:
    """`name` if every database can keep it.

    Raises:
        StoreError: if it is empty, or holds characters that are no text.
    """
    try:
        valid = bool(name) and "\x00" not in name and bool(name.encode())
    except UnicodeEncodeError:
        valid = False
    if not valid:
        raise StoreError(f"Expected the name of a study to be a non-empty text, got {name!r}.")
    return name


def check_waiting(trial: Trial) -> None:
    """Refuses a trial that does not begin its life.

    Raises:
        StoreError: if it is in another state than WAITING.
    """
    if trial.state is not TrialState.WAITING:
        raise StoreError(
            f"Expected a WAITING trial to add, got trial {trial.number} that is "
            f"{trial.state.value}; add it WAITING, then claim and move it."
        )
