"""The contract of samplers, as a suite: `class TestMine(SamplerContract): make =
staticmethod(MySampler)`.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from luthier.errors import SpaceError
from luthier.objective import Objective
from luthier.records import History, Suggestion, Trial, TrialState
from luthier.space import (
    Boolean,
    Constraint,
    Int,
    Prior,
    Space,
)
from luthier.testing._sampler_laws import SamplerLaws
from luthier.testing._searches import (
    CONDITIONAL,
    FINITE,
    LOSS,
    MIXED,
    Search,
    badness,
    check,
    draws,
    trials_at,
)


class SamplerContract(SamplerLaws):
    """What every sampler promises; subclass it and set `make`."""

    # ------------------------------------------------------------------ other trials

    @pytest.mark.parametrize("state", [TrialState.FAILED, TrialState.SKIPPED])
    def test_trials_that_all_fail_do_not_stop_a_search(self, state: TrialState) -> None:
        """Also without a single score there is a next point, and a clean end."""
        search = Search(self.make(), CONDITIONAL)
        for _ in range(25):
            trial = search.step(state)
            check(CONDITIONAL, trial.suggestion if trial else None)
        finite = Search(self.make(), FINITE)
        for _ in range(int(FINITE.size)):
            assert finite.step(state) is not None
        assert finite.step(state) is None

    def test_failures_among_scores_are_no_obstacle(self) -> None:
        """Every third trial crashes."""
        search = Search(self.make(), MIXED)
        for n in range(30):
            state = TrialState.FAILED if n % 3 == 0 else TrialState.COMPLETED
            trial = search.step(state)
            check(MIXED, trial.suggestion if trial else None)

    def test_many_open_trials_get_different_points(self) -> None:
        """Workers that ask at once do not all get the same answer."""
        search = Search(self.make(), MIXED)
        search.run(12)
        trials = [search.ask() for _ in range(12)]
        keys = {MIXED.key(trial.values) for trial in trials if trial is not None}
        assert len(keys) == 12

    def test_paused_and_waiting_trials_count_as_open(self) -> None:
        """Their points are taken."""
        points = list(FINITE.points())
        states = [TrialState.PAUSED, TrialState.WAITING]
        opened = tuple(
            Trial(n, Suggestion(point), states[n % 2], values=point)
            for n, point in enumerate(points[:-1])
        )
        history = History(FINITE, LOSS, open=opened, number=len(opened))
        suggestion = self.make().suggest(history, np.random.default_rng(0))
        assert suggestion is not None
        assert FINITE.key(suggestion.values) == FINITE.key(points[-1])

    def test_imported_trials_are_taken_in(self) -> None:
        """They inform; they neither count nor take points away."""
        points = draws(CONDITIONAL, 30, seed=1)
        imported = trials_at(points, [(badness(p),) for p in points])
        for trial in Search(self.make(), CONDITIONAL, imported=imported).run(15):
            check(CONDITIONAL, trial.suggestion)
        everything = list(FINITE.points())
        imported = trials_at(everything, [(badness(p),) for p in everything])
        assert len(Search(self.make(), FINITE, imported=imported).run(100)) == FINITE.size

    # ------------------------------------------------------------------ scores

    @pytest.mark.parametrize(
        "scores",
        [
            [1e-300, 2e-300, 3e-300],
            [1e300, -1e300, 0.0],
            [1.7e308, -1.7e308],
            [0.0],
            [7.0, 7.0, 7.0, 7.0 + 1e-15],
            [1.0, 1e12, 1.0 + 1e-9],
            [-1e-9, 1e9, 1e200],
        ],
        ids=["tiny", "huge", "largest", "constant", "nearly constant", "spike", "spread"],
    )
    @pytest.mark.parametrize("direction", ["min", "max"])
    def test_scores_of_any_scale_are_fine(self, scores: list[float], direction: str) -> None:
        """Neither overflow nor a singular matrix."""
        objective = Objective("score", direction)
        search = Search(self.make(), MIXED, objectives=(objective,))
        for n in range(24):
            trial = search.ask()
            check(MIXED, trial.suggestion if trial else None)
            assert trial is not None
            search.tell(trial, scores[n % len(scores)])

    def test_trials_at_one_point_are_fine(self) -> None:
        """The same point again and again, with any scores, as enqueued by a user."""
        point = draws(CONDITIONAL, 1)[0]
        for scores in ([1.0] * 30, [float(n) for n in range(30)]):
            finished = trials_at([point] * 30, [(score,) for score in scores])
            history = History(CONDITIONAL, LOSS, finished=finished, number=30)
            check(CONDITIONAL, self.make().suggest(history, np.random.default_rng(1)))

    @pytest.mark.parametrize("space", [MIXED, CONDITIONAL], ids=["mixed", "conditional"])
    def test_five_thousand_trials_are_fine(self, space: Space) -> None:
        """A long history gets an answer, too."""
        points = draws(space, 5_000)
        finished = trials_at(points, [(badness(p),) for p in points])
        history = History(space, LOSS, finished=finished, number=5_000)
        check(space, self.make().suggest(history, np.random.default_rng(2)))

    @pytest.mark.parametrize("count", [2, 3])
    def test_several_objectives_are_fine(self, count: int) -> None:
        """Each to be minimised or maximised."""
        objectives = tuple(Objective(f"y{n}", "min" if n % 2 else "max") for n in range(count))
        search = Search(self.make(), CONDITIONAL, objectives=objectives)
        for _ in range(30):
            trial = search.step()
            check(CONDITIONAL, trial.suggestion if trial else None)

    # ------------------------------------------------------------------ what the user asks for

    def test_constraints_are_kept(self) -> None:
        """Every suggestion satisfies all of them, and a finite space is searched to its end."""
        space = Space([Int("a", 1, 6), Int("b", 1, 6), Boolean("c")])
        less = Constraint("a < b", lambda values: values["a"] < values["b"])
        trials = Search(self.make(), space, constraints=(less,)).run(100)
        assert len(trials) == 30
        assert all(trial.values["a"] < trial.values["b"] for trial in trials)

    def test_constraints_may_name_what_is_inactive(self) -> None:
        """They allow what they cannot judge."""
        shallow = Constraint("depth < 5", lambda values: values["depth"] < 5)
        for trial in Search(self.make(), CONDITIONAL, constraints=(shallow,)).run(30):
            check(CONDITIONAL, trial.suggestion)
            assert trial.values.get("depth", 0) < 5

    @pytest.mark.parametrize("space", [FINITE, MIXED], ids=["finite", "infinite"])
    def test_contradictory_constraints_are_an_error_that_names_them(self, space: Space) -> None:
        """Nothing satisfies them: better said than searched for."""
        never = Constraint("up is down", lambda values: False)
        search = Search(self.make(), space, constraints=(never,))
        with pytest.raises(SpaceError, match="up is down"):
            search.ask()

    def test_priors_are_accepted(self) -> None:
        """Of any kind of hyperparameter, active or not, known yet or not."""
        priors = {
            "model": Prior("net"),
            "depth": Prior(3, 0.1),
            "slope": Prior(0.5, 1.0),
            "deep": Prior(True, 0.01),
            "size": Prior(16, 0.3),
            "unknown": Prior(1.0),
        }
        for trial in Search(self.make(), CONDITIONAL, priors=priors, max_trials=30).run(20):
            check(CONDITIONAL, trial.suggestion)

    def test_a_sharp_prior_does_not_stop_a_finite_search(self) -> None:
        """However sure the expert is, what is left is tried in the end."""
        priors = {"kind": Prior("b", 1e-3), "count": Prior(2, 1e-3)}
        assert len(Search(self.make(), FINITE, priors=priors).run(100)) == FINITE.size

    def test_settings_are_plain_values_with_a_name(self) -> None:
        """They are stored with the study."""
        found = dict(self.make().settings)
        assert isinstance(found["name"], str)
        assert json.loads(json.dumps(found)) == found
