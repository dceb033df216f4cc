"""Population based training."""

from __future__ import annotations

import pytest

import luthier
from luthier.records import Decision, Measurement, TrialState
from luthier.schedulers import Population
from luthier.space import Choice, Float, Int, Space

SPACE = Space([Float("x", 0.01, 1.0, sampling="log"), Int("n", 1, 64), Choice("c", ["a", "b"])])
LOSS = luthier.Objective("loss", "min")


def search(**options):
    scheduler = Population(4, 2, **options)
    study = luthier.Study(SPACE, LOSS, sampler="random", scheduler=scheduler, seed=0)
    study.max_trials, study.horizon = 99, 6
    while (trial := study.ask()) is not None and trial.number < 12:
        begin = trial.suggestion.extra.get("generation", 0) * 2
        for step in range(begin, 6):
            loss = trial.values["x"] + 1 / (1 + step)
            if study.report(trial, Measurement(step, {"loss": loss})) is not Decision.CONTINUE:
                break
        study.tell(trial)
    return study.history().trials[:12], scheduler, study


def test_every_generation_goes_on_from_the_one_before():
    trials, _, _ = search(generations=3)
    assert [len(trial.measurements) for trial in trials] == [2] * 12
    assert [t.suggestion.extra.get("generation", 0) for t in trials] == [0] * 4 + [1] * 4 + [2] * 4
    assert all(t.number >= 4 and t.suggestion.resume_from in range(8) for t in trials[4:])


def test_the_worst_copies_the_best_and_changes():
    trials, _, _ = search(generations=3)
    first = sorted(trials[:4], key=lambda trial: trial.score)
    child = next(t for t in trials[4:8] if t.suggestion.extra["member"] == first[-1].number)
    assert child.suggestion.resume_from == first[0].number
    ratio = child.values["x"] / first[0].values["x"]
    assert ratio == pytest.approx(1.2) or ratio == pytest.approx(1 / 1.2)
    SPACE.validate(child.values)
    others = [t for t in trials[4:8] if t is not child]
    assert all(t.suggestion.resume_from == t.suggestion.extra["member"] for t in others)


def test_states_are_lent_until_the_next_generation_has_ended():
    trials, scheduler, study = search(generations=4)
    assert scheduler.lends(study.history()) >= {t.number for t in trials[8:]}
    assert not scheduler.lends(study.history()) & set(range(8))


def test_the_last_generation_ends_the_trials_and_not_as_stopped():
    trials, _, _ = search()
    assert {t.state for t in trials[8:]} == {TrialState.COMPLETED}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 1}, "`size`"),
        ({"interval": 0}, "`interval`"),
        ({"exploit": 0.6}, "`exploit`"),
        ({"factor": 1.0}, "`factor`"),
    ],
)
def test_wrong_arguments_are_refused_at_once(options, words):
    with pytest.raises(ValueError, match=words):
        Population(**options)
