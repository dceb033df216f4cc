"""What a search found: best trials, Pareto set, table, learning curves, importances. Read-only.

Trials enter as records; tables leave as plain rows or as a pandas DataFrame. CLI, dashboard and
`get_best_*` read through here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from luthier.errors import MissingExtraError, ObjectiveError
from luthier.numerics._pareto import hypervolume, is_efficient
from luthier.objective import Objective
from luthier.recommendation import recommended
from luthier.records import History, Trial, TrialState
from luthier.space import Space
from luthier.tables import save_rows

if TYPE_CHECKING:
    import pandas

CURVE_COLUMNS = ("trial", "execution", "step", "seconds")


@dataclass(frozen=True)
class Results:
    """The trials of a study at one moment.

    Attributes:
        trials: all of them, by number.
        objectives: what was optimised.
        space: the hyperparameters known by then.
        reason: why the search ended, if it did.

    Example:
        >>> import luthier
        >>> results = luthier.tune(
        ...     lambda hp: hp.Float("x", 0.0, 1.0), "min", 4, sampler="random", seed=0, verbose=0
        ... )
        >>> results.best.score == min(trial.score for trial in results.trials)
        True
    """

    trials: tuple[Trial, ...]
    objectives: tuple[Objective, ...]
    space: Space
    reason: str = ""

    @classmethod
    def of(cls, history: History, reason: str = "") -> Results:
        """The results of a history."""
        return cls(history.trials, history.objectives, history.space, reason)

    @cached_property
    def best(self) -> Trial | None:
        """The trial to use, by the first objective; None if no trial has a score.

        It is the one with the best score. Where scores are noisy, the best of many is good by luck:
        then it is the one whose score, freed from noise, is expected to be the best (see
        `luthier.recommendation`), and `ranked()` still goes by the scores as they are.
        """
        return recommended(self.trials, self.objectives[0], self.space)

    def ranked(self, count: int | None = None) -> list[Trial]:
        """Trials with a score, best first by the first objective; never padded with failed ones."""
        sign = self.objectives[0].sign
        scored = [trial for trial in self.trials if trial.scores]
        return sorted(scored, key=lambda trial: (sign * trial.scores[0], trial.number))[:count]

    @property
    def pareto(self) -> list[Trial]:
        """Trials that no other one beats in every objective, by number."""
        scored = [trial for trial in self.trials if trial.scores]
        kept = is_efficient(self._costs(scored)).tolist() if scored else []
        return [trial for trial, is_kept in zip(scored, kept, strict=True) if is_kept]

    def hypervolume(self, reference: Mapping[str, float] | Sequence[float] | None = None) -> float:
        """How much room of scores the trials dominate: one number for how good a Pareto front is.

        Args:
            reference: the worst corner of that room, a value an objective, by name or in their
                order. Left out, the worst score of each objective among the trials; give one to
                compare searches.

        Returns:
            a volume in the units of the objectives multiplied, at least 0; more is better.

        Raises:
            ObjectiveError: the reference does not have one number for each objective.

        Example:
            >>> from luthier.objective import Objective
            >>> from luthier.records import Suggestion, Trial
            >>> goals = (Objective("loss", "min"), Objective("speed", "max"))
            >>> trials = (Trial(0, Suggestion({}), scores=(0.25, 3.0)),)
            >>> Results(trials, goals, Space()).hypervolume({"loss": 1.0, "speed": 1.0})
            1.5
        """
        scored = [trial for trial in self.trials if trial.scores]
        worst = None if reference is None else self._corner(reference)
        if not scored:
            return 0.0
        costs = self._costs(scored)
        return hypervolume(costs, costs.max(axis=0) if worst is None else worst)

    def _costs(self, scored: Sequence[Trial]) -> np.ndarray:
        """Scores of which less is better, shape (n, m)."""
        signs = np.array([objective.sign for objective in self.objectives])
        return np.asarray(np.array([trial.scores for trial in scored], np.float64) * signs)

    def _corner(self, reference: Mapping[str, float] | Sequence[float]) -> np.ndarray:
        names = [objective.name for objective in self.objectives]
        given = reference
        if isinstance(given, Mapping):
            given = [given[name] for name in names if name in given and len(given) == len(names)]
        corner = np.asarray(given, np.float64)
        if corner.shape != (len(names),) or np.isnan(corner).any():
            raise ObjectiveError(
                f"Expected a reference with a number for each of {names}, got {reference!r}."
            )
        return np.asarray(corner * np.array([objective.sign for objective in self.objectives]))

    def count(self, state: TrialState) -> int:
        """How many trials are in a state."""
        return sum(trial.state is state for trial in self.trials)

    def rows(self) -> list[dict[str, Any]]:
        """One dict a trial: number, state, score, then `hp/…` values and `metric/…` means; inactive
        values are absent.
        """
        return [self._row(trial) for trial in self.trials]

    def curves(self) -> list[dict[str, Any]]:
        """One dict a measurement: trial, execution, step, seconds, then metrics."""
        return [
            {
                "trial": trial.number,
                "execution": m.execution,
                "step": m.step,
                "seconds": m.seconds,
                **m.metrics,
            }
            for trial in self.trials
            for m in trial.measurements
        ]

    def dataframe(self) -> pandas.DataFrame:
        """`rows` as a pandas DataFrame, one column a key; NaN where a trial lacks it.

        Raises:
            MissingExtraError: without pandas.
        """
        return _pandas().DataFrame(self.rows())

    def curves_dataframe(self) -> pandas.DataFrame:
        """`curves` as a pandas DataFrame.

        Raises:
            MissingExtraError: without pandas.
        """
        rows = self.curves()
        return _pandas().DataFrame(rows, columns=None if rows else list(CURVE_COLUMNS))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write `rows` to a file: CSV, JSON or Parquet, by its ending.

        Args:
            path: such as `"study.csv"`; folders above it are made.

        Returns:
            The path.

        Raises:
            ValueError: for another ending than .csv, .json or .parquet.
            MissingExtraError: for Parquet without pandas and pyarrow.

        Example:
            >>> import luthier
            >>> results = luthier.tune(
            ...     lambda hp: hp.Float("x", 0.0, 1.0), max_trials=2, seed=0, verbose=0
            ... )
            >>> results.save("/tmp/study.csv").name  # doctest: +SKIP
            'study.csv'
        """
        return save_rows(self.rows(), path)

    def importances(self) -> dict[str, float]:
        """How much of the variation of the score each hyperparameter explains by itself.

        The correlation ratio eta squared (Fisher 1925, section 45) of the ranks of the scores over
        at most five groups of the hyperparameter's values, less what groups of random ranks would
        explain; 0 to 1, largest first. Interactions are not seen, and with fewer than ten scored
        trials nothing can be said: then it is empty.
        """
        scored = [trial for trial in self.trials if trial.scores]
        if len(scored) < 10:
            return {}
        ranks = _ranks([trial.scores[0] for trial in scored])
        found = {
            name: _explained(_groups([trial.values.get(name, _ABSENT) for trial in scored]), ranks)
            for name in dict.fromkeys(parameter.name for parameter in self.space)
        }
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    def _row(self, trial: Trial) -> dict[str, Any]:
        row: dict[str, Any] = {
            "trial": trial.number,
            "state": trial.state.value,
            "score": trial.score if trial.score is not None else math.nan,
        }
        row |= {f"hp/{name}": value for name, value in trial.values.items()}
        row |= {f"metric/{name}": value for name, value in trial.metrics.items()}
        row |= {f"spread/{name}": value for name, value in trial.spread.items()}
        row |= {
            "best_step": trial.best_step,
            "attempt": trial.attempt,
            "seconds": trial.seconds,
            "message": trial.message,
        }
        return row


