"""`GaussianProcess`: Bayesian optimisation with a Gaussian process.

A scrambled Sobol' sequence first; then the point of most log expected improvement of a Matérn
process over warped scores (gain of hypervolume for several objectives), searched among points that
can be tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from luthier.abc import Sampler
from luthier.errors import SpaceError
from luthier.numerics._maximise import Allowed, Effort, Judge, maximise, moved, random_rows
from luthier.numerics._pareto import is_efficient
from luthier.numerics._sobol import sobol
from luthier.numerics._threads import one_thread
from luthier.numerics._warps import standardise, stretch_good, tame_bad
from luthier.records import History, Suggestion
from luthier.samplers._beliefs import Beliefs, power
from luthier.samplers._branches import Branch, least_tried
from luthier.samplers._common import Evidence, Memory, is_count, is_number
from luthier.samplers._frame import BoolArray, FloatArray, Frame, IntArray, Taken, idle_columns
from luthier.samplers._fresh import admits
from luthier.samplers._promise import OfOne, Promise, log_success, of_several
from luthier.samplers._surrogate import Fitted, Surrogates

_EFFORT = Effort(lineages=6, children=30, rounds=5, shrink=0.45)
_RANDOM_SEEDS = 300
_NEAR_SEEDS = 100
_LEADERS = 5
_POLISHED = 1
_MOST_OBJECTIVES = 3
# What promises less is taken already, not allowed, or likely to crash.
_RECKLESS = -1e12
# Branches that are looked at for one suggestion.
_MOST_BRANCHES = 4


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the Gaussian process would try next.

    Attributes:
        suggestion: None if nothing is left.
        gain: log of what it promises, in units of the spread of the warped scores; None before
            there is a model.
    """

    suggestion: Suggestion | None
    gain: float | None


