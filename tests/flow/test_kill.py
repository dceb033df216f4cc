"""A search that is killed again and again ends as the unbroken one."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

import luthier
from luthier.records import TrialState

SCRIPT = Path(__file__).parent / "_quadratic.py"
TRIALS = 12


def start(storage: Path, seconds: float = 0.0, trials: int = TRIALS) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(storage), "7", str(trials), str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    out, err = process.communicate(timeout=50)
    assert process.returncode == 0, err
    assert "done" in out


def facts(storage: Path) -> list[tuple[object, ...]]:
    study = luthier.Study(
        objective=luthier.Objective("loss", "min"), storage=storage, sampler="random"
    )
    trials = study.history().trials
    study.close()
    return [(t.number, t.state, dict(t.values), t.scores, dict(t.metrics)) for t in trials]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_search_ends_as_the_unbroken_one(tmp_path: Path, seed: int) -> None:
    finish(start(tmp_path / "whole.sqlite"))
    rng = random.Random(seed)
    broken = tmp_path / "broken.sqlite"
    for _ in range(6):
        process = start(broken, seconds=0.06)
        time.sleep(rng.uniform(0.3, 1.1))
        process.kill()
        process.communicate()
    finish(start(broken))
    whole = facts(tmp_path / "whole.sqlite")
    assert len(whole) == TRIALS
    assert facts(broken) == whole


@pytest.mark.slow
def test_two_processes_share_a_study_without_repeating_or_exceeding(tmp_path: Path) -> None:
    storage = tmp_path / "shared.sqlite"
    processes = [start(storage, seconds=0.02, trials=20) for _ in range(2)]
    for process in processes:
        finish(process)
    study = luthier.Study(
        objective=luthier.Objective("loss", "min"), storage=storage, sampler="random"
    )
    trials = study.history().trials
    study.close()
    assert [trial.number for trial in trials] == list(range(20))
    assert {trial.state for trial in trials} == {TrialState.COMPLETED}
    assert {trial.attempt for trial in trials} == {1}


@pytest.mark.slow
def test_a_dead_process_gives_its_trial_back_to_a_living_one(tmp_path: Path) -> None:
    storage = tmp_path / "shared.sqlite"
    victim = start(storage, seconds=30.0, trials=4)
    time.sleep(1.2)
    survivor = start(storage, seconds=0.0, trials=4)
    time.sleep(1.0)
    victim.kill()
    victim.communicate()
    finish(survivor)
    assert [fact[1] for fact in facts(storage)] == [TrialState.COMPLETED] * 4
