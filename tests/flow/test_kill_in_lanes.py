"""A search in lanes that is killed and begun again ends as the unbroken one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.jax, pytest.mark.slow, pytest.mark.timeout(600)]
pytest.importorskip("greenlet")

SCRIPT = Path(__file__).parent / "_in_lanes.py"


def run(folder: Path, dies_at: int = 0) -> Any:
    """What the search came to; None if it was killed."""
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), str(dies_at)],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    if dies_at:
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        return None
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_lanes_that_were_killed_go_on_and_end_as_the_unbroken_ones(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole")
    run(
        tmp_path / "broken", dies_at=9
    )  # in the third epoch of all of them, before any has ended it
    broken = run(tmp_path / "broken")
    assert broken["trials"].keys() == whole["trials"].keys()
    for number, expected in whole["trials"].items():
        got = broken["trials"][number]
        assert got["values"] == expected["values"]
        assert got["ran"] == expected["ran"] == "packed"
        assert [step for step, _ in got["measured"]] == [0, 1, 2]
        for (_, ours), (_, theirs) in zip(got["measured"], expected["measured"], strict=True):
            assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-5)
    assert any(trial["resumed"] for trial in broken["trials"].values())
    for ours, theirs in zip(broken["best"], whole["best"], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-5)
