"""A search with a loop by hand that is killed ends as the unbroken one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("keras")
pytestmark = [pytest.mark.keras, pytest.mark.slow, pytest.mark.timeout(580)]

SCRIPT = Path(__file__).parent / "_own_loop.py"


def start(folder: Path, seconds: float = 0.0) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(folder), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> list[str]:
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    return [line for line in out.splitlines() if not line.startswith("Reloading")]


@pytest.mark.torch  # what is kept and taken up is the same on every backend
def test_a_killed_search_ends_as_the_unbroken_one(tmp_path: Path) -> None:
    *facts, _ = ended(start(tmp_path / "whole"))
    with start(tmp_path / "broken", seconds=0.3) as broken:
        while not list((tmp_path / "broken").rglob("*-0-0.npz")) and broken.poll() is None:
            time.sleep(0.02)
        broken.kill()  # within the epochs of a trial, after one was kept
        broken.communicate()
    *again, resumed = ended(start(tmp_path / "broken"))
    assert again == facts
    assert resumed != "resumed [None, None, None]"
