"""What a trial reported, metric by metric: the trackers behind KerasTuner's `trial.metrics`.

Enters: names, values and steps. Leaves: histories, the best and the last value, statistics. Several
values at one step count as one observation with their mean. Values that are not finite are kept in
the history and never win.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from luthier.objective import DIRECTIONS, infer_metric_direction


class MetricObservation:
    """The values of a metric at one step.

    Args:
        value: one number or a list of them (several executions).
        step: epochs completed before, from 0.
    """

    def __init__(self, value: float | Sequence[float], step: int) -> None:
        self.value = _as_list(value)
        self.step = step

    def append(self, value: float | Sequence[float]) -> None:
        """Add one more value, or a list of them."""
        self.value.extend(_as_list(value))

    def mean(self) -> float:
        """The mean of the values."""
        return sum(self.value) / len(self.value)

    def get_config(self) -> dict[str, Any]:
        """`{"value": [...], "step": int}`."""
        return {"value": list(self.value), "step": self.step}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """What `get_config` described."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MetricObservation):
            return NotImplemented
        return other.value == self.value and other.step == self.step

    __hash__ = None  # type: ignore[assignment]  # changes when values are appended

    def __repr__(self) -> str:
        return f"MetricObservation(value={self.value}, step={self.step})"


class MetricHistory:
    """All observations of one metric.

    Args:
        direction: `"min"` or `"max"`.

    Raises:
        ValueError: for another direction.
    """

    def __init__(self, direction: str = "min") -> None:
        if direction not in DIRECTIONS:
            raise ValueError(f'`direction` should be one of {{"min", "max"}}, but got: {direction}')
        self.direction = direction
        self._observations: dict[int, MetricObservation] = {}

    def update(self, value: float | Sequence[float], step: int) -> None:
        """Add a value at a step."""
        known = self._observations.get(step)
        if known is None:
            self._observations[step] = MetricObservation(value, step)
        else:
            known.append(value)

    def get_history(self) -> list[MetricObservation]:
        """The observations in order of their steps."""
        return sorted(self._observations.values(), key=lambda observation: observation.step)

    def set_history(self, observations: Iterable[MetricObservation]) -> None:
        """Replace all observations."""
        self._observations = {}
        for observation in observations:
            self.update(observation.value, observation.step)

    def get_best_value(self) -> float | None:
        """The best finite mean, or None without one."""
        best = self._best()
        return None if best is None else best.mean()

    def get_best_step(self) -> int | None:
        """The first step with the best finite mean, or None without one."""
        best = self._best()
        return None if best is None else best.step

    def get_last_value(self) -> float | None:
        """The mean at the last step, or None before the first."""
        history = self.get_history()
        return history[-1].mean() if history else None

    def get_statistics(self) -> dict[str, float]:
        """`min max mean median var std` of the finite means; empty without one."""
        finite = [o.mean() for o in self._observations.values() if math.isfinite(o.mean())]
        if not finite:
            return {}
        with np.errstate(over="ignore"):
            return {
                name: float(getattr(np, name)(finite))
                for name in ("min", "max", "mean", "median", "var", "std")
            }

    def get_config(self) -> dict[str, Any]:
        """`{"direction": str, "observations": [...]}`."""
        return {
            "direction": self.direction,
            "observations": [observation.get_config() for observation in self.get_history()],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """What `get_config` described."""
        history = cls(config["direction"])
        history.set_history(map(MetricObservation.from_config, config["observations"]))
        return history

    def _best(self) -> MetricObservation | None:
        finite = [o for o in self.get_history() if math.isfinite(o.mean())]
        sign = 1.0 if self.direction == "min" else -1.0
        return min(finite, key=lambda observation: sign * observation.mean(), default=None)


class MetricsTracker:
    """The metrics of one trial by name.

    Args:
        metrics: Keras metrics or names to register from the start.

    Attributes:
        metrics: name to `MetricHistory`.
    """

    def __init__(self, metrics: Iterable[Any] | None = None) -> None:
        self.metrics: dict[str, MetricHistory] = {}
        self.register_metrics(metrics)

    def exists(self, name: str) -> bool:
        """Whether a metric of this name is registered."""
        return name in self.metrics

    def register_metrics(self, metrics: Iterable[Any] | None = None) -> None:
        """Register Keras metrics or names, each with the direction that it implies."""
        for metric in metrics or ():
            name = metric if isinstance(metric, str) else metric.name
            self.register(name, infer_metric_direction(metric))

    def register(self, name: str, direction: str | None = None) -> None:
        """Register a metric.

        Args:
            name: its name in the logs.
            direction: `"min"` or `"max"`; None infers it from the name, and takes `"min"` where
                that tells nothing.

        Raises:
            ValueError: if it is registered already, or the direction is another.
        """
        if self.exists(name):
            raise ValueError(f"Metric already exists: {name}")
        self.metrics[name] = MetricHistory(direction or infer_metric_direction(name) or "min")

    def update(self, name: str, value: float, step: int = 0) -> bool:
        """Add a value, registering the metric at its first.

        Returns:
            Whether it made the best value better.
        """
        number = float(value)
        if not self.exists(name):
            self.register(name)
        history = self.metrics[name]
        before = history.get_best_value()
        history.update(number, step)
        after = history.get_best_value()
        if before is None or after is None:
            return after is not None
        return after < before if history.direction == "min" else after > before

    def get_history(self, name: str) -> list[MetricObservation]:
        """The observations of a metric in order of their steps."""
        return self._known(name).get_history()

    def set_history(self, name: str, observations: Iterable[MetricObservation]) -> None:
        """Replace the observations of a metric, registering it if need be."""
        if not self.exists(name):
            self.register(name)
        self.metrics[name].set_history(observations)

    def get_best_value(self, name: str) -> float | None:
        """The best finite mean, or None without one."""
        return self._known(name).get_best_value()

    def get_best_step(self, name: str) -> int | None:
        """The first step with the best finite mean, or None without one."""
        return self._known(name).get_best_step()

    def get_statistics(self, name: str) -> dict[str, float]:
        """`min max mean median var std` of the finite means; empty without one."""
        return self._known(name).get_statistics()

    def get_last_value(self, name: str) -> float | None:
        """The mean at the last step, or None before the first."""
        return self._known(name).get_last_value()

    def get_direction(self, name: str) -> str:
        """`"min"` or `"max"`."""
        return self._known(name).direction

    def get_config(self) -> dict[str, Any]:
        """`{"metrics": {name: {...}}}`."""
        return {"metrics": {name: history.get_config() for name, history in self.metrics.items()}}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """What `get_config` described."""
        tracker = cls()
        tracker.metrics = {
            name: MetricHistory.from_config(history) for name, history in config["metrics"].items()
        }
        return tracker

    def _known(self, name: str) -> MetricHistory:
        if not self.exists(name):
            raise ValueError(f"Unknown metric: {name}")
        return self.metrics[name]


def _as_list(value: float | Sequence[float]) -> list[float]:
    if isinstance(value, Sequence | np.ndarray):
        return [float(number) for number in value]
    return [value]
