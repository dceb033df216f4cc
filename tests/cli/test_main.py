"""The commands, as a user calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import luthier
from luthier.cli import main
from tests.cli.studies import make_study

COMMANDS = ("demo", "studies", "trials", "best", "export", "replay", "run", "import-kerastuner")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_study(tmp_path / "bowl" / "study.sqlite", scores=(3, 1, None, 2))


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"\n    {command}" in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"usage: luthier {command}" in capsys.readouterr().out


def test_the_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"luthier {luthier.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["best"], ["best", "x", "-n", "0"], ["demo", "--trials", "x"]]
)
def test_arguments_that_make_no_sense_end_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "luthier" in capsys.readouterr().err


def test_trials_are_a_line_each(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trials", str(source)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["trial", "x", "kind", "loss", "time"]
    assert [line.split()[0] for line in lines[1:]] == ["0", "1", "2", "3"]
    assert lines[2].split()[3] == "1.000"
    assert lines[3].endswith("failed: ValueError: boom")


def test_trials_can_be_sorted_by_score(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trials", "--sort", "score", str(source)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["1", "3", "0", "2"]


def test_the_best_are_best_first(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["best", "-n", "2", str(source)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "The 2 best of 4"
    assert [line.split()[0] for line in lines[3:]] == ["1", "3"]


def test_a_project_s_folder_will_do(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["best", str(source.parent)]) == 0
    one = capsys.readouterr().out
    assert main(["best", str(source.parent.parent)]) == 0
    assert capsys.readouterr().out == one
    assert one.startswith("The best trial of 4\n")


def test_a_database_url_will_do(postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    study = luthier.Study(
        None, "min", sampler="random", seed=0, storage=postgres_url, name="shared"
    )
    trial = study.ask()
    assert trial is not None
    study.tell(trial, 1.5)
    study.close()
    assert main(["best", postgres_url]) == 0
    assert "1.500" in capsys.readouterr().out
    assert main(["studies", postgres_url]) == 0
    shown = capsys.readouterr().out
    assert "shared" in shown


def test_json_is_json_and_odd_numbers_are_null(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trials", "--json", str(source)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["score"] for row in rows] == [3.0, 1.0, None, 2.0]
    assert rows[0]["hp/size"] == 3
    assert main(["best", "--json", str(source)]) == 0
    assert [row["trial"] for row in json.loads(capsys.readouterr().out)] == [1]


def test_every_study_below_a_folder_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_study(tmp_path / "one" / "study.sqlite", name="first")
    make_study(tmp_path / "two" / "study.sqlite", name="second", scores=(None,))
    assert main(["studies", str(tmp_path)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["study", "trials", "failed", "best", "objective", "kept", "in"]
    assert lines[1][:6] == ["first", "3", "0", "1.000", "loss", "(min)"]
    assert lines[2][:4] == ["second", "1", "1", "–"]


def test_one_of_several_studies_is_chosen_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "study.sqlite"
    make_study(path, name="first")
    make_study(path, name="second", scores=(7,))
    assert main(["best", str(path)]) == 2
    assert "choose one with --study: first" in capsys.readouterr().err
    assert main(["best", str(path), "--study", "second"]) == 0
    assert "7.000" in capsys.readouterr().out
    assert main(["best", str(path), "--study", "third"]) == 2
    assert "Expected a study 'third'" in capsys.readouterr().err


def test_a_study_without_a_score_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_study(tmp_path / "study.sqlite", scores=(None,))
    assert main(["best", str(path)]) == 0
    assert capsys.readouterr().out == "No trial has a score yet.\n"


@pytest.mark.parametrize("what", ["nothing", "empty folder", "no database", "bad URL"])
def test_a_source_that_holds_no_study_is_one_clear_line(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = {
        "nothing": tmp_path / "nowhere",
        "empty folder": tmp_path,
        "no database": tmp_path / "text.txt",
        "bad URL": "oracle://host/db",
    }
    (tmp_path / "text.txt").write_text("this is no database, " * 100)
    assert main(["trials", str(sources[what])]) == 2
    told = capsys.readouterr().err
    assert told.startswith("luthier: ")
    assert len(told.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.txt"]


def test_reading_changes_nothing(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = luthier.Study(storage=source, name="bowl", sampler="random").spec
    main(["trials", str(source)])
    main(["studies", str(source)])
    after = luthier.Study(storage=source, name="bowl", sampler="random")
    assert after.spec == before
    assert len(after.history().trials) == 4
    capsys.readouterr()


def test_the_module_is_the_command_too(source: Path) -> None:
    command = [sys.executable, "-m", "luthier", "best", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("The best trial of 4")


def test_a_reader_that_has_seen_enough_is_no_error(source: Path) -> None:
    command = f"{sys.executable} -m luthier trials --json {source} | true"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_trials_are_written_to_a_file(
    ending: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"out.{ending}"
    assert main(["export", str(source), str(path)]) == 0
    assert capsys.readouterr().out == f"4 trials written to {path}\n"
    assert path.read_text().count("boom") >= 1


def test_a_form_that_is_not_known_is_said(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(source), str(tmp_path / "out.xlsx")]) == 2
    assert capsys.readouterr().err.startswith("luthier: Expected a file that ends in .csv, .json")


def test_a_script_is_what_the_tuner_writes(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(source), str(tmp_path / "best.py")]) == 2
    assert 'write tuner.export("best.py") into the program' in capsys.readouterr().err
