"""What the algorithms share: a history as arrays, kept up to date, and points that are new.

Enters: histories, each the continuation of the last if possible. Leaves: `Evidence`, arrays of
shape `(n, d)` and `(n, m)` with d columns and m objectives, and points as dicts. Everything here
can be computed again from the history alone; keeping it only saves time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.records import History, Trial
from luthier.samplers._fresh import Draw, admits, fresh
from luthier.samplers._seen import Seen
from luthier.samplers._unused import Unused
from luthier.space import Encoding

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """Points as arrays.

    Attributes:
        x: positions, shape `(n, d)`, in [0, 1]; 0.5 where inactive.
        active: which entries were used, shape `(n, d)`.
    """

    x: FloatArray
    active: BoolArray

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a history teaches.

    Attributes:
        encoding: the meaning of the columns.
        scored: imported trials, then finished ones that have a score, in the order in which they
            ended.
        y: their scores, shape `(n, m)`; less is always better.
        imported: how many of them come from other studies.
        failed: trials without a score: they crashed, or were skipped as too large or not allowed.
        open: trials that are waiting, running or paused.
    """

    encoding: Encoding
    scored: Rows
    y: FloatArray
    imported: int
    failed: Rows
    open: Rows


class Memory:
    """What a sampler keeps of a study between two suggestions."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.unused = Unused()
        self._history: History | None = None
        self._scored = _Table(0, 0)
        self._failed = _Table(0, 0)

    def update(self, history: History) -> Evidence:
        """Take in what happened since the last call; what the history teaches now."""
        self.seen.update(history)
        self.unused.update(history)
        known = self._history
        if (
            known is None
            or known.space != history.space
            or known.imported is not history.imported
            or known.objectives != history.objectives
            or not history.is_continuation(known.finished)
        ):
            self._restart(history)
            known = None
        self._add(history, history.finished[len(known.finished) if known else 0 :])
        self._history = history
        return Evidence(
            encoding=self.encoding,
            scored=self._scored.rows,
            y=self._scored.scores,
            imported=self._imported,
            failed=self._failed.rows,
            open=self._encode([trial.suggestion.values for trial in history.open]),
        )

    def _restart(self, history: History) -> None:
        self.encoding = Encoding(history.space)
        self._sign = np.array([objective.sign for objective in history.objectives])
        columns = len(self.encoding.columns)
        self._scored = _Table(columns, len(history.objectives))
        self._failed = _Table(columns, 0)
        self._add(history, history.imported)
        self._imported = len(self._scored)

    def _add(self, history: History, trials: Iterable[Trial]) -> None:
        good: list[Trial] = []
        bad: list[Trial] = []
        for trial in trials:
            usable = trial.state.has_score and len(trial.scores) == len(history.objectives)
            (good if usable and np.isfinite(trial.scores).all() else bad).append(trial)
        if good:
            rows = self._encode([trial.values for trial in good])
            self._scored.extend(rows, np.array([trial.scores for trial in good]) * self._sign)
        if bad:
            values = [{**trial.suggestion.values, **trial.values} for trial in bad]
            self._failed.extend(self._encode(values), np.zeros((len(bad), 0)))

    def _encode(self, values: list[Mapping[str, Any]] | list[dict[str, Any]]) -> Rows:
        if not values:
            columns = len(self.encoding.columns)
            return Rows(np.zeros((0, columns)), np.zeros((0, columns), np.bool_))
        return Rows(*self.encoding.encode(values))

    def point(self, row: FloatArray) -> dict[str, Any]:
        """The values at a row, shape `(d,)`, without those that its build will not use."""
        return self.unused.drop(self.encoding.decode(row))

    def is_new(self, history: History, values: Mapping[str, Any]) -> bool:
        """Whether no trial covers the point and every constraint allows it."""
        return not self.seen.covers(values) and admits(history, values)

    def first_new(self, history: History, rows: Iterable[FloatArray]) -> dict[str, Any] | None:
        """The first of the rows whose point is new and allowed, as values."""
        for row in rows:
            values = self.point(row)
            if self.is_new(history, values):
                return values
        return None

    def fresh(
        self, history: History, rng: np.random.Generator, draw: Draw | None = None
    ) -> dict[str, Any] | None:
        """A new and allowed point, drawn by `draw` (uniformly if None); see `_fresh.fresh`."""
        source = draw or (lambda: history.space.sample(rng))
        return fresh(history, self.seen, rng, lambda: self.unused.drop(source()))


class _Table:
    """Rows that grow at the end; the arrays given out are views that stay as they are."""

    def __init__(self, columns: int, objectives: int) -> None:
        self._n = 0
        self._x = np.zeros((0, columns))
        self._active = np.zeros((0, columns), np.bool_)
        self._y = np.zeros((0, objectives))

    def __len__(self) -> int:
        return self._n

    def extend(self, rows: Rows, scores: FloatArray) -> None:
        start, self._n = self._n, self._n + len(rows)
        if self._n > len(self._x):
            room = max(2 * start, self._n)
            self._x = _grown(self._x, room)
            self._active = _grown(self._active, room)
            self._y = _grown(self._y, room)
        self._x[start : self._n] = rows.x
        self._active[start : self._n] = rows.active
        self._y[start : self._n] = scores

    @property
    def rows(self) -> Rows:
        return Rows(self._x[: self._n], self._active[: self._n])

    @property
    def scores(self) -> FloatArray:
        return self._y[: self._n]


def _grown(array: NDArray[Any], rows: int) -> NDArray[Any]:
    grown = np.zeros((rows, array.shape[1]), array.dtype)
    grown[: len(array)] = array
    return grown
