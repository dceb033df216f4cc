"""`luthier import-kerastuner`, as a user calls it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from luthier.cli import main
from tests.imports.projects import RECORDED, trial_state, write_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(RECORDED, tmp_path / "runs" / "old")
    return tmp_path / "runs" / "old"


def test_a_project_becomes_a_study_beside_its_files(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import-kerastuner", str(project)]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.splitlines()[0] == (
        "Imported 4 trials, 4 with a score, by val_loss (min), into study 'old'."
    )
    assert main(["best", str(project)]) == 0
    assert "The best trial of 4" in capsys.readouterr().out
    assert main(["import-kerastuner", str(project.parent)]) == 0
    assert capsys.readouterr().out.startswith("Imported before: 4 trials")


def test_what_is_damaged_is_named_and_the_rest_is_imported(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "trial_0" / "trial.json").write_text("")
    assert main(["import-kerastuner", str(project)]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("Imported 3 trials")
    assert told.err.startswith(f"luthier: {project / 'trial_0' / 'trial.json'} is damaged")


def test_reading_a_project_names_the_command(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trials", str(project)]) == 2
    told = capsys.readouterr().err
    assert told.endswith(f"luthier import-kerastuner {project}\n")


def test_trials_that_came_after_the_import_are_no_damage(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import-kerastuner", str(project)]) == 0
    (project / "trial_4").mkdir()
    assert main(["import-kerastuner", str(project)]) == 0
    assert capsys.readouterr().err == ""


def test_the_objective_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = write_project(tmp_path / "old", [trial_state("0", 0.5)])
    assert main(["import-kerastuner", str(project)]) == 2
    assert "--objective" in capsys.readouterr().err
    elsewhere = str(tmp_path / "x.sqlite")
    command = ["import-kerastuner", str(project), "--storage", elsewhere, "--study", "new"]
    assert main([*command, "--objective", "accuracy:max"]) == 0
    assert "by accuracy (max), into study 'new'" in capsys.readouterr().out
    assert not (project / "study.sqlite").exists()


def test_a_study_that_is_in_the_way_is_left_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.cli.studies import make_study

    make_study(project / "study.sqlite", name="old")
    assert main(["import-kerastuner", str(project)]) == 2
    assert "another study 'old'" in capsys.readouterr().err


def test_several_projects_are_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(project, project.parent / "older")
    assert main(["import-kerastuner", str(project.parent)]) == 2
    told = capsys.readouterr().err
    assert str(project) in told
    assert str(project.parent / "older") in told


@pytest.mark.parametrize("where", ["nothing", "empty"])
def test_a_folder_without_a_project_is_one_clear_line(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["import-kerastuner", str(tmp_path / where)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("luthier: ")
    assert len(told.splitlines()) == 1
