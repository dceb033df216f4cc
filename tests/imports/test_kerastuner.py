"""A KerasTuner project is read as it was written, and what is damaged is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from luthier.errors import StoreError, StudyError
from luthier.imports import count_trials, from_kerastuner, is_kerastuner
from luthier.objective import DefaultObjective, MultiObjective, Objective
from luthier.records import TrialState
from tests.imports.projects import RECORDED, trial_state, write_project


def test_what_kerastuner_wrote_is_read_as_it_says() -> None:
    found = from_kerastuner(RECORDED)
    assert found.problems == ()
    assert found.ids == ("0", "1", "2", "3")
    assert found.ended == (0, 1, 2, 3)
    assert found.objectives == (Objective("val_loss", "min"),)
    assert found.seed == 5
    assert found.space.names == ("kind", "bias", "lr", "units")
    for trial, name in zip(found.trials, found.ids, strict=True):
        state = json.loads((RECORDED / f"trial_{name}" / "trial.json").read_text())
        assert trial.state is TrialState.COMPLETED
        assert trial.values == state["hyperparameters"]["values"]
        assert trial.score == state["score"]
        assert trial.best_step == state["best_step"]
        assert trial.metrics["val_loss"] == state["score"]
        assert trial.measurements[0].step == state["best_step"]
    assert min(found.trials, key=lambda trial: trial.score or 0.0).number == 1


def test_a_project_is_known_by_its_files(tmp_path: Path) -> None:
    assert is_kerastuner(RECORDED)
    assert count_trials(RECORDED) == 4
    assert not is_kerastuner(tmp_path)
    assert not is_kerastuner(tmp_path / "nowhere")
    (tmp_path / "oracle.json").write_text("{}")
    assert not is_kerastuner(tmp_path)


def test_each_way_to_end_has_its_state(tmp_path: Path) -> None:
    project = write_project(
        tmp_path,
        [
            trial_state("0", 0.75),
            trial_state("1", None, "FAILED", message="ValueError: boom"),
            trial_state("2", float("inf")),
            trial_state("3", None, "RUNNING"),
            trial_state("4", None, "INVALID", message="to be retried"),
        ],
    )
    found = from_kerastuner(project)
    states = [trial.state for trial in found.trials]
    failed = [TrialState.FAILED] * 2
    assert states == [TrialState.COMPLETED, *failed, TrialState.WAITING, TrialState.WAITING]
    assert found.trials[1].message == "ValueError: boom"
    assert "finite" in found.trials[2].message
    assert found.trials[2].scores == ()
    assert found.ended == (0, 1, 2)
    assert found.summary == "5 trials, 1 with a score, 2 to be run again"


def test_trials_are_numbered_as_they_began_and_ordered_as_they_ended(tmp_path: Path) -> None:
    names = ["aa0", "9", "11"]
    states = [trial_state("0", float(place)) | {"trial_id": n} for place, n in enumerate(names)]
    project = write_project(tmp_path, states, {"end_order": ["11", "aa0", "9"]})
    found = from_kerastuner(project)
    assert found.ids == ("aa0", "9", "11")
    assert found.ended == (2, 0, 1)
    (project / "oracle.json").unlink()
    assert from_kerastuner(project).ids == ("aa0", "9", "11")


def test_what_hyperband_decided_is_kept(tmp_path: Path) -> None:
    special = {"tuner/epochs": 4, "tuner/initial_epoch": 2, "tuner/bracket": 1, "tuner/round": 1}
    values = {"x": 0.5, **special, "tuner/trial_id": "0"}
    project = write_project(tmp_path, [trial_state("0", 1.0), trial_state("1", 0.5, values=values)])
    trial = from_kerastuner(project).trials[1]
    assert trial.values == trial.suggestion.values == values
    assert (trial.suggestion.budget, trial.suggestion.resume_from) == (4, 0)


def test_reports_of_several_epochs_are_kept(tmp_path: Path) -> None:
    state = trial_state("0", 0.25)
    history = [{"value": [1.0], "step": 0}, {"value": [0.2, 0.3], "step": 1}]
    state["metrics"]["metrics"]["loss"]["observations"] = history
    trial = from_kerastuner(write_project(tmp_path, [state])).trials[0]
    assert [m.metrics.get("loss") for m in trial.measurements] == [1.0, 0.25]
    assert trial.info["tracked"]["metrics"]["loss"]["observations"] == history


# -- the objective, which is not written down ------------------------------------------------------


def _renamed(old: str, new: str) -> Callable[[Path], None]:
    def rename(path: Path) -> None:
        for file in path.glob("trial_*/trial.json"):
            file.write_text(file.read_text().replace(f'"{old}"', f'"{new}"'))

    return rename


def test_the_default_objective_is_known_by_its_name(tmp_path: Path) -> None:
    project = write_project(tmp_path, [trial_state("0", 1.0), trial_state("1", 2.0)])
    _renamed("loss", "default_objective")(project)
    assert from_kerastuner(project).objectives == (DefaultObjective(),)


def test_an_objective_that_cannot_be_told_must_be_named(tmp_path: Path) -> None:
    project = write_project(tmp_path, [trial_state("0", 0.5), trial_state("1", 0.5)])
    with pytest.raises(StoreError, match=r"fit accuracy \(max\) or loss \(min\): name the obj"):
        from_kerastuner(project)
    assert from_kerastuner(project, "accuracy").objectives == (Objective("accuracy", "max"),)


def test_a_sum_of_objectives_must_be_named(tmp_path: Path) -> None:
    project = write_project(tmp_path, [trial_state("0", 1.0), trial_state("1", 2.0)])
    _renamed("loss", "multi_objective")(project)
    with pytest.raises(StoreError, match="a sum of several metrics: name the objective"):
        from_kerastuner(project)
    found = from_kerastuner(project, ["loss", "accuracy"])
    assert isinstance(found.objectives[0], MultiObjective)


def test_another_objective_than_that_of_the_scores_is_refused(tmp_path: Path) -> None:
    project = write_project(tmp_path, [trial_state("0", 1.0), trial_state("1", 2.0)])
    with pytest.raises(StudyError, match=r"scored by loss \(min\), and cannot go on with acc"):
        from_kerastuner(project, "accuracy")


# -- damage ----------------------------------------------------------------------------------------


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])


def _foreign(file: Path) -> None:
    file.write_text('["something", "else"]')


def _without_metrics(file: Path) -> None:
    state = json.loads(file.read_text())
    del state["metrics"]
    file.write_text(json.dumps(state))


def _of_bytes(file: Path) -> None:
    file.write_bytes(bytes(range(256)))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_cut, "is damaged"),
        (_foreign, "expected a JSON object, found list"),
        (_without_metrics, "'metrics' is missing"),
        (_of_bytes, "is damaged"),
        (Path.unlink, "is missing: that trial is left out"),
    ],
)
def test_a_damaged_trial_is_named_and_the_rest_is_read(
    damage: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(RECORDED, project)
    file = project / "trial_2" / "trial.json"
    damage(file)
    found = from_kerastuner(project)
    assert found.ids == ("0", "1", "3")
    assert len(found.problems) == 1
    assert str(file) in found.problems[0]
    assert said in found.problems[0]


@pytest.mark.parametrize("damage", [_cut, _foreign, Path.unlink])
def test_without_the_oracle_s_file_the_trials_are_read(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(RECORDED, project)
    damage(project / "oracle.json")
    found = from_kerastuner(project)
    assert found.trials == from_kerastuner(RECORDED).trials
    assert [str(project / "oracle.json") in problem for problem in found.problems] == [True]
    assert set(found.space.names) == set(from_kerastuner(RECORDED).space.names)


def test_a_hyperparameter_that_is_not_understood_is_left_out(tmp_path: Path) -> None:
    project = write_project(tmp_path, [trial_state("0", 1.0)])
    file = project / "trial_0" / "trial.json"
    file.write_text(file.read_text().replace('"Float"', '"Tree"'))
    found = from_kerastuner(project)
    assert found.space.names == ("x",)
    assert len(found.problems) == 1
    assert "Unknown object: 'Tree'" in found.problems[0]


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Found no KerasTuner project in"):
        from_kerastuner(tmp_path)
    with pytest.raises(StoreError, match="found none at"):
        from_kerastuner(tmp_path / "nowhere")
