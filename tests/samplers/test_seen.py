"""Which points count as tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from luthier.records import History, Suggestion, Trial, TrialState
from luthier.samplers._seen import Seen
from luthier.space import Choice, Float, Int, Space
from luthier.testing._searches import LOSS

SPACE = Space([Int("layers", 1, 3), Choice("first", [1, 2]), Choice("second", [1, 2])])


def trial(
    number: int,
    suggested: dict[str, Any],
    used: dict[str, Any] | None = None,
    state: TrialState = TrialState.COMPLETED,
) -> Trial:
    values = suggested if used is None else used
    return Trial(number, Suggestion(suggested), state, values=values, scores=(1.0,))


def seen(*trials: Trial, space: Space = SPACE) -> Seen:
    found = Seen()
    found.update(
        History(
            space,
            LOSS,
            finished=tuple(t for t in trials if t.state.is_finished),
            open=tuple(t for t in trials if not t.state.is_finished),
        )
    )
    return found


POINT = {"layers": 1, "first": 1, "second": 1}


def test_a_point_is_covered_by_a_trial_there() -> None:
    found = seen(trial(0, POINT))
    assert found.covers(POINT)
    assert not found.covers({**POINT, "second": 2})


def test_what_a_build_did_not_use_makes_no_difference() -> None:
    found = seen(trial(0, POINT, {"layers": 1, "first": 1}))
    assert found.covers({**POINT, "second": 2})
    assert found.covers({"layers": 1, "first": 1})
    assert not found.covers({**POINT, "first": 2})
    assert not found.covers({"layers": 1})


def test_an_open_trial_covers_what_was_suggested_to_it() -> None:
    found = seen(trial(0, POINT, state=TrialState.RUNNING))
    assert found.covers(POINT)
    assert not found.covers({**POINT, "second": 2})


def test_a_crash_before_anything_was_read_covers_its_own_point_only() -> None:
    found = seen(trial(0, POINT, {}, TrialState.FAILED))
    assert found.covers(POINT)
    assert not found.covers({**POINT, "layers": 2})


def test_a_trial_that_used_nothing_does_not_cover_everything() -> None:
    found = seen(trial(0, POINT, {}))
    assert found.covers(POINT)
    assert not found.covers({**POINT, "layers": 2})


def test_in_an_empty_space_any_trial_covers_the_only_point() -> None:
    found = seen(trial(0, {}), space=Space())
    assert found.covers({})


def test_numbers_count_by_value_and_choices_by_label() -> None:
    space = Space([Float("x", 0, 1), Choice("c", [True, False])])
    found = seen(trial(0, {"x": 1, "c": True}), space=space)
    assert found.covers({"x": 1.0, "c": True})
    assert not found.covers({"x": 1.0, "c": False})


def test_it_notices_that_a_trial_used_other_values_than_were_suggested() -> None:
    history = History(SPACE, LOSS, open=(trial(0, {"layers": 2}, state=TrialState.RUNNING),))
    found = Seen()
    found.update(history)
    before = found.shrinks
    done = trial(0, {"layers": 2}, {"layers": 2, "first": 1})
    found.update(replace(history, open=(), finished=(done,)))
    assert found.shrinks == before + 1
    assert not found.covers({"layers": 2, "first": 2})


def test_a_trial_that_ended_as_suggested_takes_nothing_back() -> None:
    history = History(SPACE, LOSS, open=(trial(0, POINT, state=TrialState.RUNNING),))
    found = Seen()
    found.update(history)
    before = found.shrinks
    found.update(replace(history, open=(), finished=(trial(0, POINT, {"layers": 1}),)))
    assert found.shrinks == before
