"""Trials that another tool ran, written into a store as trials of a study.

Enters: a set-up and trials that are finished, or WAITING. Every step is one that the store makes
anyway (add, claim, move), so a process that is killed meanwhile leaves a study that the next one
completes, and two at once do not collide.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import replace

from luthier.abc import Store
from luthier.records import StudySpec, Trial, TrialState
from luthier.stores import open_store
from luthier.study._worker import is_dead, worker_name

LEASE = 60.0


def adopt(
    storage: str | os.PathLike[str] | Store, spec: StudySpec, trials: Iterable[Trial], mark: str
) -> int | None:
    """Write trials into a study that is new, or was begun by the same import.

    Args:
        storage: where.
        spec: the set-up; its settings hold `mark`, by which an import that was cut off is known.
        trials: in the order in which they ended, numbered without gaps from 0; unfinished ones are
            WAITING and come last.
        mark: a key of `spec.settings`.

    Returns:
        How many trials were written; None, and nothing was changed, if the store holds another
        study of that name.

    Raises:
        StoreError: if the store cannot be opened or written.
    """
    store = open_store(storage)
    try:
        stored = store.open(spec)
        if stored.settings.get(mark) != spec.settings[mark]:
            return None
        store.reap(is_dead)
        known = {trial.number: trial for trial in store.history(0).trials}
        worker = worker_name()
        missing = [trial for trial in trials if not _is_there(known.get(trial.number), trial)]
        for trial in missing:
            _write(store, trial, worker)
        return len(missing)
    finally:
        if store is not storage:
            store.close()


def _is_there(present: Trial | None, trial: Trial) -> bool:
    return present is not None and (present.state.is_finished or not trial.state.is_finished)


def _write(store: Store, trial: Trial, worker: str) -> None:
    draft = Trial(
        number=trial.number,
        suggestion=trial.suggestion,
        seen=trial.seen,
        values=trial.values,
        measurements=trial.measurements,
        failures=trial.failures,
    )
    store.add(draft)
    if trial.state is TrialState.WAITING:
        return
    claimed = store.claim(trial.number, worker, time.time() + LEASE)
    if claimed is not None:
        store.move(replace(trial, attempt=claimed.attempt, worker=worker))
