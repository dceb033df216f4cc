"""A search with a loop by hand that is killed ends as the unbroken one."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("keras")
pytestmark = [pytest.mark.keras, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.torch  # what is kept and taken up is the same on every backend
def test_a_killed_search_ends_as_the_unbroken_one(tmp_path: Path) -> None:
    from tests.flow import _own_loop

    broken = tmp_path / "broken"
    command = [sys.executable, _own_loop.__file__, str(broken), "0.3"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as victim:
        whole, _ = _own_loop.search(str(tmp_path / "whole"), 0.0)
        while not list(broken.rglob("*-0-0.npz")) and victim.poll() is None:
            time.sleep(0.02)
        victim.kill()  # within the epochs of a trial, after one was kept
    again, resumed = _own_loop.search(str(broken), 0.0)
    assert again == whole
    assert any(resumed)
