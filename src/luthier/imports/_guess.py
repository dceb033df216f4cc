"""What a KerasTuner project optimised: the metric that each trial's score is the value of.

KerasTuner keeps scores and metrics, and not the objective's name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from luthier.imports._kerastuner_trial import Metric
from luthier.objective import DEFAULT_NAME, DefaultObjective, Objective

Scored = tuple[float, int, Mapping[str, Metric]]


def objectives(trials: Sequence[Scored]) -> list[Objective]:
    """Every objective that fits all trials; more than one where they cannot be told apart.

    Args:
        trials: score, best step and metrics of trials that have a score.
    """
    if not trials:
        return []
    names = set.intersection(*(_fitting(trial) for trial in trials))
    if DEFAULT_NAME in names:
        return [DefaultObjective()]
    metrics = trials[0][2]
    return [Objective(name, metrics[name].direction) for name in sorted(names)]


def _fitting(trial: Scored) -> set[str]:
    score, best_step, metrics = trial
    return {
        name
        for name, metric in metrics.items()
        if best_step in metric.values
        and math.isclose(metric.values[best_step], score, rel_tol=1e-9, abs_tol=1e-12)
    }