_ABSENT = object()


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise MissingExtraError(
            'A table as a DataFrame needs pandas: pip install "luthier[pandas]"; '
            "`rows()` gives plain dicts without it."
        ) from error
    return pandas


def _ranks(values: Sequence[float]) -> np.ndarray:
    _, inverse, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2.0)[inverse]


def _groups(values: Sequence[Any]) -> np.ndarray:
    """A group number for each value: fifths of numbers, else one group a value."""
    numeric = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    labels: Mapping[Any, int]
    if len(numeric) == sum(v is not _ABSENT for v in values) and len(set(numeric)) > 5:
        edges = np.quantile(numeric, [0.2, 0.4, 0.6, 0.8])
        return np.array([-1 if v is _ABSENT else int(np.searchsorted(edges, v)) for v in values])
    labels = {key: index for index, key in enumerate(dict.fromkeys(map(repr, values)))}
    return np.array([labels[repr(v)] for v in values])


def _explained(groups: np.ndarray, ranks: np.ndarray) -> float:
    total = float(((ranks - ranks.mean()) ** 2).sum())
    kinds = np.unique(groups)
    if total == 0.0 or len(kinds) < 2 or len(kinds) >= len(ranks):
        return 0.0
    between = sum(
        (groups == kind).sum() * (ranks[groups == kind].mean() - ranks.mean()) ** 2
        for kind in kinds
    )
    # Under no effect eta squared is (k - 1) / (n - 1) on average: subtract it (Kelley 1935).
    chance = (len(kinds) - 1) / (len(ranks) - 1)
    return max(0.0, (float(between) / total - chance) / (1.0 - chance))
