"""What a search optimises: a metric's name and whether less or more of it is better.

`Objective`, `MultiObjective` (KerasTuner's weighted sum of a list) and `DefaultObjective` (an
unnamed number), and the direction that a metric's name implies. Knows Keras's metrics by name only;
imports no framework.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from luthier.errors import ObjectiveError

DIRECTIONS = ("min", "max")
DEFAULT_NAME = "default_objective"
MULTI_NAME = "multi_objective"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MORE_IS_BETTER = _words(
    """
    acc accuracy binary_accuracy categorical_accuracy sparse_categorical_accuracy
    top_k_categorical_accuracy sparse_top_k_categorical_accuracy true_positives true_negatives
    precision recall auc sensitivity_at_specificity specificity_at_sensitivity
    precision_at_recall recall_at_precision f1_score fbeta_score r2_score cosine_similarity
    pearson_correlation concordance_correlation io_u binary_io_u mean_io_u one_hot_io_u
    one_hot_mean_io_u
    """
)
_LESS_IS_BETTER = _words(
    """
    loss crossentropy ce false_positives false_negatives hinge squared_hinge categorical_hinge
    binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy bce
    binary_focal_crossentropy categorical_focal_crossentropy
    categorical_generalized_cross_entropy kl_divergence kld kullback_leibler_divergence poisson
    log_cosh logcosh log_cosh_error huber mean_squared_error mse mean_absolute_error mae
    mean_absolute_percentage_error mape mean_squared_logarithmic_error msle
    root_mean_squared_error dice tversky circle ctc mean sum mean_metric_wrapper
    """
)
# How Keras abbreviates beyond plain snake case, once case and underscores are gone.
_SPELLINGS = {name.replace("_", ""): name for name in sorted(_MORE_IS_BETTER | _LESS_IS_BETTER)} | {
    "fbetascore": "fbeta_score",
    "iou": "io_u",
    "meaniou": "mean_io_u",
}


@dataclass(frozen=True)
class Objective:
    """A metric to optimise.

    Args:
        name: key of the metric in what a trial reports, such as `"val_loss"`.
        direction: `"min"` or `"max"`.

    Raises:
        ObjectiveError: (a ValueError) for another direction.

    Example:
        >>> import luthier
        >>> goal = luthier.Objective("val_loss", "min")
        >>> goal.better_than(0.1, 0.2)
        True
    """

    name: str
    direction: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise ObjectiveError(
                f"Expected the name of an objective to be a non-empty string, got {self.name!r}."
            )
        if self.direction not in DIRECTIONS:
            raise ObjectiveError(
                f'Expected the direction of objective "{self.name}" to be "min" or "max", '
                f"got {self.direction!r}."
            )

    def has_value(self, logs: Mapping[str, Any]) -> bool:
        """Whether `logs` holds all that the objective needs."""
        return all(name in logs for name in self.names)

    def get_value(self, logs: Mapping[str, Any]) -> float:
        """The objective's value in `logs`, in its own direction."""
        return float(logs[self.name])

    def better_than(self, a: float, b: float) -> bool:
        """Whether value `a` is strictly better than value `b`; NaN is better than nothing."""
        return a < b if self.direction == "min" else a > b

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the metrics that the value is computed from."""
        return (self.name,)

    @property
    def sign(self) -> float:
        """1 where less is better, -1 where more is: `sign * value` is always to be minimised."""
        return 1.0 if self.direction == "min" else -1.0

    def get_config(self) -> dict[str, Any]:
        """The objective as JSON values; `from_config` is the inverse."""
        return {"name": self.name, "direction": self.direction}

    def __str__(self) -> str:
        return f'Objective(name="{self.name}", direction="{self.direction}")'


@dataclass(frozen=True)
class DefaultObjective(Objective):
    """Stands in where the user named none: the single number that a trial returns, minimised."""

    name: str = DEFAULT_NAME
    direction: str = "min"


@dataclass(frozen=True, init=False)
class MultiObjective(Objective):
    """Several metrics added up: those to minimise minus those to maximise (KerasTuner's list of
    objectives).
    """

    objectives: tuple[Objective, ...]

    def __init__(self, objectives: Sequence[Objective]) -> None:
        if not objectives:
            raise ObjectiveError("Expected at least one objective in the list, got none.")
        object.__setattr__(self, "objectives", tuple(objectives))
        object.__setattr__(self, "name", MULTI_NAME)
        object.__setattr__(self, "direction", "min")

    @property
    def name_to_direction(self) -> dict[str, str]:
        """Direction of each metric by name."""
        return {objective.name: objective.direction for objective in self.objectives}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the metrics that are added up."""
        return tuple(objective.name for objective in self.objectives)

    def get_value(self, logs: Mapping[str, Any]) -> float:
        """Sum over the objectives, each with its sign."""
        return sum(objective.sign * objective.get_value(logs) for objective in self.objectives)

    def get_config(self) -> dict[str, Any]:
        """The objectives as JSON values."""
        return {"objectives": [objective.get_config() for objective in self.objectives]}

    def __str__(self) -> str:
        inner = ", ".join(map(str, self.objectives))
        return f'MultiObjective(name="{self.name}", direction="{self.direction}"): [{inner}]'


