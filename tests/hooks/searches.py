"""A make-believe search for the hooks to watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from luthier.abc import Hook, SearchFacts
from luthier.objective import Objective
from luthier.records import History, Measurement, StudySpec, Suggestion, Trial, TrialState
from luthier.space import Choice, Fixed, Float, HyperParameter, Int, Space

UNITS = Int("units", 16, 64)
RATE = Float("learning_rate", 1e-4, 1e-1, sampling="log")
KIND = Choice("kind", ["dense", "conv"])
BATCH = Fixed("batch_size", 32)
ACCURACY = Objective("val_accuracy", "max")


class Clock:
    """Seconds that pass only when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def facts(
    *,
    parameters: Sequence[HyperParameter] = (UNITS, RATE, BATCH),
    objectives: Sequence[Objective] = (ACCURACY,),
    finished: Sequence[Trial] = (),
    max_trials: int | None = 4,
    max_seconds: float | None = None,
    place: str = "digits/study.sqlite",
) -> SearchFacts:
    """What a search begins with."""
    space = Space(parameters)
    spec = StudySpec("digits", space, tuple(objectives), seed=0)
    history = History(space, spec.objectives, finished=tuple(finished))
    return SearchFacts(spec, history, max_trials, max_seconds, place)


def running(number: int, values: Mapping[str, Any] | None = None) -> Trial:
    """A trial that has just been taken up."""
    chosen = {"units": 32, "learning_rate": 0.001, "batch_size": 32} if values is None else values
    return Trial(
        number,
        Suggestion(chosen),
        TrialState.RUNNING,
        values=chosen,
        attempt=1,
        started=1000.0,
    )


def ended(
    trial: Trial,
    score: float | None = None,
    state: TrialState | None = None,
    **facts: Any,
) -> Trial:
    """The trial as it ended, after eight seconds."""
    if state is None:
        state = TrialState.FAILED if score is None else TrialState.COMPLETED
    scores = () if score is None else (score,)
    metrics = {} if score is None else {"val_accuracy": score}
    return replace(trial, state=state, scores=scores, metrics=metrics, ended=1008.0, **facts)


def run_through(
    hook: Hook, start: SearchFacts, scores: Sequence[float | None], clock: Clock | None = None
) -> None:
    """A whole search: each trial reports twice and ends with its score, None for a failure."""
    hook.on_start(start)
    for number, score in enumerate(scores):
        trial = running(number)
        hook.on_trial(trial)
        for step in range(2):
            hook.on_report(trial, Measurement(step, {"val_accuracy": 0.5 + step / 10}, 1.0))
        if clock is not None:
            clock.now += 8.0
        message = "Traceback:\n  line\nValueError: boom" if score is None else ""
        hook.on_outcome(ended(trial, score, message=message))
    hook.on_end(f"{len(scores)} trials reached")
