"""The Gaussian processes of a history: one of each objective, and one of where trials fail.

Enters: what a history teaches. Leaves: posteriors at any rows. Fitted hyperparameters are kept
between suggestions; they can be computed again from the history alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from luthier.numerics import _gp
from luthier.numerics._kernels import features, layout, squared_distances
from luthier.numerics._surrogate import Hyperparameters, order_likelihood, subset
from luthier.numerics._warps import standardise, tame_bad
from luthier.samplers._common import Evidence
from luthier.samplers._frame import BoolArray, FloatArray, Frame

Warp = Callable[[FloatArray], FloatArray]

# So many data take part in a prediction: more cost time and add little near the best.
_MOST_DATA = 250
_MOST_FITTED = 100
# Scores that are needed to tell which of several models foretells them best.
_FEWEST_COMPARED = 8
# By how much a model has to foretell them better, in mean log probability.
_CLEARLY = 0.02
# Few scores say little of each column: what they say of all of them together counts first.
_EARLY = {"length_spread": 0.5, "common_spread": 0.8}
_FAILURE_BELIEF = _gp.Belief(length=-0.5, noise=-3.0)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """One objective's posterior, with what it was made from.

    Attributes:
        posterior: trials under way count with their expected scores.
        targets: the warped scores of all data, shape (n,).
        scores: those of the data that the posterior was made from, shape (k,).
    """

    posterior: _gp.Posterior
    targets: FloatArray
    scores: FloatArray

    @property
    def foresight(self) -> float:
        """How well each score is foretold from all others; more is better."""
        mean, deviation = self.posterior.leave_one_out()
        count = len(self.scores)
        return order_likelihood(mean[:count], deviation[:count], self.scores)


@dataclass(frozen=True, slots=True, eq=False)
class Failures:
    """Where trials fail.

    Attributes:
        posterior: of 1 where a trial failed, -1 where it did not.
        points: features of the trials, shape (n, m).
        failed: which of them failed, shape (n,).
    """

    posterior: _gp.Posterior
    points: FloatArray
    failed: BoolArray

    def nearest_failed(self, points: FloatArray) -> BoolArray:
        """Whether the nearest trial failed; shape (k,)."""
        return np.asarray(self.failed[np.argmin(squared_distances(points, self.points), axis=1)])


class Surrogates:
    """Gaussian processes over the rows of one encoding.

    Args:
        frame: the columns.
        objectives: how many.
        noise: variance of the noise in units of the variance of the targets, or None to fit it.
    """

    def __init__(self, frame: Frame, objectives: int, noise: float | None = None) -> None:
        self._frame = frame
        self._layout = layout(frame.columns)
        self._noise = noise or 0.0
        self._belief = _gp.Belief() if noise is None else _gp.Belief(noise=-13.0, noise_spread=0.1)
        # Columns of one branch say little of those of another.
        branches = bool(frame.columns.optional.any())
        self._early = self._belief if branches else replace(self._belief, **_EARLY)
        self._fits: dict[tuple[int, Warp], Hyperparameters] = {}
        self._failure: tuple[tuple[int, int], Failures | None] = ((0, 0), None)

    def points(self, rows: FloatArray, active: BoolArray) -> FloatArray:
        """Features of rows, shape (n, m)."""
        return features(rows, active, self._frame.columns)

    def best_fit(self, evidence: Evidence, which: int, warps: Sequence[Warp]) -> Fitted:
        """The posterior of objective `which` by the first warp, or by another whose model clearly
        foretells better which of two trials is the better one, each from all others.
        """
        fitted = self.fit(evidence, which, warps[0])
        if len(evidence.scored) < _FEWEST_COMPARED:
            return fitted
        for warp in warps[1:]:
            rival = self.fit(evidence, which, warp)
            if rival.foresight > fitted.foresight + _CLEARLY:
                fitted = rival
        return fitted

    def fit(self, evidence: Evidence, which: int, warp: Warp) -> Fitted:
        """The posterior of objective `which`, its scores warped by `warp`."""
        points = self._encoded(evidence.scored.x, evidence.scored.active)
        scores = evidence.y[:, which]
        kept = self._fits.setdefault(
            (which, warp), Hyperparameters(self._belief, early=self._early)
        )
        theta = kept.at(
            points,
            self._layout,
            lambda count: warp(scores[:count]),
            diagonal=self._noise,
        )
        targets = warp(scores)
        chosen = subset(targets, _MOST_DATA)
        posterior = self._believe(points[chosen], targets[chosen], theta, evidence)
        return Fitted(posterior, targets, scores[chosen])

    def mixed(self, evidence: Evidence, rng: np.random.Generator) -> Fitted:
        """All objectives in one, by the worst of them under random weights.

        Source: Knowles 2006, ParEGO, eq. 2 (augmented Tchebycheff function, ρ = 0.05).
        """
        scores = np.column_stack([tame_bad(column) for column in evidence.y.T])
        scores = scores - scores.min(axis=0)
        weighted = scores * rng.dirichlet(np.ones(scores.shape[1]))
        targets = standardise(weighted.max(axis=1) + 0.05 * weighted.sum(axis=1))
        chosen = subset(targets, _MOST_DATA)
        points = self._encoded(evidence.scored.x[chosen], evidence.scored.active[chosen])
        few = subset(targets[chosen], _MOST_FITTED)
        start = self._belief.start(len(self._frame.columns))
        data = _gp.pairs(points[few], self._layout)
        theta = _gp.fit(data, targets[chosen][few], [start], belief=self._belief).theta
        posterior = self._believe(points, targets[chosen], theta, evidence)
        return Fitted(posterior, targets, targets[chosen])

    def _encoded(self, positions: FloatArray, active: BoolArray) -> FloatArray:
        return self.points(self._frame.rows(positions), active)

    def _believe(
        self, points: FloatArray, targets: FloatArray, theta: FloatArray, evidence: Evidence
    ) -> _gp.Posterior:
        """The posterior as if the open trials had ended as expected.

        Source: Ginsbourger, Le Riche and Carraro 2010, Kriging is well-suited to parallelize
            optimization, section 3.2 (kriging believer).
        """
        posterior = _gp.Posterior(points, self._layout, targets, theta, diagonal=self._noise)
        if not len(evidence.open):
            return posterior
        more = self._encoded(evidence.open.x, evidence.open.active)
        believed = np.concatenate([targets, posterior.predict(more)[0]])
        everything = np.concatenate([points, more])
        return _gp.Posterior(everything, self._layout, believed, theta, diagonal=self._noise)

    def failures(self, evidence: Evidence) -> Failures | None:
        """Where trials fail, as a regression of 1 (failed) and -1; None if none has failed.

        Source: Rasmussen and Williams 2006, section 6.5 (least-squares classification).
        """
        key = (len(evidence.scored), len(evidence.failed))
        if self._failure[0] != key:
            self._failure = (key, self._fit_failure(evidence) if key[1] else None)
        return self._failure[1]

    def _fit_failure(self, evidence: Evidence) -> Failures:
        x = np.concatenate([evidence.failed.x, evidence.scored.x])
        active = np.concatenate([evidence.failed.active, evidence.scored.active])
        targets = np.repeat([1.0, -1.0], [len(evidence.failed), len(evidence.scored)])
        chosen = subset(-targets, _MOST_FITTED)
        points = self._encoded(x[chosen], active[chosen])
        start = _FAILURE_BELIEF.start(len(self._frame.columns))
        data = _gp.pairs(points, self._layout)
        theta = _gp.fit(data, targets[chosen], [start], belief=_FAILURE_BELIEF).theta
        posterior = _gp.Posterior(points, self._layout, targets[chosen], theta)
        return Failures(posterior, points, targets[chosen] > 0)
