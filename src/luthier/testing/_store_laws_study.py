"""Laws of stores: studies, adding and claiming."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace

import pytest

from luthier.errors import StoreError
from luthier.objective import MultiObjective, Objective
from luthier.records import StudySpec, TrialState
from luthier.space import Boolean, Choice, Fixed, Float, Int, Parent, Space
from luthier.testing._store_place import Place, at, ended, facts, new_spec, only, places, running
from luthier.testing._store_race import LATER, RACES, Wins, draft, race, race_processes


def a_new_study_is_stored_and_an_old_one_found(place: Place) -> None:
    """Conditions, constants, several objectives and settings come back as they were."""
    space = Space(
        [
            Choice("kind", ["mlp", None, ("conv", 3)]),
            Int("units", 8, 64, step=8, conditions=[Parent("kind", ("mlp",))]),
            Float("rate", 1e-4, 1e-1, sampling="log"),
            Boolean("norm"),
            Fixed("epochs", 3),
        ]
    )
    objectives = (
        Objective("loss", "min"),
        MultiObjective([Objective("a", "min"), Objective("b", "max")]),
    )
    name = new_spec().name
    spec = StudySpec(name, space, objectives, 2**63 + 1, {"é\x00": [1, (None, math.inf)]})
    first, second = place.connect(), place.connect()
    assert first.open(spec) == spec
    assert second.open(new_spec(name)) == spec
    first.close()
    second.close()
    assert second.open(new_spec(name)) == spec
    second.close()


def amending_replaces_the_set_up_and_keeps_the_trials(place: Place) -> None:
    """Also for those who open the study later; another study's set-up is refused."""
    spec = place.spec
    store, other = place.handle(), place.handle()
    store.add(draft(0))
    changed = replace(spec, seed=8, settings={"sampler": "grid"})
    store.amend(changed)
    assert other.open(spec) == changed
    assert other.history(0).revision == 2
    assert only(other).suggestion == draft(0).suggestion
    with pytest.raises(StoreError, match="study that is open"):
        store.amend(new_spec())


def studies_of_one_store_keep_apart(place: Place) -> None:
    """Numbers, counters and claims are each study's own."""
    first, second = place.handle(), place.handle(new_spec())
    first.add(draft(0))
    first.add(draft(1))
    assert second.history(0).revision == 0
    assert second.claim(0, "ann", LATER) is None
    running(second)
    assert [trial.state for trial in first.history(0).trials] == [TrialState.WAITING] * 2


def nothing_works_before_a_study_is_open(place: Place) -> None:
    """Every verb says so; a closed store is as one that was never opened."""
    store = place.handle()
    store.close()
    for verb in (
        lambda: store.history(0),
        lambda: store.add(draft(0)),
        lambda: store.claim(0, "ann", LATER),
        lambda: store.append(0, 1, at(0)),
        lambda: store.move(draft(0)),
        lambda: store.renew([0], "ann", LATER),
        lambda: store.reap(lambda worker, lease: True),
        lambda: store.amend(new_spec()),
    ):
        with pytest.raises(StoreError, match=r"[Oo]pen"):
            verb()


def a_name_that_is_no_text_is_refused(place: Place) -> None:
    """Every store keeps the same names."""
    for name in ("", "a\x00b", "\ud800"):
        with pytest.raises(StoreError, match="name of a study"):
            place.connect().open(replace(new_spec(), name=name))


def a_store_says_where_it_is(place: Place) -> None:
    """For people."""
    store = place.handle()
    assert isinstance(store.place, str) and store.place
    assert isinstance(store.shared, bool)


def a_taken_number_changes_nothing(place: Place) -> None:
    """The first to add a trial wins."""
    store, other = place.handle(), place.handle()
    assert store.add(draft(0))
    assert not other.add(replace(draft(0), seen=9))
    assert only(store).seen == 0
    assert store.history(0).revision == 1


def only_waiting_trials_are_added(place: Place) -> None:
    """Whatever else a trial is to become it becomes by its verbs."""
    store = place.handle()
    with pytest.raises(StoreError, match="WAITING"):
        store.add(replace(draft(0), state=TrialState.COMPLETED))
    assert store.history(0).trials == ()


def a_trial_is_added_with_what_it_continues(place: Place) -> None:
    """Measurements given to `add` are those that come before its own."""
    store = place.handle()
    store.add(replace(draft(0), measurements=(at(0, 0.5), at(1, 0.4))))
    claimed = store.claim(0, "ann", LATER)
    assert claimed is not None
    store.append(0, 1, at(2, 0.3))
    assert places(store.move(ended(claimed))) == [(0, 0, 0.5), (0, 1, 0.4), (0, 2, 0.3)]


def a_claim_is_exclusive(place: Place) -> None:
    """Of two handles one gets the trial; nobody gets one that does not exist."""
    store, other = place.handle(), place.handle()
    store.add(draft(0))
    before = time.time()
    claimed = store.claim(0, "ann", LATER)
    assert claimed is not None
    assert other.claim(0, "bob", LATER) is None
    assert other.claim(1, "bob", LATER) is None
    assert (claimed.state, claimed.attempt) == (TrialState.RUNNING, 1)
    assert (claimed.worker, claimed.lease) == ("ann", LATER)
    assert claimed.started is not None and before - 1 <= claimed.started <= time.time() + 1
    assert facts(only(other)) == facts(claimed)


def threads_never_both_win(place: Place) -> None:
    """Each number is added once and claimed once."""
    spec = place.spec
    place.handle()
    wins: list[Wins] = []
    threads = [
        threading.Thread(target=lambda n=n: wins.append(race(place.connect, spec.name, f"w{n}")))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_wins(wins, place)


def processes_never_both_win(place: Place) -> None:
    """As threads; only where a store can be shared between processes."""
    if place.handle().shared:
        check_wins(race_processes(place.connect, place.spec.name, 2), place)


def check_wins(wins: list[Wins], place: Place) -> None:
    """Each number was added by one and claimed by one, who is the one in the store."""
    everything = list(range(RACES))
    assert sorted(number for win in wins for number in win.added) == everything
    assert sorted(number for win in wins for number in win.claimed) == everything
    holders = {trial.number: trial.worker for trial in place.handle().history(0).trials}
    assert holders == {number: win.worker for win in wins for number in win.claimed}


LAWS = (
    a_new_study_is_stored_and_an_old_one_found,
    amending_replaces_the_set_up_and_keeps_the_trials,
    studies_of_one_store_keep_apart,
    nothing_works_before_a_study_is_open,
    a_name_that_is_no_text_is_refused,
    a_store_says_where_it_is,
    a_taken_number_changes_nothing,
    only_waiting_trials_are_added,
    a_trial_is_added_with_what_it_continues,
    a_claim_is_exclusive,
    threads_never_both_win,
    processes_never_both_win,
)
