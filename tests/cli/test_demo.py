"""The demo: honest splits, a picture, and a course that can be cut anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from luthier.cli import main
from luthier.cli._demo._digits import load
from luthier.cli._demo._picture import Mistakes, draw
from luthier.cli._source import load_results
from luthier.objective import Objective
from luthier.records import Measurement, TrialState
from luthier.results import Results
from luthier.space import Float, Int, Space
from luthier.study import Study

PNG = b"\x89PNG\r\n\x1a\n"
SPACE = Space([Int("units", 8, 32, step=8), Float("rate", 1e-4, 1e-1, sampling="log")])


def test_every_image_is_in_exactly_one_part() -> None:
    digits = load()
    parts = [digits.train, digits.validation, digits.test]
    assert [len(part) for part in parts] == [1077, 360, 360]
    images = np.concatenate([part.images for part in parts])
    assert images.shape == (1797, 8, 8, 1)
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == 1797


def test_the_test_images_are_always_the_same_and_of_every_digit() -> None:
    first, second = load().test, load().test
    np.testing.assert_array_equal(first.images, second.images)
    assert np.bincount(first.digits).min() >= 34


def _results(scores: list[float | None]) -> Results:
    study = Study(SPACE, Objective("val_accuracy", "max"), sampler="random", seed=0)
    for score in scores:
        trial = study.ask()
        assert trial is not None
        if score is None:
            study.tell(trial, ValueError("boom"))
            continue
        for step in range(3):
            study.report(trial, Measurement(step, {"val_accuracy": score * (step + 1) / 3}))
        study.tell(trial)
    return Results.of(study.history())


def _mistakes(count: int) -> Mistakes:
    images = np.zeros((count, 8, 8), dtype=np.float32)
    digits = np.arange(count) % 10
    return Mistakes(images, digits, (digits + 1) % 10, total=360)


@pytest.mark.parametrize(
    "scores",
    [
        [0.5],
        [0.97, 0.5, None, 0.98, 0.98],
        [0.9] * 12,
        list(np.linspace(0.1, 0.99, 25)),
        [0.0, 1.0],
    ],
)
@pytest.mark.parametrize("mistakes", [0, 3, 40])
def test_the_picture_is_drawn_whatever_was_found(
    scores: list[float | None], mistakes: int, tmp_path: Path
) -> None:
    path = tmp_path / "search.png"
    draw(_results(scores), _mistakes(mistakes), path)
    assert path.read_bytes().startswith(PNG)
    assert path.stat().st_size > 20_000


def test_a_missing_package_is_one_line_that_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "no_such_backend")
    assert main(["demo", "--directory", str(tmp_path / "demo")]) == 2
    told = capsys.readouterr().err
    assert told == (
        "luthier: The demo needs no_such_backend: "
        'pip install "luthier[no_such_backend,sklearn,plot]"\n'
    )


def _demo(directory: Path, *, trials: int = 2) -> list[str]:
    command = [sys.executable, "-m", "luthier", "demo", "--directory", str(directory)]
    return [*command, "--trials", str(trials), "--epochs", "1"]


def _environment() -> dict[str, str]:
    return {**os.environ, "KERAS_BACKEND": "jax", "PYTHONWARNINGS": "default"}


def _wait_for_trials(directory: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if (directory / "digits" / "study.sqlite").is_file():
            trials = load_results(str(directory / "digits")).trials
            if sum(trial.state.is_finished for trial in trials) >= count:
                return
        time.sleep(0.2)
    raise AssertionError(f"the demo did not finish {count} trials in time")


@pytest.mark.jax
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_demo_goes_on_where_it_was_and_a_finished_one_says_so(tmp_path: Path) -> None:
    directory = tmp_path / "demo"
    with open(tmp_path / "first.txt", "wb") as output:
        first = subprocess.Popen(_demo(directory), env=_environment(), stdout=output, stderr=output)
        try:
            _wait_for_trials(directory, 1)
        finally:
            first.send_signal(signal.SIGKILL)
            first.wait()
    before = load_results(str(directory / "digits")).trials
    kept = {trial.number: trial for trial in before if trial.state.is_finished}

    second = subprocess.run(
        _demo(directory), env=_environment(), capture_output=True, text=True, check=False
    )
    assert second.returncode == 0, second.stdout + second.stderr
    results = load_results(str(directory / "digits"))
    assert [trial.number for trial in results.trials] == [0, 1]
    assert all(trial.state is TrialState.COMPLETED for trial in results.trials)
    assert [results.trials[number] for number in kept] == list(kept.values())
    winner = json.loads((directory / "digits" / "winner.json").read_text())
    assert winner["trial"] == results.ranked()[0].number
    assert f"{winner['accuracy']:.1%}" in second.stdout
    assert 0.1 < winner["accuracy"] <= 1.0
    assert (directory / "search.png").read_bytes().startswith(PNG)
    assert "\x1b" not in second.stdout
    assert "\r" not in second.stdout

    third = subprocess.run(
        _demo(directory), env=_environment(), capture_output=True, text=True, check=True
    )
    assert "is finished already" in third.stdout
    assert "--fresh" in third.stdout
    assert f"{winner['accuracy']:.1%}" in third.stdout
    assert load_results(str(directory / "digits")).trials == results.trials
