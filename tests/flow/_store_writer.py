"""Writes trials into a store for ever and says each thing that the store has taken: to be killed.

Run as `python _store_writer.py STORAGE WORKER [BYTES]`; with BYTES no file may grow beyond that.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import replace

from luthier.errors import StoreError
from luthier.objective import Objective
from luthier.records import Measurement, StudySpec, Suggestion, Trial, TrialState
from luthier.space import Float, Space
from luthier.stores import open_store

SPEC = StudySpec("study", Space([Float("x", 0.0, 1.0)]), (Objective("loss", "min"),), seed=7)


def draft(number: int) -> Trial:
    values = {"x": number / 7}
    return Trial(number, Suggestion(values, note="x" * (number % 50)), values=values)


def loss(number: int, step: int) -> float:
    return 1.0 / (number + step + 1)


def ended(trial: Trial) -> Trial:
    score = loss(trial.number, 2)
    return replace(trial, state=TrialState.COMPLETED, metrics={"loss": score}, scores=(score,))


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main(storage: str, worker: str) -> None:
    store = open_store(storage)
    store.open(SPEC)
    say("ready")
    number = len(store.history(0).trials)
    while True:
        if store.add(draft(number)):
            say("added", number)
        trial = store.claim(number, worker, time.time() + 60)
        if trial is not None:
            say("claimed", number)
            for step in range(3):
                store.append(number, trial.attempt, Measurement(step, {"loss": loss(number, step)}))
                say("reported", number, step)
            store.move(ended(trial))
            say("finished", number)
        number += 1


if __name__ == "__main__":
    if len(sys.argv) > 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
    try:
        main(sys.argv[1], sys.argv[2])
    except StoreError as error:
        say("error", type(error).__name__, error)
