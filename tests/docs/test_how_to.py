"""The how-to pages: what they show runs, each page from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "how-to"


def test_the_page_on_training_by_hand_runs(project: Path, backend: str) -> None:
    names = run("custom-training.md")
    x, y = names["x"], names["y"]
    network = names["network"]()
    own = names["Own"](network.input, network.output)
    own.compile("sgd", "mse", jit_compile=False)
    assert own.fit(x, y, batch_size=160, verbose=0).history["loss"][0] > 0
    assert len(names["training"].history["mae"]) == 3
    assert len(names["tuner"].results.trials) == 2


def test_the_page_on_cross_validation_runs(project: Path, backend: str) -> None:
    names = run("cross-validation.md")
    assert 1 <= names["epochs"] <= 2
    assert len(names["trial"].record.info["folds"]) == 3


def test_the_page_on_long_trials_runs(
    project: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which reports are left out depends on the clock.
    monkeypatch.setattr("luthier.training._keras_reports._SHARE", 0)
    names = run("long-trials.md")
    steps = [m.step + 1 for m in names["tuner"].results.trials[0].measurements]
    assert steps == [0.5, 1.0, 1.5, 2.0]


def run(page: str) -> dict[str, Any]:
    """Run a page from top to bottom; what is defined at its end."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    names: dict[str, Any] = {"__name__": "page"}
    exec(compile(code, page, "exec"), names)
    return names


def test_every_example_that_a_page_names_is_there() -> None:
    for page in FOLDER.glob("*.md"):
        for name in re.findall(r"`(examples/[\w-]+)`", page.read_text(encoding="utf-8")):
            assert (FOLDER.parents[1] / name / "main.py").exists()
