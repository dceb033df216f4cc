"""Two who want the same trials: the body of a thread or of a process of the store contract.

As a process: `python -m luthier.testing._store_race`, which reads a pickled (connect, name, worker)
and writes who won what as JSON. It imports no test framework, to start quickly.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from luthier.abc import Store
from luthier.objective import Objective
from luthier.records import StudySpec, Suggestion, Trial
from luthier.space import Float, Space

LATER = 4e9  # a lease that does not run out while a test runs
RACES = 30

Connect = Callable[[], Store]


@dataclass(frozen=True, slots=True)
class Wins:
    """The numbers that a worker added, and those that it claimed."""

    worker: str
    added: list[int]
    claimed: list[int]


def new_spec(name: str) -> StudySpec:
    """The set-up of a small study."""
    return StudySpec(name, Space([Float("x", 0.0, 1.0)]), (Objective("loss", "min"),), seed=7)


def draft(number: int) -> Trial:
    """A trial to add."""
    return Trial(number, Suggestion({"x": 0.5}, note="by hand"), values={"x": 0.5})


def race(connect: Connect, name: str, worker: str) -> Wins:
    """Add and claim as many trials as the others leave."""
    store = connect()
    store.open(new_spec(name))
    added = [number for number in range(RACES) if store.add(draft(number))]
    claimed = [number for number in range(RACES) if store.claim(number, worker, LATER) is not None]
    store.close()
    return Wins(worker, added, claimed)


def race_processes(connect: Connect, name: str, workers: int) -> list[Wins]:
    """Let processes race, and gather what each won."""
    processes = []
    for number in range(workers):
        process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None
        process.stdin.write(pickle.dumps((connect, name, f"w{number}")))
        process.stdin.close()
        process.stdin = None
        processes.append(process)
    answers = [process.communicate()[0] for process in processes]
    return [Wins(**json.loads(answer)) for answer in answers]


if __name__ == "__main__":
    wins = race(*pickle.loads(sys.stdin.buffer.read()))
    sys.stdout.write(json.dumps(asdict(wins)))
