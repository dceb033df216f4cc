"""Where an oracle keeps its study: not opened yet, or open with the views of its trials.

Enters: how to set the study up, asked for when it is first needed. Leaves: the study, trials by id,
views of records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from luthier.abc import Scheduler
from luthier.errors import StudyError
from luthier.oracles._opening import Opened, Plan, open_study
from luthier.oracles._trial import Trial
from luthier.oracles._views import OnNew, Views
from luthier.records import History
from luthier.records import Trial as Record
from luthier.study import Study


class Desk:
    """One study, opened at its first use.

    Args:
        plan: gives the set-up when the study is to be opened.
        on_new: asked about hyperparameters that a running trial meets first.

    Attributes:
        ongoing: tuner id to the trial that it runs.
        scheduler: how long trials run, where the plan does not say; read when the study is opened.
    """

    def __init__(self, plan: Callable[[], Plan], on_new: OnNew) -> None:
        self._plan = plan
        self._on_new = on_new
        self._opened: Opened | None = None
        self._views: Views | None = None
        self._asking: tuple[History, np.random.Generator] | None = None
        self.ongoing: dict[str, Trial] = {}
        self.scheduler: Scheduler | str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the study is open."""
        return self._opened is not None

    def open(self) -> Opened:
        """The study, opened if it is not yet."""
        if self._opened is None:
            plan = self._plan()
            if self.scheduler is not None:
                plan = replace(plan, scheduler=self.scheduler)
            self._opened = open_study(plan)
            self._views = Views(plan.objective, self._opened.study.spec.settings, self._on_new)
        return self._opened

    @property
    def study(self) -> Study:
        """The study, opened if it is not yet."""
        return self.open().study

    @property
    def views(self) -> Views:
        """The views of its trials."""
        self.open()
        if self._views is None:  # pragma: no cover - `open` sets both
            raise StudyError("the study has no views")
        return self._views

    def leave(self) -> None:
        """Let go of an open study that nobody has used, so that another place can be taken.

        Raises:
            StudyError: if it holds trials.
        """
        if self._opened is None:
            return
        study = self._opened.study
        if study.history().trials:
            raise StudyError(
                f"This oracle has begun a search already, kept in {study.place}; it cannot move to "
                "another project. Make a new oracle for each tuner."
            )
        self.close()

    def close(self) -> None:
        """Let go of the study; it is opened again when needed."""
        opened, self._opened, self._views = self._opened, None, None
        if opened is not None:
            opened.study.close()

    @property
    def history(self) -> History:
        """All trials by now; while values are being chosen, those that the choice may depend on."""
        return self._asking[0] if self._asking is not None else self.study.history()

    def rng(self, otherwise: np.random.Generator) -> np.random.Generator:
        """The randomness of the trial whose values are being chosen, or `otherwise`."""
        return self._asking[1] if self._asking is not None else otherwise

    @contextmanager
    def asking(self, history: History, rng: np.random.Generator) -> Iterator[None]:
        """While this lasts, values are being chosen from `history`."""
        before, self._asking = self._asking, (history, rng)
        try:
            yield
        finally:
            self._asking = before

    def view(self, record: Record) -> Trial:
        """The view of a recorded trial."""
        return self.views.of(record, self.history.space)

    def ids(self, records: Iterable[Record]) -> list[str]:
        """The ids of trials."""
        return [self.views.id_of(record.number) for record in records]

    def begin(self, record: Record, tuner_id: str) -> Trial:
        """The view of a trial that a tuner begins to run."""
        self.ongoing[tuner_id] = self.views.begin(record, self.study.space)
        return self.ongoing[tuner_id]

    def settle(self, record: Record) -> Trial:
        """The view of a trial that was told; nobody runs it any more."""
        view = self.view(record)
        for tuner_id, ongoing in tuple(self.ongoing.items()):
            if ongoing is view:
                del self.ongoing[tuner_id]
        return view

    def find(self, trial_id: str) -> Record:
        """The record of the trial with that id.

        Raises:
            KeyError: if there is none.
        """
        for record in self.history.trials:
            if self.views.id_of(record.number) == trial_id:
                return record
        raise KeyError(trial_id)
