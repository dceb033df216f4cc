"""What `Auto` decides by: bounds, evidence, and who goes on; arrays only."""

from __future__ import annotations

import numpy as np
import pytest

from luthier.schedulers._race import CHECK, LATE, Race, next_step, upper_bound

RUNGS = (1, 3, 9)


def race(ends, *, cut=(), checks=(), late=()):
    """Trials whose cost is 9 at the first rung, then their end; those in `cut` are at the first."""
    count = len(ends)
    costs = np.column_stack([np.full(count, 9.0), ends, ends]).astype(float)
    costs[list(cut), 1:] = np.nan
    marks = [np.isin(np.arange(count), list(which)) for which in (checks, late)]
    return Race(RUNGS, np.arange(count), costs, np.ones(count, bool), *marks)


@pytest.mark.parametrize(("hits", "draws"), [(0, 14), (1, 14), (3, 8), (8, 8)])
def test_the_bound_is_where_so_few_hits_have_five_percent(hits, draws):
    bound = upper_bound(hits, draws)
    rng = np.random.default_rng(0)
    if bound < 1:
        assert np.mean(rng.binomial(draws, bound, 40_000) <= hits) == pytest.approx(0.05, abs=0.006)
    else:
        assert hits == draws


def test_fourteen_checks_bound_the_chance_at_a_fifth():
    assert upper_bound(0, 14) < 0.2 < upper_bound(0, 13)


def test_checks_that_lose_are_fair_and_two_that_win_are_not():
    fair = race([1.0, *range(2, 12)], checks=range(1, 11))
    assert (
        fair.evidence(fair.checks, fair.chosen).hits,
        fair.evidence(fair.checks, fair.chosen).is_unfair,
    ) == (0, False)
    unfair = race([1.0, 0.99, 0.98, *range(2, 12)], checks=range(1, 13))
    shown = unfair.evidence(unfair.checks, unfair.chosen)
    assert (shown.draws, shown.hits, shown.is_unfair) == (12, 2, True)


@pytest.mark.parametrize(("end", "is_unfair"), [(0.97, False), (0.3, True)])
def test_one_that_wins_must_win_by_far(end, is_unfair):
    shown = race([1.0, end, *np.linspace(2, 4, 9)], checks=range(1, 11))
    assert shown.evidence(shown.checks, shown.chosen).hits == 1
    assert shown.evidence(shown.checks, shown.chosen).is_unfair is is_unfair


def step(given, opening=60, **options):
    options = {"has_begun_more": False, "is_full": True} | options
    return next_step(given, opening, 0, **options)


def test_after_the_race_some_of_the_cut_are_followed_to_their_ends_and_then_no_more():
    ends, cut = np.linspace(1, 5, 60), list(range(20, 60))
    checks: list[int] = []
    while True:
        given = race(ends, cut=[n for n in cut if n not in checks], checks=checks)
        found = step(given)
        if found is None:
            break
        assert (found.why, found.budget) == (CHECK, 9)
        assert found.number in cut
        assert found.number not in checks
        checks.append(found.number)
    assert len(checks) == 14


def test_late_bloomers_let_all_go_on():
    ends, cut = np.linspace(1, 5, 30), list(range(20, 30))
    ends[28:] = 0.5
    given = race(ends, cut=cut[:8], checks=(28, 29))
    found = step(given, opening=30)
    assert (found.why, found.budget) == (LATE, 3)
    assert found.number in cut


def test_more_cut_trials_than_a_part_of_the_opening_are_never_checked():
    ends, cut = np.linspace(1, 5, 8), [3, 4, 5, 6, 7]
    assert step(race(ends, cut=cut), opening=8).why == CHECK
    given = race(ends, cut=[5, 6, 7], checks=(3, 4))
    assert step(given, opening=8) is None


@pytest.mark.parametrize(("late", "is_unfair"), [(False, False), (True, True)])
def test_ranks_that_say_little_of_the_ends_are_unfair_though_nobody_won(late, is_unfair):
    """Two of the fourteen that were drawn are last at first, and end next to the chosen."""
    ends = np.array([1.0, *np.linspace(2, 4, 14)])
    early = ends + 1
    if late:
        ends[-2:] = 1.1
    costs = np.column_stack([early + 1, early, ends])
    marks = np.isin(np.arange(15), range(1, 15)), np.zeros(15, bool)
    given = Race(RUNGS, np.arange(15), costs, np.ones(15, bool), *marks)
    shown = given.evidence(given.checks, given.chosen)
    assert (shown.draws, shown.hits, shown.is_unfair) == (14, 0, is_unfair)
    fewer = given.evidence(given.checks & (np.arange(15) > 1), given.chosen)
    assert not fewer.is_unfair


def test_the_first_that_wins_by_little_is_followed_by_another_check():
    ends, cut = np.linspace(1, 5, 60), list(range(20, 60))
    ends[59] = 0.99
    found = step(race(ends, cut=cut[:-1], checks=[59]))
    assert found.why == CHECK
    small = step(race(ends[50:], cut=range(4, 9), checks=[9]), opening=4)
    assert small.why == CHECK
