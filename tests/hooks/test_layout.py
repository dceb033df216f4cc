"""The live table as text."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from luthier.hooks._grid import Line
from luthier.hooks._layout import frame
from luthier.hooks._progress import Progress
from luthier.objective import Objective
from luthier.records import Measurement, TrialState
from tests.hooks.searches import ACCURACY, Clock, ended, facts, running


def _text(lines: list[Line]) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


def _busy(clock: Clock | None = None, **start: Any) -> Progress:
    progress = Progress(facts(**start), clock or Clock())
    for number, score in enumerate([0.5, 0.75, None]):
        trial = running(number)
        progress.take_up(trial)
        progress.finish(ended(trial, score, message="Traceback\nValueError: boom"))
    trial = running(3)
    progress.take_up(trial)
    progress.report(trial, Measurement(6, {"val_accuracy": 0.625}, 1.0))
    return progress


def test_a_search_in_the_middle() -> None:
    assert _text(frame(_busy(), 79, 24)) == "\n".join(
        [
            "digits · val_accuracy (more is better) · digits/study.sqlite",
            "",
            "              learning_      val_",
            "trial  units       rate  accuracy    time",
            "    1     32      0.001    0.7500    8.0s  best so far",
            "─" * 79,
            "    0     32      0.001    0.5000    8.0s",
            "    1     32      0.001    0.7500    8.0s",
            "    2     32      0.001         –    8.0s  failed: ValueError: boom",
            "    3     32      0.001    0.6250    0.0s  epoch 7",
            "",
            "━━━━━━━━━━━━━━━━━━──────  3 of 4 trials · 1 failed · 0.0s · nearly done",
        ]
    )


def test_before_the_first_trial_there_is_no_table() -> None:
    assert _text(frame(Progress(facts(), Clock()), 79, 24)).splitlines()[1:] == [
        "",
        "────────────────────────  0 of 4 trials · 0.0s",
    ]


def test_a_trial_that_has_not_reported_is_starting() -> None:
    progress = Progress(facts(), Clock())
    progress.take_up(running(0))
    assert "starting" in _text(frame(progress, 79, 24))


def test_repetitions_are_counted() -> None:
    progress = Progress(facts(), Clock())
    progress.take_up(running(0))
    progress.report(running(0), Measurement(1, {"val_accuracy": 0.5}, 1.0, execution=1))
    assert "run 2, epoch 2" in _text(frame(progress, 79, 24))


def test_why_it_ended_replaces_the_time_left() -> None:
    progress = _busy()
    progress.end("interrupted")
    last = _text(frame(progress, 79, 24)).splitlines()[-1]
    assert last.endswith("0.0s · interrupted")
    assert "epoch" not in _text(frame(progress, 79, 24))


def test_inactive_hyperparameters_are_a_dot() -> None:
    progress = Progress(facts(), Clock())
    progress.finish(ended(running(0, {"units": 16}), 0.5))
    progress.finish(ended(running(1, {"learning_rate": 0.01}), 0.25))
    row = next(line for line in _text(frame(progress, 79, 24)).splitlines() if " 0.2500 " in line)
    assert row.split()[1:3] == ["·", "0.01"]


def test_several_objectives_have_a_column_each() -> None:
    progress = Progress(facts(objectives=[ACCURACY, Objective("seconds", "min")]), Clock())
    trial = ended(running(0), 0.5)
    from dataclasses import replace

    progress.finish(replace(trial, scores=(0.5, 12.0)))
    text = _text(frame(progress, 79, 24))
    assert "seconds (less is better)" in text
    assert "0.5000    12.00" in text


def test_stopped_and_retried_trials_say_so() -> None:
    progress = Progress(facts(), Clock())
    progress.finish(ended(running(0), 0.5, state=TrialState.STOPPED))
    progress.finish(ended(running(1), state=TrialState.WAITING))
    text = _text(frame(progress, 79, 24))
    assert "stopped early" in text
    assert "to be retried" in text


def test_hyperparameters_that_do_not_fit_are_counted() -> None:
    progress = Progress(facts(), Clock())
    progress.finish(ended(running(0, {f"hyperparameter{i}": i for i in range(9)}), 0.5))
    text = _text(frame(progress, 79, 24))
    assert "+6 more" in text


@given(
    width=st.integers(1, 200),
    height=st.integers(10, 60),
    names=st.lists(st.text(min_size=1, max_size=30), max_size=12, unique=True),
    values=st.one_of(st.text(max_size=40), st.floats(), st.none(), st.integers()),
    trials=st.integers(0, 30),
)
def test_a_frame_fits_its_terminal_whatever_is_in_it(
    width: int, height: int, names: list[str], values: object, trials: int
) -> None:
    progress = Progress(facts(max_trials=30), Clock())
    for number in range(trials):
        trial = running(number, dict.fromkeys(names, values))
        progress.take_up(trial)
        progress.finish(ended(trial, None if number % 5 == 4 else number / 7))
    progress.take_up(running(trials))
    lines = frame(progress, width, height)
    assert len(lines) < height
    assert max(len("".join(text for text, _ in line)) for line in lines) <= width
