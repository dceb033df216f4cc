"""Laws of samplers: replay, validity, no repetition. Part of `SamplerContract`."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from luthier.abc import Sampler
from luthier.records import History, Trial
from luthier.space import (
    Choice,
    Fixed,
    Float,
    HyperParameter,
    Int,
    Space,
)
from luthier.testing._searches import (
    CONDITIONAL,
    FINITE,
    LOSS,
    MIXED,
    Search,
    badness,
    check,
    draws,
    hyperparameters,
    trials_at,
)

_FEW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.differing_executors]
)


class SamplerLaws:
    """The replay law, valid suggestions, no repetition."""

    make: Callable[[], Sampler]

    # ------------------------------------------------------------------ the replay law

    @_FEW
    @given(hyperparameters(), st.integers(0, 2**32), st.booleans())
    def test_a_fresh_sampler_suggests_what_a_used_one_does(
        self, parameters: list[HyperParameter], seed: int, parallel: bool
    ) -> None:
        """A suggestion depends on history and generator, not on what the object saw before."""
        search = Search(self.make(), Space(parameters), seed=seed)
        waiting: list[Trial] = []
        for _ in range(14):
            again = self.make().suggest(search.history, search.rng)
            trial = search.ask()
            assert (trial.suggestion if trial else None) == again
            if trial is None:
                break
            waiting.append(trial)
            if not parallel or len(waiting) > 2:
                first = waiting.pop(0)
                search.tell(first, badness(first.values))

    @pytest.mark.parametrize("space", [MIXED, CONDITIONAL], ids=["mixed", "conditional"])
    def test_an_interrupted_search_goes_on_as_if_nothing_had_happened(self, space: Space) -> None:
        """Trials that come back from a store are equal, not identical."""
        whole = Search(self.make(), space).run(30)
        search = Search(self.make(), space)
        search.run(17)
        search.sampler = self.make()
        search.history = replace(
            search.history,
            finished=tuple(replace(trial) for trial in search.history.finished),
            space=Space(list(space)),
        )
        rest = search.run(13)
        assert [t.suggestion for t in whole[17:]] == [t.suggestion for t in rest]

    def test_an_object_may_serve_another_study(self) -> None:
        """What was kept of one history does not leak into another."""
        used = self.make()
        Search(used, MIXED, seed=1).run(12)
        for space in (MIXED, CONDITIONAL, FINITE):
            search = Search(self.make(), space, seed=2)
            search.run(12)
            assert used.suggest(search.history, search.rng) == self.make().suggest(
                search.history, search.rng
            )

    def test_no_other_randomness_is_used(self) -> None:
        """Python's and numpy's global generators are left alone."""
        before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
        Search(self.make(), MIXED).run(15)
        after = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
        assert before == after

    def test_the_history_is_not_changed(self) -> None:
        """Histories are frozen facts, also inside."""
        points = draws(MIXED, 20)
        finished = trials_at(points, [(badness(p),) for p in points])
        history = History(MIXED, LOSS, finished=finished, number=20)
        self.make().suggest(history, np.random.default_rng(0))
        assert [dict(trial.values) for trial in finished] == points

    def test_the_order_of_names_within_a_trial_does_not_matter(self) -> None:
        """Values are known by name."""
        points = draws(MIXED, 25)
        turned = [dict(reversed(point.items())) for point in points]
        answers = []
        for some in (points, turned):
            finished = trials_at(some, [(badness(p),) for p in points])
            history = History(MIXED, LOSS, finished=finished, number=25)
            answers.append(self.make().suggest(history, np.random.default_rng(3)))
        assert answers[0] == answers[1]

    # ------------------------------------------------------------------ validity

    @pytest.mark.parametrize("space", [MIXED, CONDITIONAL], ids=["mixed", "conditional"])
    def test_every_suggestion_lies_in_the_space(self, space: Space) -> None:
        """Exactly the active hyperparameters, with values that the space could have given."""
        for trial in Search(self.make(), space).run(40):
            check(space, trial.suggestion)

    @_FEW
    @given(hyperparameters(), st.permutations(range(5)))
    def test_the_order_of_unrelated_hyperparameters_may_be_any(
        self, parameters: list[HyperParameter], order: list[int]
    ) -> None:
        """Suggestions lie in the space however it is ordered, parents behind children included."""
        turned = [parameters[i] for i in order if i < len(parameters)]
        space = Space(turned)
        for trial in Search(self.make(), space).run(12):
            check(Space(parameters), trial.suggestion)

    def test_fixed_values_are_kept(self) -> None:
        """A fixed hyperparameter has its value in every suggestion."""
        space = Space([Fixed("a", "yes"), Float("b", 0.0, 1.0), Fixed("c", 0)])
        for trial in Search(self.make(), space).run(12):
            assert trial.values["a"] == "yes"
            assert trial.values["c"] == 0

    def test_the_space_may_grow_while_the_search_runs(self) -> None:
        """Hyperparameters that a trial met are tuned from then on."""
        search = Search(self.make(), Space([Int("a", 0, 9)]))
        search.run(7)
        grown = Space([Int("a", 0, 9), Choice("late", ["x", "y"]), Float("z", 0.0, 1.0)])
        search.history = replace(search.history, space=grown)
        for trial in search.run(15):
            check(grown, trial.suggestion)

    def test_trials_outside_the_space_are_no_obstacle(self) -> None:
        """A space may have been redefined since: ranges, types, names of old trials are foreign."""
        strange: list[dict[str, Any]] = [
            {"rate": 50.0, "units": 5, "kind": "gone", "flag": 1},
            {"rate": 0.1, "unknown": [1, 2]},
            {},
            {"rate": "text", "units": None, "kind": {"a": 1}, "flag": "no", "share": -3.0},
        ]
        points = strange + draws(MIXED, 12)
        finished = trials_at(points, [(float(n),) for n in range(len(points))])
        search = Search(self.make(), MIXED, finished=finished, number=len(points))
        for trial in search.run(3):
            check(MIXED, trial.suggestion)

    def test_hyperparameters_that_a_build_leaves_unused_are_left_out(self) -> None:
        """What trials show of plain `if`s in a build is respected; no point is tried twice."""
        space = Space([Int("layers", 1, 2), Choice("first", [1, 2]), Choice("second", [3, 4])])
        search = Search(self.make(), space)
        used = set()
        while (trial := search.ask()) is not None:
            values = dict(trial.values)
            if values["layers"] == 1:
                values.pop("second", None)
            else:
                values.setdefault("second", 3)
            key = tuple(sorted(values.items()))
            assert key not in used
            used.add(key)
            search.tell(trial, badness(values), values=values)
        assert len(used) == 6

    # ------------------------------------------------------------------ no repetition

    def test_a_finite_space_is_searched_without_repetition_to_its_end(self) -> None:
        """Each point once, then None, again and again."""
        search = Search(self.make(), FINITE)
        keys = [FINITE.key(trial.values) for trial in search.run(100)]
        assert len(keys) == len(set(keys)) == FINITE.size
        assert search.ask() is None

    @pytest.mark.parametrize("workers", [2, 5])
    def test_running_trials_are_not_repeated_either(self, workers: int) -> None:
        """With several workers each point is still tried once, and all of them are."""
        search = Search(self.make(), FINITE)
        waiting: list[Trial] = []
        keys = []
        while True:
            trial = search.ask()
            if trial is not None:
                waiting.append(trial)
                keys.append(FINITE.key(trial.values))
            if trial is None and not waiting:
                break
            if trial is None or len(waiting) == workers:
                first = waiting.pop(0)
                search.tell(first, badness(first.values))
        assert len(keys) == len(set(keys)) == FINITE.size

    def test_an_empty_space_gets_one_trial(self) -> None:
        """Running it may meet hyperparameters; until it has ended there is nothing to suggest."""
        search = Search(self.make(), Space())
        trial = search.ask()
        assert trial is not None
        assert trial.values == {}
        assert search.ask() is None
        search.tell(trial, 1.0)
        assert search.ask() is None
        search.history = replace(search.history, space=Space([Int("met", 1, 3)]))
        assert len(search.run(10)) == 3

    def test_a_space_of_fixed_values_gets_one_trial(self) -> None:
        """There is one point."""
        search = Search(self.make(), Space([Fixed("a", 1), Int("b", 4, 4)]))
        assert [trial.values for trial in search.run(5)] == [{"a": 1, "b": 4}]

    def test_points_that_were_enqueued_are_not_repeated(self) -> None:
        """It does not matter who suggested a trial."""
        points = list(FINITE.points())[:20]
        finished = trials_at(points, [(badness(p),) for p in points])
        search = Search(self.make(), FINITE, finished=finished, number=20)
        keys = {FINITE.key(point) for point in points}
        new = {FINITE.key(trial.values) for trial in search.run(100)}
        assert not keys & new
        assert len(keys | new) == FINITE.size