class GaussianProcess(Sampler):
    """The sampler of choice for up to some thousand trials of any space with up to three
    objectives.

    Args:
        initial_points: how many space-filling points come first; by the number of hyperparameters
            if None.
        noise: variance of the noise of a score, in units of the variance of all scores; fitted if
            None.
        beta: if given, points are chosen by the lower confidence bound `mean - beta * deviation`
            and not by expected improvement.

    Raises:
        SpaceError: an argument is negative or no number.
    """

    def __init__(
        self,
        initial_points: int | None = None,
        noise: float | None = None,
        *,
        beta: float | None = None,
    ) -> None:
        if initial_points is not None and not is_count(initial_points, 0):
            raise SpaceError(
                f"Expected initial_points to be None or an int of at least 0, "
                f"received {initial_points!r}."
            )
        # As `BayesianOptimization` calls it: `alpha`.
        for name, value in (("noise (alpha)", noise), ("beta", beta)):
            if value is not None and not (is_number(value) and value >= 0):
                raise SpaceError(
                    f"Expected {name} to be None or a number of at least 0, received {value!r}."
                )
        self._initial_points = initial_points
        self._noise = noise
        self._beta = beta
        self._memory = Memory()
        self._frame: Frame | None = None
        self._encoding: Any = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The name and the options."""
        return {
            "name": "gaussian_process",
            "initial_points": self._initial_points,
            "noise": self._noise,
            "beta": self._beta,
        }

    def suggest(self, history: History, rng: np.random.Generator) -> Suggestion | None:
        return self.propose(history, rng).suggestion

    def propose(self, history: History, rng: np.random.Generator) -> Proposal:
        """A suggestion, and how much the model expects of it."""
        with one_thread():
            return self._propose(history, rng)

    def _propose(self, history: History, rng: np.random.Generator) -> Proposal:
        evidence = self._memory.update(history)
        frame = self._follow(evidence, history)
        gain: float | None = None
        if self._is_ready(evidence, len(frame.columns)):
            values, gain = self._best(history, evidence, frame, rng)
            note = self._note(history)
        else:
            values, note = self._first(history, frame, rng), "space-filling start"
        if values is None:
            values, note = self._memory.fresh(history, rng), "random: the model repeats itself"
        return Proposal(None if values is None else Suggestion(values, note=note), gain)

    def elsewhere(
        self, history: History, rng: np.random.Generator, least: float
    ) -> Suggestion | None:
        """The most promising point of a branch that was tried little, measured by the best of the
        branch itself: a branch is known by its best point, not by the first ones it got.

        Args:
            history: of one objective, for which a model is ready.
            rng: source of randomness.
            least: log expected improvement of which branches come first.

        Returns:
            None where there is no branch, or no point left in those looked at.
        """
        with one_thread():
            evidence = self._memory.update(history)
            frame = self._follow(evidence, history)
            rows = self._search_branches(history, evidence, frame, rng, least)
            values = self._memory.first_new(history, frame.positions(rows))
        if values is None:
            return None
        return Suggestion(values, note="Gaussian process, a branch tried little")

    def _search_branches(
        self,
        history: History,
        evidence: Evidence,
        frame: Frame,
        rng: np.random.Generator,
        least: float,
    ) -> FloatArray:
        """Rows of the first branch that promises `least`, best first, shape (k, d); where none
        does, of the first one: a model of few bad points is soon sure, and wrong.
        """
        fitted = self._fitted(evidence, frame)
        found = np.zeros((0, len(frame.columns)))
        for branch in least_tried(frame, evidence)[:_MOST_BRANCHES]:
            own = branch.holds(frame.rows(evidence.scored.x), evidence.scored.active)
            # Targets have mean 0: what a branch without any score has to beat.
            best = float(np.min(fitted.targets[own])) if own.any() else 0.0
            judge = self._judge(history, evidence, frame, OfOne(fitted, None, best), branch)
            seeds = branch.moved(_seeds(evidence, frame, rng))
            rows, worth = _search(history, evidence, frame, judge, seeds, rng)
            if worth[0] > least:
                return rows[worth > _RECKLESS]
            if not len(found):
                found = rows[worth > _RECKLESS]
        return found

    def is_ready(self, history: History) -> bool:
        """Whether the start is over and a model chooses the next point."""
        evidence = self._memory.update(history)
        return self._is_ready(evidence, len(evidence.encoding.columns))

    def _follow(self, evidence: Evidence, history: History) -> Frame:
        """What is kept belongs to one encoding, of which the memory makes a new one when it must,
        and to one set of columns that builds may leave idle.
        """
        encoding, frame = evidence.encoding, self._frame
        idle = np.zeros(len(encoding.columns), np.bool_)
        if not self._memory.unused.is_idle:
            idle = idle_columns(evidence)
        if frame is None or self._encoding is not encoding or not (idle == frame.idle).all():
            self._encoding = encoding
            frame = self._frame = Frame(encoding, idle)
            self._surrogates = Surrogates(frame, len(history.objectives), self._noise)
        frame.learn(evidence)
        return frame

    def _is_ready(self, evidence: Evidence, columns: int) -> bool:
        needed = self._initial_points
        if needed is None:
            needed = max(4, min(8, columns // 2 + 3))
        known = len(evidence.scored)
        return (
            columns > 0
            and known >= 2
            and known + len(evidence.failed) + len(evidence.open) >= needed
        )

    def _first(
        self, history: History, frame: Frame, rng: np.random.Generator
    ) -> dict[str, Any] | None:
        """Sobol' points; the first is moved to the middle of all ranges."""
        if history.number == 0 and not history.priors:
            row = sobol(np.array([0]), len(frame.columns), history.seed)
            row[:, ~frame.columns.is_choice] = 0.5
            values = self._memory.first_new(history, row)
            if values is not None:
                return values
        return self._memory.spread_out(history, rng)

    def _note(self, history: History) -> str:
        if self._beta is not None:
            return "Gaussian process, lower confidence bound"
        if len(history.objectives) > 1:
            return "Gaussian process, expected gain of hypervolume"
        return "Gaussian process, expected improvement"

    def _best(
        self, history: History, evidence: Evidence, frame: Frame, rng: np.random.Generator
    ) -> tuple[dict[str, Any] | None, float]:
        """The new and allowed point of most promise, and that; None if the search met none."""
        promise = self._promise(evidence, frame, rng)
        judge = self._judge(history, evidence, frame, promise)
        seeds = _seeds(evidence, frame, rng)
        rows, worth = _search(history, evidence, frame, judge, seeds, rng)
        rows, worth = _refine(rows, worth, frame, promise, judge)
        return self._memory.first_new(history, frame.positions(rows)), float(worth[0])

    def _judge(
        self,
        history: History,
        evidence: Evidence,
        frame: Frame,
        promise: Promise,
        branch: Branch | None = None,
    ) -> Judge:
        failures = self._surrogates.failures(evidence)
        success = None if failures is None else log_success(failures)
        belief, trust = Beliefs(evidence.encoding, history.priors), power(history)
        taken = Taken(frame, evidence)

        def judge(rows: FloatArray, active: BoolArray) -> FloatArray:
            points = self._surrogates.points(rows, active)
            worth = promise(points)
            if success is not None:
                worth = worth + success(points)
            if belief:
                worth = worth + trust * belief.log_density(frame.positions(rows), active)
            refused = taken.has(rows)
            if branch is not None:
                refused |= ~branch.holds(rows, active)
            return np.where(refused, -np.inf, worth)

        return judge

    def _promise(self, evidence: Evidence, frame: Frame, rng: np.random.Generator) -> Promise:
        count = evidence.y.shape[1]
        if count == 1:
            return OfOne(self._fitted(evidence, frame), self._beta)
        if count > _MOST_OBJECTIVES:
            return OfOne(self._surrogates.mixed(evidence, rng), self._beta)
        return of_several([self._surrogates.fit(evidence, j, tame_bad) for j in range(count)])

    def _fitted(self, evidence: Evidence, frame: Frame) -> Fitted:
        """The model of a single objective."""
        # Branches differ more than what is in them: as they are, scores tell little of that.
        warps = _WARPS[:1] if frame.columns.optional.any() else _WARPS
        return self._surrogates.best_fit(evidence, 0, warps)


