"""What a store costs: CPU microseconds a verb, seconds to open, bytes a trial.

Run: python benchmarks/stores.py [--trials 10000] [--postgres URL] [--directory FOLDER]

A trial has 6 hyperparameters and 2 reports of 4 metrics; each is added, claimed, reported, finished
and read back, as a study does. CPU time is that of this process; a server's own is not seen.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from luthier.abc import Store
from luthier.objective import Objective
from luthier.records import Measurement, StudySpec, Suggestion, Trial, TrialState
from luthier.space import Boolean, Choice, Float, Int, Space
from luthier.stores import MemoryStore, open_store

SPACE = Space(
    [
        Int("filters", 8, 64),
        Int("units", 8, 512),
        Float("dropout", 0.0, 0.5),
        Float("learning_rate", 1e-4, 1e-1, sampling="log"),
        Boolean("norm"),
        Choice("activation", ["relu", "tanh"]),
    ]
)
SPEC = StudySpec("study", SPACE, (Objective("val_accuracy", "max"),), seed=7)
# As long as a real one: machine, boot, process space, process, birth, id.
WORKER = "host/7a3e0a1c-4b2f-4f4d-9f0d-0123456789ab/pid:[4026531836];12345;99887766;deadbeef"
METRICS = {"loss": 0.1234567890, "val_loss": 0.2345678901, "accuracy": 0.98, "val_accuracy": 0.96}
VERBS = ("add", "claim", "append", "append", "move", "history")


def steps(store: Store, trial: Trial, since: int) -> list[Callable[[], object]]:
    """The verbs of one trial's life, in order."""
    done = replace(
        trial,
        state=TrialState.COMPLETED,
        attempt=1,
        worker=WORKER,
        metrics=METRICS,
        scores=(METRICS["val_accuracy"],),
        best_step=1,
        started=time.time(),
        ended=time.time(),
    )
    return [
        lambda: store.add(trial),
        lambda: store.claim(trial.number, WORKER, time.time() + 60),
        lambda: store.append(trial.number, 1, Measurement(0, METRICS, 1.2345)),
        lambda: store.append(trial.number, 1, Measurement(1, METRICS, 2.3456)),
        lambda: store.move(done),
        lambda: store.history(since),
    ]


def fill(store: Store, first: int, last: int) -> list[float]:
    """CPU microseconds a trial of each verb."""
    spent = [0.0] * len(VERBS)
    for number in range(first, last):
        values = {
            "filters": 8 + number % 57,
            "units": 8 + number % 505,
            "dropout": (number % 97) / 194,
            "learning_rate": 10 ** (-4 + 3 * (number % 89) / 89),
            "norm": bool(number % 2),
            "activation": "relu",
        }
        trial = Trial(number, Suggestion(values, note="random"), seen=number, values=values)
        for position, verb in enumerate(steps(store, trial, since=5 * number)):
            started = time.process_time()
            verb()
            spent[position] += time.process_time() - started
    return [1e6 * seconds / (last - first) for seconds in spent]


def report(name: str, store: Store, trials: int, path: Path | None = None) -> None:
    """Fill a store and print what that cost at its beginning and at its end."""
    store.open(SPEC)
    print(f"{name:16} trials " + " ".join(f"{verb:>8}" for verb in VERBS) + "    sum us")
    block = min(1000, trials // 2)
    for first in range(0, trials, block):
        spent = fill(store, first, first + block)
        if first in (0, trials - block):
            numbers = " ".join(f"{value:8.0f}" for value in spent)
            print(f"{name:16} {first + block:6} {numbers} {sum(spent):9.0f}")
    store.close()
    if path is not None:
        print(f"{name:16} {path.stat().st_size / trials:.0f} bytes a trial")
    started = time.process_time()
    store.open(SPEC)
    opened = time.process_time()
    found = len(store.history(0).trials) if store.shared else trials
    ended = time.process_time()
    if store.shared:
        print(
            f"{name:16} open {opened - started:.3f} s, history of {found}: {ended - opened:.3f} s"
        )
    store.close()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--postgres", help="URL of an empty database")
    parser.add_argument("--directory", help="where the SQLite file is made", default=None)
    arguments = parser.parse_args()
    report("memory", MemoryStore(), arguments.trials)
    with tempfile.TemporaryDirectory(dir=arguments.directory) as folder:
        path = Path(folder) / "study.sqlite"
        report("SQLite", open_store(path), arguments.trials, path)
    if arguments.postgres:
        report("PostgreSQL", open_store(arguments.postgres), min(arguments.trials, 2000))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
