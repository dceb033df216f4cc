"""All verbs of a store in any order, by two handles, against as simple a model as can be.

The model is a dict of trials and a dict of measurements; whatever a store answers must be what the
model answers.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from luthier.abc import Store
from luthier.records import FINISHED, LEGAL, Measurement, Suggestion, Trial, TrialState
from luthier.testing._store_place import Place, facts, is_stale, new_spec
from luthier.testing._store_race import Connect

NUMBERS = st.integers(0, 4)
WORKERS = st.sampled_from(["ann", "bob", "cyd"])
LEASES = st.floats(0.0, 2e9)
NAMES = st.text(max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(NAMES, inner, max_size=2)
    ),
    max_leaves=4,
)
VALUES = st.dictionaries(NAMES, JSON, max_size=3)
METRICS = st.dictionaries(NAMES, st.floats(), max_size=2)
MEASUREMENTS = st.builds(
    Measurement,
    st.integers(0, 3) | st.sampled_from([-0.5, 0.25]),
    METRICS,
    st.floats(0.0, 1e6),
    st.integers(0, 1),
)
SUGGESTIONS = st.builds(
    Suggestion,
    VALUES,
    st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 9),
    NAMES,
    VALUES,
)
RESULTS = st.fixed_dictionaries(
    {
        "values": VALUES,
        "metrics": METRICS,
        "spread": METRICS,
        "scores": st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple),
        "best_step": st.integers(0, 9),
        "message": NAMES,
        "found": st.lists(VALUES, max_size=1).map(tuple),
        "info": VALUES,
        "failures": st.integers(0, 3),
    }
)


class StoreMachine(RuleBasedStateMachine):
    """Two handles on one study, and the model of it."""

    def __init__(self, connect: Connect) -> None:
        super().__init__()
        self.place = Place(connect)
        self.spec = self.place.spec
        self.handles: tuple[Store, ...] = ()
        self.revision = 0
        self.trials: dict[int, Trial] = {}
        self.reports: dict[int, dict[tuple[int, float], tuple[int, Measurement]]] = {}

    @initialize()
    def open(self) -> None:
        self.handles = self.place.handle(), self.place.handle()

    def teardown(self) -> None:
        for which in range(len(self.handles)):
            self.check(which, 0)
        self.place.__exit__(None, None, None)

    # -- the model -------------------------------------------------------------------------------

    def put(self, trial: Trial, **changes: Any) -> Trial:
        """Record a change of the model; the trial as the store must know it from now on."""
        self.revision += 1
        changed = replace(trial, **changes)
        if changed.state is not TrialState.RUNNING:
            changed = replace(changed, lease=None)
        if changed.state in (TrialState.WAITING, TrialState.PAUSED):
            changed = replace(changed, worker=None)
        reports = self.reports[trial.number]
        changed = replace(
            changed,
            revision=self.revision,
            measurements=tuple(reports[place][1] for place in sorted(reports)),
        )
        self.trials[trial.number] = changed
        return changed

    def check(self, which: int, since: int) -> None:
        changes = self.handles[which].history(since)
        changed = [trial for trial in self.trials.values() if trial.revision > since]
        changed.sort(key=lambda trial: trial.revision)
        assert changes.revision == self.revision
        assert facts(changes.trials) == facts(tuple(changed))

    # -- the verbs -------------------------------------------------------------------------------

    handle = st.sampled_from((0, 1))

    @rule(which=handle, number=NUMBERS, suggestion=SUGGESTIONS, seen=st.integers(0, 9))
    def add(self, which: int, number: int, suggestion: Suggestion, seen: int) -> None:
        trial = Trial(number, suggestion, seen=seen, values=dict(suggestion.values))
        assert self.handles[which].add(trial) == (number not in self.trials)
        if number not in self.trials:
            self.reports[number] = {}
            self.put(trial)

    @rule(which=handle, number=NUMBERS, worker=WORKERS, lease=LEASES)
    def claim(self, which: int, number: int, worker: str, lease: float) -> None:
        claimed = self.handles[which].claim(number, worker, lease)
        known = self.trials.get(number)
        if known is None or known.state is not TrialState.WAITING:
            assert claimed is None
            return
        assert claimed is not None
        assert claimed.started is not None and math.isfinite(claimed.started)
        expected = self.put(
            known,
            state=TrialState.RUNNING,
            attempt=known.attempt + 1,
            worker=worker,
            lease=lease,
            started=claimed.started,
        )
        assert facts(claimed) == facts(expected)

    @rule(
        which=handle,
        number=NUMBERS,
        behind=st.sampled_from((0, 0, 0, 1)),
        measurement=MEASUREMENTS,
    )
    def append(self, which: int, number: int, behind: int, measurement: Measurement) -> None:
        known = self.trials.get(number)
        attempt = (known.attempt if known else 1) - behind
        store = self.handles[which]
        if known is None or known.state is not TrialState.RUNNING or behind:
            assert is_stale(partial(store.append, number, attempt, measurement))
            return
        store.append(number, attempt, measurement)
        reports, place = self.reports[number], (measurement.execution, measurement.step)
        for other in [o for o, (by, _) in reports.items() if by < attempt and o >= place]:
            del reports[other]
        reports[place] = (attempt, measurement)
        self.put(known)

    @precondition(lambda self: bool(self.trials))
    @rule(
        which=handle,
        data=st.data(),
        behind=st.sampled_from((0, 0, 0, 1)),
        state=st.sampled_from(list(TrialState)),
        results=RESULTS,
    )
    def move(
        self, which: int, data: Any, behind: int, state: TrialState, results: dict[str, Any]
    ) -> None:
        known = self.trials[data.draw(st.sampled_from(sorted(self.trials)))]
        ended = 12.5 if state in FINISHED else None
        wanted = replace(known, state=state, attempt=known.attempt - behind, ended=ended, **results)
        store = self.handles[which]
        if behind or state not in LEGAL[known.state]:
            assert is_stale(partial(store.move, wanted))
            return
        assert facts(store.move(wanted)) == facts(self.put(wanted))

    @rule(which=handle, numbers=st.lists(NUMBERS, unique=True), worker=WORKERS, lease=LEASES)
    def renew(self, which: int, numbers: list[int], worker: str, lease: float) -> None:
        own = tuple(
            number
            for number in numbers
            if (known := self.trials.get(number)) is not None
            and known.state is TrialState.RUNNING
            and known.worker == worker
        )
        assert self.handles[which].renew(numbers, worker, lease) == own
        for number in own:
            self.put(self.trials[number], lease=lease)

    @rule(which=handle, now=LEASES)
    def reap(self, which: int, now: float) -> None:
        def is_dead(worker: str, lease: float | None) -> bool:
            return worker == "ann" or lease is None or lease < now

        dead = tuple(
            number
            for number, known in sorted(self.trials.items())
            if known.state is TrialState.RUNNING and is_dead(known.worker or "", known.lease)
        )
        assert self.handles[which].reap(is_dead) == dead
        for number in dead:
            self.put(self.trials[number], state=TrialState.WAITING)

    @rule(which=handle, seed=st.integers(0, 2**64 - 1), settings=VALUES)
    def amend(self, which: int, seed: int, settings: dict[str, Any]) -> None:
        self.spec = replace(self.spec, seed=seed, settings=settings)
        self.handles[which].amend(self.spec)
        self.revision += 1

    @rule(which=handle)
    def reopen(self, which: int) -> None:
        self.handles[which].close()
        stored = self.handles[which].open(new_spec(self.spec.name))
        assert facts(stored) == facts(self.spec)

    @rule(which=handle, back=st.integers(0, 12))
    def look(self, which: int, back: int) -> None:
        self.check(which, max(0, self.revision - back))


def run(connect: Connect) -> None:
    """Try many orders of verbs; each in a study of its own."""

    class Machine(StoreMachine):
        def __init__(self) -> None:
            super().__init__(connect)

    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=25, stateful_step_count=30, deadline=None),
    )
