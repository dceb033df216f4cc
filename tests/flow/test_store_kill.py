"""Writers are killed at random moments: what the store said it had taken is there, and whole."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
import warnings
from collections import defaultdict
from pathlib import Path

import pytest

from luthier.errors import DamagedStoreError
from luthier.records import Trial, TrialState
from luthier.stores import open_store
from tests.flow._store_writer import SPEC, draft, loss

SCRIPT = Path(__file__).parent / "_store_writer.py"
# Each writer is a new interpreter: on a busy machine a start takes seconds.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WORDS = ("added", "claimed", "reported", "finished")


def launch(storage: object, worker: str, *more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(storage), worker, *map(str, more)],
        stdout=subprocess.PIPE,
        text=True,
    )


def start(storage: object, worker: str, *more: object) -> subprocess.Popen[str]:
    process = launch(storage, worker, *more)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str]) -> list[list[str]]:
    """Kill a writer; what it said before."""
    process.kill()
    return listen(process)


def listen(process: subprocess.Popen[str]) -> list[list[str]]:
    """All that a writer says until it ends."""
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.read()
    process.wait()
    # The last line may be cut: then it was not said.
    return [line.split() for line in said.split("\n")[:-1]]


def read(storage: object) -> dict[int, Trial]:
    store = open_store(str(storage))
    assert store.open(SPEC) == SPEC
    trials = {trial.number: trial for trial in store.history(0).trials}
    store.close()
    return trials


def check_whole(trials: dict[int, Trial]) -> None:
    """No trial is torn."""
    assert sorted(trials) == list(range(len(trials)))
    for number, trial in trials.items():
        assert trial.suggestion == draft(number).suggestion
        steps = [(m.step, m.metrics["loss"]) for m in trial.measurements]
        assert steps == [(step, loss(number, step)) for step in range(len(steps))]
        if trial.state is TrialState.COMPLETED:
            assert len(steps) == 3
            assert trial.scores == (loss(number, 2),) == tuple(trial.metrics.values())
        else:
            assert trial.state in (TrialState.WAITING, TrialState.RUNNING)


def check_said(said: list[list[str]], trials: dict[int, Trial]) -> None:
    """All that was said to be taken is there."""
    by_word: dict[str, list[list[int]]] = defaultdict(list)
    for word, *numbers in said:
        assert word in WORDS
        by_word[word].append([int(number) for number in numbers])
    for (number,) in by_word["added"]:
        assert number in trials
    for (number,) in by_word["claimed"]:
        assert trials[number].attempt >= 1
    for number, step in by_word["reported"]:
        assert step in [m.step for m in trials[number].measurements]
    for (number,) in by_word["finished"]:
        assert trials[number].state is TrialState.COMPLETED


def test_a_killed_writer_loses_nothing_that_was_taken(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    rng = random.Random(1)
    said: list[list[str]] = []
    for _ in range(4):
        process = start(path, "ann")
        time.sleep(rng.uniform(0.0, 0.4))
        said += kill(process)
        trials = read(path)
        check_whole(trials)
        check_said(said, trials)
    assert len(trials) > 20
    assert list(tmp_path.glob("*.damaged-*")) == []


def test_a_writer_killed_while_it_makes_the_file_leaves_one_that_opens(tmp_path: Path) -> None:
    rng = random.Random(4)
    for number in range(3):
        path = tmp_path / f"{number}.sqlite"
        process = launch(path, "ann")
        while not path.exists():
            assert process.poll() is None
        time.sleep(rng.uniform(0.0, 0.02))
        said = [words for words in kill(process) if words != ["ready"]]
        trials = read(path)
        check_whole(trials)
        check_said(said, trials)


def test_two_writers_one_killed_never_run_the_same_trial(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    rng = random.Random(2)
    said: dict[str, list[list[str]]] = {"ann": [], "bob": []}
    ann = start(path, "ann")
    for _ in range(2):
        bob = start(path, "bob")
        time.sleep(rng.uniform(0.1, 0.4))
        said["bob"] += kill(bob)
    said["ann"] += kill(ann)
    trials = read(path)
    check_whole(trials)
    for worker, lines in said.items():
        check_said(lines, trials)
        claimed = {int(words[1]) for words in lines if words[0] == "claimed"}
        assert {trials[number].worker for number in claimed} <= {worker}
    assert all(trial.attempt <= 1 for trial in trials.values())


def test_a_killed_writer_loses_nothing_on_a_server(postgres_url: str) -> None:
    said: list[list[str]] = []
    for pause in (0.1, 0.3):
        process = start(postgres_url, "ann")
        time.sleep(pause)
        said += kill(process)
        trials = read(postgres_url)
        check_whole(trials)
        check_said(said, trials)


def test_a_killed_writer_s_files_cut_at_random_bytes(tmp_path: Path) -> None:
    """A torn log loses the last changes at most; whatever comes back is true."""
    source = tmp_path / "source" / "study.sqlite"
    source.parent.mkdir()
    process = start(source, "ann")
    time.sleep(0.8)
    finished = {int(words[1]) for words in kill(process) if words[0] == "finished"}
    rng = random.Random(3)
    counts = []
    for number in range(12):
        folder = tmp_path / str(number)
        shutil.copytree(source.parent, folder)
        path = folder / source.name
        victim = path if number % 3 == 0 else path.with_name(path.name + "-wal")
        content = victim.read_bytes()
        victim.write_bytes(content[: rng.randrange(1, len(content))])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                trials = read(path)
            except DamagedStoreError:
                continue
        lost = [n for n, trial in trials.items() if trial.info.get("lost")]
        check_whole({n: t for n, t in trials.items() if n not in lost} if not lost else {})
        counts.append(sum(t.state is TrialState.COMPLETED for t in trials.values()))
    assert counts and max(counts) <= len(finished) + 1


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    process = start(path, "ann", 400_000)
    said = listen(process)
    assert process.returncode == 0
    *taken, (last, kind, *message) = said
    assert (last, kind) == ("error", "StoreError")
    assert "disk" in message
    trials = read(path)
    check_whole(trials)
    check_said(taken, trials)
    process = start(path, "ann")
    time.sleep(0.2)
    check_said(taken + kill(process), read(path))
