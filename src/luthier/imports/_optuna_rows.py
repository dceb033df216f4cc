"""`Rows`: what the tables of an Optuna storage hold of one study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """What the tables hold of one study, each table as its rows."""

    name: str
    directions: Sequence[Row]
    attributes: Sequence[Row]
    trials: Sequence[Row]
    params: Sequence[Row]
    values: Sequence[Row]
    reports: Sequence[Row]
    trial_attributes: Sequence[Row]