def _warp(scores: FloatArray) -> FloatArray:
    return stretch_good(tame_bad(scores))


# Tables of networks are foretold best by ranks of the bad and a stretch of the good, smooth
# functions as they are.
_WARPS = (_warp, standardise)


def _search(
    history: History,
    evidence: Evidence,
    frame: Frame,
    judge: Judge,
    seeds: FloatArray,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Allowed rows that promise most, best first, and what they promise."""
    return maximise(
        judge,
        seeds,
        frame.snap,
        frame.columns,
        effort=_EFFORT,
        rng=rng,
        allowed=_allowed(history, evidence, frame),
    )


def _refine(
    rows: FloatArray, worth: FloatArray, frame: Frame, promise: Promise, judge: Judge
) -> tuple[FloatArray, FloatArray]:
    """The rows, best first, and their worth, after some were polished along the slope."""
    if not isinstance(promise, OfOne) or not promise.has_slope:
        return rows, worth
    few, active = frame.snap(rows[:_POLISHED])
    better = np.array([promise.polish(row, on, frame) for row, on in zip(few, active, strict=True)])
    better, active = frame.snap(better)
    rows = np.concatenate([rows, better])
    worth = np.concatenate([worth, judge(better, active)])
    order = np.argsort(-worth, kind="stable")
    return rows[order], worth[order]


def _seeds(evidence: Evidence, frame: Frame, rng: np.random.Generator) -> FloatArray:
    """Rows to begin the search with: anywhere, and near the best that are known."""
    anywhere = random_rows(rng, _RANDOM_SEEDS, frame.columns)
    leaders = _leaders(evidence)
    picked = leaders[rng.integers(len(leaders), size=_NEAR_SEEDS)]
    rows = frame.rows(evidence.scored.x[picked])
    near = moved(rows, evidence.scored.active[picked], frame.columns, step=0.1, rng=rng)
    return np.concatenate([anywhere, near])


def _leaders(evidence: Evidence) -> IntArray:
    """Indices of the best data: by score, or the Pareto front of several objectives."""
    if evidence.y.shape[1] > 1:
        return np.flatnonzero(is_efficient(evidence.y))
    return np.argsort(evidence.y[:, 0], kind="stable")[:_LEADERS]


def _allowed(history: History, evidence: Evidence, frame: Frame) -> Allowed | None:
    """Whether the constraints of a study allow a row; None without any."""
    if not history.constraints:
        return None
    decode = evidence.encoding.decode
    return lambda row: admits(history, decode(frame.positions(row[None])[0]))
