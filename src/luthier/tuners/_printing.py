"""What tuners print, in KerasTuner's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from luthier.hooks._text import reason_text
from luthier.objective import Objective
from luthier.oracles._trial import Trial
from luthier.records import Trial as Record
from luthier.space import HyperParameter


def print_how_trained(summary: str, verbose: Any) -> None:
    """Say how the trials of a search were trained, where there is something to say."""
    if summary and verbose:
        print(summary)  # noqa: T201


def print_space(parameters: Iterable[HyperParameter]) -> None:
    """The hyperparameters with their configurations."""
    listed = list(parameters)
    print("Search space summary")  # noqa: T201
    print(f"Default search space size: {len(listed)}")  # noqa: T201
    for parameter in listed:
        config = parameter.get_config()
        name = config.pop("name")
        print(f"{name} ({type(parameter).__name__})")  # noqa: T201
        print(config)  # noqa: T201


def print_results(
    trials: Iterable[Trial], objective: Objective, project_dir: str, num_trials: int
) -> None:
    """The best trials with the values that they used."""
    print("Results summary")  # noqa: T201
    print(f"Results in {project_dir}")  # noqa: T201
    print(f"Showing {num_trials} best trials")  # noqa: T201
    print(objective)  # noqa: T201
    for trial in trials:
        print()  # noqa: T201
        trial.summary()


def print_without_score(records: Sequence[Record]) -> None:
    """Why there is no best trial, where trials have ended."""
    lost = [record for record in records if record.state.is_finished]
    if lost:
        print()  # noqa: T201
        reason = reason_text(lost[-1].message) or lost[-1].state.value
        print(f"None of {len(lost)} trials has a score; the last one: {reason}")  # noqa: T201


def print_kept(sentence: str) -> None:
    """How many trained models are kept, and how large they are."""
    print()  # noqa: T201
    print(sentence)  # noqa: T201


def print_reload(place: str, notices: Iterable[str]) -> None:
    """That an existing study goes on, and what the new settings change."""
    print(f"Reloading Tuner from {place}")  # noqa: T201
    for notice in notices:
        print(f"  {notice}")  # noqa: T201


def print_backend(sentence: str) -> None:
    """That a backend of Keras was chosen, if it was."""
    if sentence:
        print(sentence)  # noqa: T201
