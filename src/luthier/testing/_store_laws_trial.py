"""Laws of stores: what happens to a trial once it is there."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from luthier.errors import StaleTrialError
from luthier.records import FINISHED, LEGAL, Measurement, Suggestion, Trial, TrialState
from luthier.testing._store_place import (
    Place,
    at,
    ended,
    facts,
    is_stale,
    only,
    places,
    running,
)
from luthier.testing._store_race import LATER, draft


def a_report_of_an_attempt_that_does_not_run_is_refused(place: Place) -> None:
    """Waiting, overtaken, finished or unknown: nothing is recorded."""
    store, other = place.handle(), place.handle()
    store.add(draft(0))
    for attempt in (0, 1):
        with pytest.raises(StaleTrialError):
            store.append(0, attempt, at(0))
    store.claim(0, "ann", 0.0)
    other.reap(lambda worker, lease: True)
    with pytest.raises(StaleTrialError):
        store.append(0, 1, at(0))
    second = other.claim(0, "bob", LATER)
    assert second is not None
    with pytest.raises(StaleTrialError):
        store.append(0, 1, at(0))
    other.append(0, 2, at(0, 0.5))
    other.move(ended(second))
    for number in (0, 1):
        with pytest.raises(StaleTrialError):
            other.append(number, 2, at(1))
    assert places(only(store)) == [(0, 0, 0.5)]


def reports_are_ordered_by_execution_and_step(place: Place) -> None:
    """Whatever the order in which they come; the same place twice keeps the last."""
    store = place.handle()
    trial = running(store)
    for measurement in (at(1, 1.0, 1), at(0, 2.0), at(2, 3.0), at(0, 4.0, 1), at(0, 5.0)):
        store.append(0, 1, measurement)
    for fraction in (1.75, -0.5):
        store.append(0, 1, at(fraction, 6.0))
    expected = [(0, -0.5, 6.0), (0, 0, 5.0), (0, 1.75, 6.0), (0, 2, 3.0), (1, 0, 4.0), (1, 1, 1.0)]
    assert places(only(store)) == expected
    assert places(store.move(ended(trial))) == expected
    assert places(only(store)) == expected


def a_later_attempt_replaces_what_it_runs_again(place: Place) -> None:
    """At its place and after, later executions included; what lies before stays."""
    store = place.handle()
    running(store)
    for execution in (0, 1):
        for step in range(3):
            store.append(0, 1, at(step, 1.0, execution))
    store.reap(lambda worker, lease: True)
    store.claim(0, "bob", LATER)
    store.append(0, 2, at(1, 2.0, 1))
    before = [(0, 0, 1.0), (0, 1, 1.0), (0, 2, 1.0), (1, 0, 1.0)]
    assert places(only(store)) == [*before, (1, 1, 2.0)]
    store.append(0, 2, at(2, 2.0, 1))
    assert places(only(store)) == [*before, (1, 1, 2.0), (1, 2, 2.0)]
    store.append(0, 2, at(2, 2.0, 0))
    expected = [(0, 0, 1.0), (0, 1, 1.0), (0, 2, 2.0), (1, 1, 2.0), (1, 2, 2.0)]
    assert places(only(store)) == expected


def values_that_are_not_finite_survive(place: Place) -> None:
    """A NaN epoch is a fact like any other."""
    store = place.handle()
    trial = running(store)
    given = (math.nan, math.inf, -math.inf)
    for step, value in enumerate(given):
        store.append(0, 1, at(step, value))
    for found in (only(store), store.move(ended(trial)), only(store)):
        assert [repr(value) for _, _, value in places(found)] == ["nan", "inf", "-inf"]


def a_trial_moves_only_where_it_may(place: Place) -> None:
    """By `records.LEGAL`, and never from a finished state."""
    store = place.handle()
    for number, (start, end) in enumerate(itertools.product(TrialState, TrialState)):
        if start is TrialState.WAITING:
            store.add(draft(number))
            (trial,) = store.history(store.history(0).revision - 1).trials
        else:
            trial = running(store, number)
        if start not in (TrialState.WAITING, TrialState.RUNNING):
            trial = store.move(replace(trial, state=start))
        if end in LEGAL[start]:
            assert store.move(replace(trial, state=end)).state is end
        else:
            with pytest.raises(StaleTrialError):
                store.move(replace(trial, state=end))
            assert facts(store.history(trial.revision - 1).trials[0]) == facts(trial)


def a_finished_trial_never_changes_again(place: Place) -> None:
    """Neither by its own worker nor by any other verb."""
    store, other = place.handle(), place.handle()
    for number, state in enumerate(sorted(FINISHED, key=str)):
        trial = store.move(ended(running(store, number), state))
        assert is_stale(partial(other.append, number, 1, at(0)))
        assert is_stale(partial(other.move, ended(trial, TrialState.FAILED)))
        assert is_stale(partial(store.move, ended(trial, state)))
        assert not other.add(draft(number))
        assert other.claim(number, "bob", LATER) is None
        assert other.renew([number], "ann", LATER) == ()
        assert other.reap(lambda worker, lease: True) == ()
        changes = other.history(trial.revision - 1)
        assert changes.revision == trial.revision
        assert facts(changes.trials) == facts((trial,))
        assert (trial.lease, trial.worker) == (None, "ann")


def an_overtaken_worker_cannot_end_the_trial(place: Place) -> None:
    """What it brings is refused, whether the trial waits to be retried or runs again."""
    store, other = place.handle(), place.handle()
    trial = running(store)
    other.reap(lambda worker, lease: True)
    for state in (TrialState.COMPLETED, TrialState.FAILED):
        with pytest.raises(StaleTrialError):
            store.move(ended(trial, state))
    other.claim(0, "bob", LATER)
    for state in (TrialState.COMPLETED, TrialState.FAILED, TrialState.WAITING):
        with pytest.raises(StaleTrialError):
            store.move(ended(trial, state))
    assert only(store).worker == "bob"


def an_unknown_trial_cannot_move(place: Place) -> None:
    """There is nothing to move."""
    store = place.handle()
    with pytest.raises(StaleTrialError, match="no trial 3"):
        store.move(ended(draft(3)))


def a_paused_trial_keeps_its_measurements_and_is_nobody_s(place: Place) -> None:
    """It may go on later, elsewhere."""
    store = place.handle()
    trial = running(store)
    store.append(0, 1, at(0, 0.5))
    paused = store.move(replace(trial, state=TrialState.PAUSED))
    assert (paused.worker, paused.lease) == (None, None)
    waiting = store.move(replace(paused, state=TrialState.WAITING))
    assert waiting.attempt == 1
    again = store.claim(0, "bob", LATER)
    assert again is not None
    assert again.attempt == 2
    store.append(0, 2, at(1, 0.4))
    assert places(store.move(ended(again))) == [(0, 0, 0.5), (0, 1, 0.4)]


def a_worker_renews_only_its_own(place: Place) -> None:
    """It learns which trials are still its own."""
    store, other = place.handle(), place.handle()
    running(store, 0, "ann")
    running(store, 1, "bob")
    running(store, 2, "ann")
    store.move(ended(store.history(0).trials[2]))
    assert other.renew([2, 1, 0, 7], "ann", LATER + 1) == (0,)
    leases = {trial.number: trial.lease for trial in store.history(0).trials}
    assert leases == {0: LATER + 1, 1: LATER, 2: None}


def dead_workers_trials_are_given_back(place: Place) -> None:
    """Waiting again with the same attempt and all that was measured."""
    store, other = place.handle(), place.handle()
    running(store, 0, "ann")
    store.append(0, 1, at(0, 0.5))
    running(store, 1, "bob")
    asked: list[tuple[str, float | None]] = []

    def is_dead(worker: str, lease: float | None) -> bool:
        asked.append((worker, lease))
        return worker == "ann"

    assert other.reap(is_dead) == (0,)
    assert sorted(asked) == [("ann", LATER), ("bob", LATER)]
    first, second = sorted(store.history(0).trials, key=lambda trial: trial.number)
    assert (first.state, first.attempt) == (TrialState.WAITING, 1)
    assert (first.worker, first.lease) == (None, None)
    assert places(first) == [(0, 0, 0.5)]
    assert second.worker == "bob"
    assert store.renew([0], "ann", LATER) == ()
    again = store.claim(0, "cyd", LATER)
    assert again is not None and again.attempt == 2
    assert places(again) == [(0, 0, 0.5)]


def a_lease_renewed_just_in_time_is_not_taken_away(place: Place) -> None:
    """What was seen as dead is looked at again when it is given back."""
    store, other = place.handle(), place.handle()
    running(store)

    def is_dead(worker: str, lease: float | None) -> bool:
        store.renew([0], "ann", LATER + 1)
        return True

    assert other.reap(is_dead) == ()
    assert only(store).state is TrialState.RUNNING


def history_gives_every_change_once_and_in_order(place: Place) -> None:
    """Who follows from revision to revision knows what who asks for all knows."""
    store, other = place.handle(), place.handle()
    known: dict[int, Trial] = {}
    revision = 0
    for number in range(6):
        trial = running(store, number)
        store.append(number, 1, at(0))
        if number % 2:
            store.move(ended(trial))
        changes = other.history(revision)
        revisions = [changed.revision for changed in changes.trials]
        assert revisions == sorted(set(revisions))
        assert all(revision < found <= changes.revision for found in revisions)
        known.update((changed.number, changed) for changed in changes.trials)
        revision = changes.revision
    whole = sorted(store.history(0).trials, key=lambda trial: trial.number)
    assert facts(whole) == facts([known[number] for number in sorted(known)])
    assert store.history(revision).trials == ()
    finished = [t.number for t in store.history(0).trials if t.state in FINISHED]
    assert finished == [1, 3, 5]


def nothing_is_shared_with_what_comes_in_or_goes_out(place: Place) -> None:
    """Changing a dict that was stored, or that was read, changes nothing stored."""
    store = place.handle()
    values: dict[str, Any] = {"x": [1, {"y": 2}]}
    store.add(Trial(0, Suggestion(values, extra=values), values=values))
    values["x"][1]["y"] = 3
    claimed = store.claim(0, "ann", LATER)
    assert claimed is not None
    metrics = {"loss": 0.5}
    store.append(0, 1, Measurement(0, metrics))
    metrics["loss"] = 0.0
    info: dict[str, Any] = {"deep": [1]}
    done = replace(ended(claimed), metrics=metrics, info=info, found=({"name": "z"},))
    expected = facts(moved := store.move(done))
    info["deep"].append(2)
    metrics["loss"] = 9.0
    first, second = only(store), only(store)
    for trial in (first, moved):
        trial.values["x"][1]["y"] = 4
        trial.info["deep"].append(3)
        trial.suggestion.values["x"].clear()
        trial.found[0]["name"] = "other"  # type: ignore[index]
        trial.measurements[0].metrics["loss"] = 7.0  # type: ignore[index]
    assert facts(second) == expected
    assert facts(only(store)) == expected
    assert second.measurements[0].metrics == {"loss": 0.5}


LAWS = (
    a_report_of_an_attempt_that_does_not_run_is_refused,
    reports_are_ordered_by_execution_and_step,
    a_later_attempt_replaces_what_it_runs_again,
    values_that_are_not_finite_survive,
    a_trial_moves_only_where_it_may,
    a_finished_trial_never_changes_again,
    an_overtaken_worker_cannot_end_the_trial,
    an_unknown_trial_cannot_move,
    a_paused_trial_keeps_its_measurements_and_is_nobody_s,
    a_worker_renews_only_its_own,
    dead_workers_trials_are_given_back,
    a_lease_renewed_just_in_time_is_not_taken_away,
    history_gives_every_change_once_and_in_order,
    nothing_is_shared_with_what_comes_in_or_goes_out,
)
