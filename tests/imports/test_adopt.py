"""An imported search is a study like any other, also if its import was cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

import luthier
from luthier.imports import adopt, from_kerastuner
from luthier.records import Trial, TrialState
from luthier.stores import MemoryStore
from tests.imports.projects import RECORDED, trial_state, write_project


class _Cut(MemoryStore):
    """Ends the process, as it were, before the move of number `at`."""

    at = 2

    def move(self, trial: Trial) -> Trial:
        if trial.number == self.at:
            raise KeyboardInterrupt
        return super().move(trial)


def _study(store: object, name: str = "study", **settings: object) -> luthier.Study:
    return luthier.Study(storage=store, name=name, sampler="random", **settings)


def test_the_study_has_the_trials_and_goes_on(tmp_path: Path) -> None:
    found = from_kerastuner(RECORDED)
    assert adopt(found, tmp_path / "study.sqlite", "mine") == 4
    study = _study(tmp_path / "study.sqlite", "mine", max_trials=5)
    assert study.objectives == found.objectives
    assert study.space == found.space
    assert study.spec.seed == 5
    trials = study.history().finished
    assert [(t.number, t.values, t.scores, t.metrics, t.measurements) for t in trials] == [
        (t.number, t.values, t.scores, t.metrics, t.measurements) for t in found.trials
    ]
    fifth = study.ask()
    assert fifth is not None
    assert fifth.number == 4
    study.tell(fifth, 0.5)
    assert study.ask() is None


def test_what_never_ended_is_run_first(tmp_path: Path) -> None:
    states = [trial_state("0", None, "RUNNING"), trial_state("1", 0.75)]
    store = MemoryStore()
    assert adopt(from_kerastuner(write_project(tmp_path, states)), store) == 2
    study = _study(store)
    assert [trial.number for trial in study.history().finished] == [1]
    again = study.ask()
    assert again is not None
    assert (again.number, again.values) == (0, {"x": 0.0})


def test_an_import_that_was_cut_off_is_completed(tmp_path: Path) -> None:
    found, store = from_kerastuner(RECORDED), _Cut()
    with pytest.raises(KeyboardInterrupt):
        adopt(found, store)
    # The process that held the trial is this one, which lives: let its lease run out.
    store.renew([2], store.history(0).trials[-1].worker or "", lease=0.0)
    store.at = -1
    assert adopt(found, store) == 2
    assert adopt(found, store) == 0
    trials = _study(store).history().finished
    assert sorted(trial.number for trial in trials) == [0, 1, 2, 3]
    assert {trial.state for trial in trials} == {TrialState.COMPLETED}
    assert [len(trial.measurements) for trial in trials] == [1, 1, 1, 1]


def test_another_study_of_that_name_is_left_alone() -> None:
    store = MemoryStore()
    _study(store, objective="min", seed=0)
    assert adopt(from_kerastuner(RECORDED), store) is None
    assert _study(store).history().trials == ()


@pytest.mark.parametrize(
    ("ids", "next_id"),
    [
        (["0", "1"], "2"),
        (["0", "1", "02"], "03"),
        (["0000", "0001"], "0002"),
        (["0", "2"], "02"),
        (["3f2a", "bc01"], "2"),
        (["7"], "01"),
    ],
)
def test_new_ids_are_none_of_the_old(ids: list[str], next_id: str, tmp_path: Path) -> None:
    states = [trial_state("0", 1.0 + n) | {"trial_id": name} for n, name in enumerate(ids)]
    project = write_project(tmp_path / "runs" / "old", states)
    store = MemoryStore()
    adopt(from_kerastuner(project, "loss"), store, "old")
    oracle = luthier.oracles.RandomSearchOracle("loss", max_trials=5)
    oracle._set_project_dir(tmp_path / "runs", "old", store)
    assert list(oracle.trials) == ids
    assert [oracle.get_trial(name).score for name in ids] == [1.0 + n for n in range(len(ids))]
    assert oracle.create_trial("tuner0").trial_id == next_id
