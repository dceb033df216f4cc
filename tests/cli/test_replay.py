"""`luthier replay`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import luthier
from luthier.cli import main
from luthier.records import Decision
from tests.cli.studies import make_study


@pytest.fixture
def source(tmp_path: Path) -> str:
    def curve(hp, report):
        x = hp.Float("x", 0.0, 1.0)
        for step in range(9):
            if report(step, loss=x + 1 / (1 + step)) is not Decision.CONTINUE:
                return

    place = str(tmp_path / "study.sqlite")
    goal = luthier.Objective("loss", "min")
    luthier.tune(curve, goal, 12, sampler="random", seed=0, storage=place, verbose=0)
    return place


def test_every_scheduler_is_a_line(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", source]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("12 trials, 108 epochs, best loss ")
    assert [line.split()[0] for line in lines[3:]] == [
        "auto",
        "asha",
        "halving",
        "hyperband",
        "median",
    ]
    assert all(line.endswith("kept") for line in lines[3:])


def test_json_has_what_was_saved(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", source, "--scheduler", "asha", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["scheduler"], found["epochs_then"], found["lost"]) == ("asha", 108, False)
    assert found["saved"] == pytest.approx(1 - found["epochs"] / 108)


@pytest.mark.parametrize(
    ("name", "said"), [("ashes", "Did you mean 'asha'"), ("population", "cannot be replayed")]
)
def test_what_cannot_be_replayed_is_one_line(
    name: str, said: str, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", source, "--scheduler", name]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def test_a_search_without_reports_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make_study(tmp_path / "study.sqlite", scores=(3, 1, 2))
    assert main(["replay", str(source)]) == 0
    assert "nothing can be replayed" in capsys.readouterr().out
