"""What the Gaussian process sampler does beyond the contract of all samplers."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.errors import SpaceError
from luthier.numerics._warps import standardise
from luthier.objective import Objective
from luthier.records import TrialState
from luthier.samplers import GaussianProcess, Random
from luthier.samplers._common import Memory
from luthier.samplers._frame import Frame
from luthier.samplers._gp import _WARPS
from luthier.samplers._surrogate import Surrogates
from luthier.space import Choice, Constraint, Float, Int, Parent, Prior, Space
from luthier.testing._searches import Search

SQUARE = Space([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)])


def _bowl(values):
    return (values["x"] - 0.7) ** 2 + (values["y"] - 0.2) ** 2


def _run(search, score, trials):
    for _ in range(trials):
        trial = search.ask()
        search.tell(trial, score(trial.values))
    return [score(trial.values) for trial in search.history.finished]


def _foresight(score, warp, count=30):
    """How well the model of warped scores foretells those of random trials."""
    search = Search(Random(), SQUARE)
    _run(search, score, count)
    evidence = Memory().update(search.history)
    frame = Frame(evidence.encoding, np.zeros(2, bool))
    return Surrogates(frame, 1).fit(evidence, 0, warp).foresight


def test_scores_are_warped_where_that_foretells_them_better():
    def cliff(values):
        return 1e6 * values["x"] if values["x"] < 0.5 else _bowl(values)

    plain, warped = standardise, _WARPS[0]
    assert _foresight(cliff, warped) > _foresight(cliff, plain) + 0.02
    assert _foresight(_bowl, plain) > _foresight(_bowl, warped)


def test_a_smooth_optimum_is_found_closely():
    scores = _run(Search(GaussianProcess(), SQUARE, seed=1), _bowl, 20)
    assert min(scores) < 1e-4


def test_of_two_branches_the_better_one_is_refined():
    space = Space(
        [
            Choice("kind", ["a", "b"]),
            Float("x", 0.0, 1.0, conditions=[Parent("kind", ["a"])]),
            Float("y", 0.0, 1.0, conditions=[Parent("kind", ["b"])]),
        ]
    )

    def score(values):
        return 1 + values["x"] if values["kind"] == "a" else (values["y"] - 0.3) ** 2

    search = Search(GaussianProcess(), space)
    scores = _run(search, score, 25)
    assert min(scores) < 1e-3
    late = search.history.finished[-10:]
    assert sum(trial.values["kind"] == "b" for trial in late) >= 7


def test_the_first_trial_is_the_middle():
    space = Space([Float("x", 1e-4, 1.0, sampling="log"), Int("n", 1, 9)])
    assert Search(GaussianProcess(), space).ask().values == {"x": pytest.approx(1e-2), "n": 5}


@pytest.mark.parametrize("count", [2, 6, 11])
def test_as_many_initial_points_as_asked_for(count):
    search = Search(GaussianProcess(initial_points=count), SQUARE)
    _run(search, _bowl, count + 1)
    notes = [trial.suggestion.note for trial in search.history.finished]
    assert notes[:count] == ["space-filling start"] * count
    assert notes[count].startswith("Gaussian process")


def test_a_region_that_crashes_is_left():
    search = Search(GaussianProcess(), SQUARE)
    crashed = []
    for _ in range(40):
        trial = search.ask()
        bad = trial.values["x"] > 0.5
        crashed.append(bad)
        # The score alone would lead right into the crashes.
        search.tell(
            trial,
            -trial.values["x"],
            state=TrialState.FAILED if bad else TrialState.COMPLETED,
        )
    assert sum(crashed[-20:]) <= 10
    late = search.history.finished[-20:]
    assert all(trial.values["x"] < 0.55 for trial in late)
    best = max(
        trial.values["x"]
        for trial, bad in zip(search.history.finished, crashed, strict=True)
        if not bad
    )
    assert best > 0.49


def test_workers_that_ask_at_once_spread_out():
    search = Search(GaussianProcess(), SQUARE)
    _run(search, _bowl, 6)
    asked = [search.ask().values for _ in range(4)]
    points = np.array([[values["x"], values["y"]] for values in asked])
    gaps = np.abs(points[:, None] - points[None]).sum(-1) + np.eye(4)
    assert gaps.min() > 1e-3


def test_a_prior_draws_the_search_to_itself_and_then_fades():
    search = Search(GaussianProcess(), SQUARE, priors={"x": Prior(0.1, 0.1)}, max_trials=60)
    scores = _run(search, _bowl, 45)
    early = [trial.values["x"] for trial in search.history.finished[:10]]
    assert np.median(np.abs(np.array(early) - 0.1)) < 0.25
    assert min(scores) < 1e-2


def test_constraints_are_part_of_the_search_not_a_filter_behind_it():
    less = Constraint("x < y", lambda values: values["x"] < values["y"])
    search = Search(GaussianProcess(), SQUARE, constraints=(less,))
    scores = _run(search, _bowl, 35)
    # The best allowed point is (0.45, 0.45).
    assert min(scores) == pytest.approx(0.125, abs=0.01)
    notes = [trial.suggestion.note for trial in search.history.finished[8:]]
    assert not any(note.startswith("random") for note in notes)


def test_two_objectives_give_a_front():
    objectives = (Objective("a", "min"), Objective("b", "max"))
    search = Search(GaussianProcess(), SQUARE, objectives=objectives)
    for _ in range(30):
        trial = search.ask()
        x, y = trial.values["x"], trial.values["y"]
        search.tell(trial, x**2 + y, -((x - 1) ** 2) - y)
    late = [trial.values["y"] for trial in search.history.finished[-12:]]
    # The front is y = 0, all along x.
    assert np.median(late) < 0.1
    assert np.ptp([trial.values["x"] for trial in search.history.finished[-12:]]) > 0.4


def test_the_lower_bound_explores_more_with_a_larger_beta():
    def spread(beta):
        search = Search(GaussianProcess(beta=beta), SQUARE, seed=3)
        _run(search, _bowl, 30)
        late = search.history.finished[-12:]
        return np.mean([_bowl(trial.values) for trial in late])

    assert spread(0.0) < spread(20.0)


@pytest.mark.parametrize("name", ["initial_points", "noise", "beta"])
@pytest.mark.parametrize("value", [-1, "some", True, float("nan")])
def test_options_that_are_no_number_from_0_are_refused(name, value):
    with pytest.raises(SpaceError, match=name):
        GaussianProcess(**{name: value})


LOOP = Space([Int("layers", 1, 3), *(Int(f"units_{i}", 8, 64, step=8) for i in range(3))])


def _build(values):
    """What a build in plain Python reads: as many units as it has layers."""
    used = {"layers": values["layers"]}
    for i in range(values["layers"]):
        used[f"units_{i}"] = values.get(f"units_{i}", 8)
    return used


def _loss(values):
    units = [values[f"units_{i}"] for i in range(values["layers"])]
    return abs(values["layers"] - 2) + sum(abs(u - 40) for u in units) / 64


def test_what_builds_leave_unused_is_modelled_as_unused():
    search = Search(GaussianProcess(), LOOP)
    for _ in range(30):
        trial = search.ask()
        used = _build(trial.values)
        search.tell(trial, _loss(used), values=used)
        again = GaussianProcess().suggest(search.history, search.rng)
        assert search.sampler.suggest(search.history, search.rng) == again
    assert min(trial.score for trial in search.history.finished) < 0.15
    late = search.history.finished[-10:]
    # Nothing is suggested for layers that there are not.
    assert all(trial.suggestion.values.keys() == trial.values.keys() for trial in late)
