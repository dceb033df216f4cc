"""KerasTuner's address of metrics and their directions."""

from __future__ import annotations

from luthier.objective import infer_metric_direction
from luthier.oracles._metrics import MetricHistory, MetricObservation, MetricsTracker

__all__ = ["MetricHistory", "MetricObservation", "MetricsTracker", "infer_metric_direction"]
