"""What the algorithms share: a history as arrays, kept up to date, and points that are new.

Enters: histories, each the continuation of the last if possible. Leaves: `Evidence`, arrays of
shape `(n, d)` and `(n, m)` with d columns and m objectives, and points as dicts. Everything here
can be computed again from the history alone; keeping it only saves time.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.numerics._columns import Columns
from luthier.numerics._pareto import crowding, fronts
from luthier.numerics._sobol import sobol
from luthier.records import History, Trial
from luthier.samplers._beliefs import Beliefs, power
from luthier.samplers._fresh import Draw, admits, fresh
from luthier.samplers._seen import Seen
from luthier.samplers._unused import Unused
from luthier.space import Encoding

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Points as arrays.

    Attributes:
        x: positions, shape `(n, d)`, in [0, 1]; 0.5 where inactive.
        active: which entries were used, shape `(n, d)`.
        order: when each trial ended, shape `(n,)`: its place among the imported and then the
            finished.
    """

    x: FloatArray
    active: BoolArray
    order: IntArray

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
            open=self._encode(
                [trial.suggestion.values for trial in history.open], range(len(history.open))
            ),
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
        good: dict[int, Trial] = {}
        bad: dict[int, Trial] = {}
        for place, trial in enumerate(trials, start=len(self._scored) + len(self._failed)):
            usable = trial.state.has_score and len(trial.scores) == len(history.objectives)
            (good if usable and np.isfinite(trial.scores).all() else bad)[place] = trial
        if good:
            rows = self._encode([trial.values for trial in good.values()], good)
            scores = np.array([trial.scores for trial in good.values()])
            self._scored.extend(rows, scores * self._sign)
        if bad:
            values = [{**trial.suggestion.values, **trial.values} for trial in bad.values()]
            self._failed.extend(self._encode(values, bad), np.zeros((len(bad), 0)))

    def _encode(self, values: Sequence[Mapping[str, Any]], order: Iterable[int]) -> Rows:
        places = np.fromiter(order, np.int64)
        if not values:
            columns = len(self.encoding.columns)
            return Rows(np.zeros((0, columns)), np.zeros((0, columns), np.bool_), places)
        return Rows(*self.encoding.encode(values), places)

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

    def spread_out(self, history: History, rng: np.random.Generator) -> dict[str, Any] | None:
        """The point of a scrambled Sobol' sequence whose number is the trial's, drawn by the
        priors.

        Where it is not new or not allowed, one drawn at random.
        """
        columns = len(self.encoding.columns)
        row = sobol(np.array([history.number % 2**30]), columns, history.seed)
        if history.priors:
            strength = min(power(history), 1.0)
            row = Beliefs(self.encoding, history.priors).draw(row, strength)
        values = self.first_new(history, row)
        return self.fresh(history, rng) if values is None else values

    def fresh(
        self, history: History, rng: np.random.Generator, draw: Draw | None = None
    ) -> dict[str, Any] | None:
        """A new and allowed point, drawn by `draw` (uniformly if None); see `_fresh.fresh`."""
        source = draw or (lambda: history.space.sample(rng))
        return fresh(history, self.seen, rng, lambda: self.unused.drop(source()))


def is_count(value: object, least: int) -> bool:
    """Whether an option is a whole number of at least `least`."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return whole and int(value) >= least  # type: ignore[call-overload]


def is_number(value: object) -> bool:
    """Whether an option is a number; NaN and infinities are none."""
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return real and math.isfinite(value)  # type: ignore[arg-type]


def columns_of(encoding: Encoding) -> Columns:
    """The columns of an encoding, for arithmetic."""
    return Columns(
        np.array([column.n_choices or 0 for column in encoding.columns], np.int64),
        np.array([column.kind == "nominal" for column in encoding.columns], np.bool_),
    )


def by_rank(y: FloatArray) -> IntArray:
    """Places of the points, the best first, shape `(n,)`.

    Of several objectives by front, then by room: NSGA-II's crowded comparison (Deb et al., IEEE
    Trans. Evol. Comput. 6 (2002), section III-B).
    """
    if y.shape[1] == 1:
        return np.argsort(y[:, 0], kind="stable")
    front = fronts(y)
    room = np.zeros(len(y))
    for number in np.unique(front):
        room[front == number] = crowding(y[front == number])
    return np.lexsort((-room, front))


def safe_first(evidence: Evidence, rows: FloatArray) -> FloatArray:
    """The rows, with those at the end whose nearest trial crashed."""
    if len(evidence.failed) == 0:
        return rows
    risky = _distance(rows, evidence.failed) < _distance(rows, evidence.scored)
    return rows[np.argsort(risky, kind="stable")]


def _distance(rows: FloatArray, trials: Rows) -> FloatArray:
    """The distance of each row to the nearest trial, shape `(n,)`."""
    apart = np.abs(rows[:, None, :] - trials.x[None]).sum(2)
    return np.asarray(apart.min(1, initial=np.inf))


class _Table:
    """Rows that grow at the end; the arrays given out are views that stay as they are."""

    def __init__(self, columns: int, objectives: int) -> None:
        self._n = 0
        self._x = np.zeros((0, columns))
        self._active = np.zeros((0, columns), np.bool_)
        self._y = np.zeros((0, objectives))
        self._order = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return self._n

    def extend(self, rows: Rows, scores: FloatArray) -> None:
        start, self._n = self._n, self._n + len(rows)
        if self._n > len(self._x):
            room = max(2 * start, self._n)
            self._x = _grown(self._x, room)
            self._active = _grown(self._active, room)
            self._y = _grown(self._y, room)
            self._order = _grown(self._order, room)
        self._x[start : self._n] = rows.x
        self._active[start : self._n] = rows.active
        self._order[start : self._n] = rows.order
        self._y[start : self._n] = scores

    @property
    def rows(self) -> Rows:
        return Rows(self._x[: self._n], self._active[: self._n], self._order[: self._n])

    @property
    def scores(self) -> FloatArray:
        return self._y[: self._n]


def _grown(array: NDArray[Any], rows: int) -> NDArray[Any]:
    grown = np.zeros((rows, *array.shape[1:]), array.dtype)
    grown[: len(array)] = array
    return grown
