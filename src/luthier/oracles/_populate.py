"""A user's `populate_space` as a sampler.

Enters: an oracle whose class overrides `populate_space`. Leaves: suggestions, as the study wants
them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.oracles._desk import Desk
from luthier.oracles._trial import TrialStatus
from luthier.records import History, Suggestion
from luthier.space import HyperParameters

Populate = Callable[[str], Mapping[str, Any]]

POLL_SECONDS = (0.05, 2.0)


class Populated(Sampler):
    """Asks `populate` and reads its answer `{"status", "values"}`.

    Active hyperparameters without a value in the answer get a random one. Replay and resumption are
    as good as the user's method: it should depend on the oracle's trials only.

    Args:
        desk: told which history the answer may depend on.
        populate: gives the answer for the id of the next trial.
        name: the oracle's class, for people.

    Attributes:
        status: the last answer's status.
    """

    def __init__(self, desk: Desk, populate: Populate, name: str) -> None:
        self._desk = desk
        self._populate = populate
        self._name = name
        self.status = TrialStatus.RUNNING
        self._is_patient = False

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name of the oracle's class."""
        return {"name": self._name}

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        pause, longest = POLL_SECONDS
        while True:
            with self._desk.asking(history, rng):
                answer = self._populate(self._desk.views.id_of(history.number))
            self.status = _status_of(answer)
            if self.status == TrialStatus.RUNNING:
                return Suggestion(_completed(history, answer.get("values"), rng))
            if self.status == TrialStatus.STOPPED or history.open or not self._is_patient:
                return None
            # No trial can end and change the answer: only time can.
            time.sleep(pause)
            pause = min(longest, pause * 1.5)

    @contextmanager
    def patience(self) -> Iterator[None]:
        """While this lasts, an answer that nothing but time can change is waited for."""
        self._is_patient = True
        try:
            yield
        finally:
            self._is_patient = False


def _status_of(answer: object) -> str:
    known = (TrialStatus.RUNNING, TrialStatus.IDLE, TrialStatus.STOPPED)
    if not isinstance(answer, Mapping) or answer.get("status") not in known:
        raise ValueError(
            'Expected `populate_space` to return {"status": "RUNNING", "IDLE" or "STOPPED", '
            f'"values": a dict}}, got {answer!r}.'
        )
    return str(answer["status"])


def _completed(
    history: History, values: Mapping[str, Any] | None, rng: np.random.Generator
) -> dict[str, Any]:
    hp = HyperParameters.for_trial(history.space, values or {})
    hp.ensure_active_values(rng)
    return dict(hp.values)


def answer_of(sampler: Sampler, history: History, rng: np.random.Generator) -> dict[str, Any]:
    """What a sampler suggests, in the form of `populate_space`."""
    suggestion = sampler.suggest(history, rng)
    if suggestion is not None:
        return {"status": TrialStatus.RUNNING, "values": dict(suggestion.values)}
    return {"status": TrialStatus.IDLE if history.open else TrialStatus.STOPPED, "values": None}