def from_config(config: Mapping[str, Any]) -> Objective:
    """The objective that `get_config` described."""
    if "objectives" in config:
        return MultiObjective([from_config(inner) for inner in config["objectives"]])
    if config["name"] == DEFAULT_NAME:
        return DefaultObjective()
    return Objective(config["name"], config["direction"])


def create_objective(objective: object) -> Objective:
    """The objective that a KerasTuner argument stands for.

    Args:
        objective: None, a metric's name, an `Objective`, or a list of names and objectives (added
            up).

    Raises:
        ObjectiveError: (a ValueError) for a name whose direction is unknown.
        TypeError: for anything else.
    """
    if objective is None:
        return DefaultObjective()
    if isinstance(objective, Objective):
        return objective
    if isinstance(objective, str):
        return Objective(objective, _direction_of_name(objective))
    if isinstance(objective, Sequence):
        return MultiObjective([create_objective(inner) for inner in objective])
    raise TypeError(
        f"`objective` not understood, expected str or `Objective` object, found: {objective}"
    )


def create_objectives(objective: object) -> tuple[Objective, ...]:
    """The objectives that an argument of `Study` or `tune` stands for.

    Args:
        objective: as `create_objective`; also `"min"` or `"max"` for the one number that a trial
            gives; a list of names and objectives stands for several, each kept for itself.

    Raises:
        ObjectiveError: (a ValueError) for a name whose direction is unknown, or one name twice.
        TypeError: for anything else.
    """
    if isinstance(objective, str) and objective in DIRECTIONS:
        return (Objective("objective", objective),)
    if isinstance(objective, Sequence) and not isinstance(objective, str):
        if not objective:
            raise ObjectiveError("Expected at least one objective in the list, got none.")
        several = tuple(_named_objective(inner) for inner in objective)
        if len({inner.name for inner in several}) < len(several):
            raise ObjectiveError(
                "Expected objectives of different names, got "
                f"{', '.join(inner.name for inner in several)}."
            )
        return several
    return (_named_objective(objective),)


def _named_objective(objective: object) -> Objective:
    if isinstance(objective, str) and infer_metric_direction(objective) is None:
        raise ObjectiveError(
            'Expected the objective as "min", "max" (for a single number), a metric whose name '
            f'tells its direction, or an Objective, got "{objective}"; say '
            f'luthier.Objective("{objective}", "min") or "max".'
        )
    return create_objective(objective)


def _direction_of_name(name: str) -> str:
    direction = infer_metric_direction(name)
    if direction is None:
        raise ObjectiveError(
            f'Could not infer optimization direction ("min" or "max") for unknown metric "{name}". '
            "Please specify the objective  as"
            "a `keras_tuner.Objective`, for example "
            f'`keras_tuner.Objective("{name}", direction="min")`.'
        )
    return direction


def infer_metric_direction(metric: object) -> str | None:
    """Whether less or more of a metric is better, judged by its name.

    Args:
        metric: a name as in Keras's logs (`val_`, `weighted_`, an output's name in front and `_1`
            behind are understood), a Keras metric or loss, or a function.

    Returns:
        `"min"`, `"max"`, or None where the name tells nothing.
    """
    if isinstance(metric, str):
        return _direction_of_log(metric)
    kind = metric if isinstance(metric, type) else type(metric)
    if any(base.__name__ == "Loss" for base in kind.__mro__):
        return "min"
    for name in (getattr(metric, "__name__", None), kind.__name__, getattr(metric, "name", None)):
        direction = _direction_of_log(name) if isinstance(name, str) else None
        if direction is not None:
            return direction
    return None


def _direction_of_log(name: str) -> str | None:
    stem = name.removeprefix("val_").removeprefix("weighted_")
    stem = re.sub(r"(?<=[A-Za-z])_\d+$", "", stem)
    words = stem.split("_")
    # "out_top_k_categorical_accuracy": the longest known name at the end decides, whatever output
    # stands before.
    for start in range(len(words)):
        direction = _direction_of_metric("_".join(words[start:]))
        if direction is not None:
            return direction
    return None


def _direction_of_metric(name: str) -> str | None:
    known = _SPELLINGS.get(name.replace("_", "").lower())
    if known is None:
        return None
    return "max" if known in _MORE_IS_BETTER else "min"
