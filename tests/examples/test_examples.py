"""Every example runs, at toy size, and what it says is true."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PLAIN = ["01-any-function", "02-ask-and-tell"]
KERAS = ["03-keras"]
KIT = {
    "04-custom-loop": "best mean absolute error: ",
    "05-wide-and-deep": "best mean squared error: ",
    "06-gan": "maker_loss: ",
    "07-own-train-step": "best accuracy: ",
    "08-own-gradient": "best accuracy with weights in quarters: ",
}
LOOPS = {"torch": "09-plain-pytorch", "jax": "10-plain-jax"}
EVERY = sorted([*PLAIN, *KERAS, *KIT, *LOOPS.values()])


def _run(name: str, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name / "main.py"), *arguments],
        cwd=folder,
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_example_is_run_here() -> None:
    assert sorted(path.parent.name for path in EXAMPLES.glob("*/main.py")) == EVERY
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in EVERY)


@pytest.mark.parametrize("name", PLAIN)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    assert _run(name, tmp_path, "--trials", "5").splitlines()[-1].startswith("trial ")


def test_the_example_with_a_file_goes_on_where_it_was(tmp_path: Path) -> None:
    _run("01-any-function", tmp_path, "--trials", "3")
    again = _run("01-any-function", tmp_path, "--trials", "5")
    assert "goes on after 3 finished trials" in again


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", KERAS)
def test_an_example_with_keras_runs(name: str, tmp_path: Path, backend: str) -> None:
    shown = _run(name, tmp_path, "--trials", "2", "--epochs", "1")
    assert "Results summary" in shown
    assert "test accuracy of the best model: " in shown


def _run_here(name: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """In this process, which has the backend already: importing it is most of the time."""
    path = str(EXAMPLES / name / "main.py")
    monkeypatch.setattr(sys, "argv", [path, *arguments])
    runpy.run_path(path, run_name="__main__")


@pytest.mark.parametrize("name", KIT)
def test_an_example_of_training_by_hand_runs(
    name: str,
    project: Path,
    backend: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    size = ("--epochs", "1") if name == "06-gan" else ("--trials", "1")
    _run_here(name, monkeypatch, *size)
    assert KIT[name] in capsys.readouterr().out
    lines = (EXAMPLES / name / "main.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 40


@pytest.mark.parametrize("needs", LOOPS)
def test_a_loop_without_keras_runs(
    needs: str,
    backend: str,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if backend != needs:
        pytest.skip(f"needs {needs}")
    _run_here(LOOPS[needs], monkeypatch, "--trials", "2")
    assert "best accuracy: " in capsys.readouterr().out
