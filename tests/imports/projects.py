"""KerasTuner projects for the tests to read.

`RECORDED` was written by keras-tuner 1.4.8 (a random search of four tiny networks, seed 5, without
the weights of all but the best); the others are written here, in the same form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parent / "kerastuner"

SPACE = [
    {
        "class_name": "Float",
        "config": {
            "name": "x",
            "default": 0.0,
            "conditions": [],
            "min_value": 0.0,
            "max_value": 1.0,
            "step": None,
            "sampling": "linear",
        },
    }
]


def trial_state(
    name: str,
    score: float | None,
    status: str = "COMPLETED",
    values: Mapping[str, Any] | None = None,
    message: str | None = None,
) -> dict[str, Any]:
    """A trial as KerasTuner writes it: `loss` is reported at epoch 1, `accuracy` beside it."""
    at = [{"value": [score], "step": 1}]
    metrics = {
        "loss": {"direction": "min", "observations": at},
        "accuracy": {"direction": "max", "observations": [{"value": [0.5], "step": 1}]},
    }
    return {
        "trial_id": name,
        "hyperparameters": {
            "space": SPACE,
            "values": {"x": int(name) / 10} if values is None else values,
        },
        "metrics": {"metrics": {} if score is None else metrics},
        "score": score,
        "best_step": 1,
        "status": status,
        "message": message,
    }


def write_project(
    path: Path, trials: Sequence[Mapping[str, Any]], oracle: Mapping[str, Any] | None = None
) -> Path:
    """A project with these trials; its folder."""
    for state in trials:
        folder = path / f"trial_{state['trial_id']}"
        folder.mkdir(parents=True)
        (folder / "trial.json").write_text(json.dumps(state), encoding="utf-8")
    ids = [state["trial_id"] for state in trials]
    known = {
        "hyperparameters": {"space": SPACE, "values": {"x": 0.0}},
        "start_order": ids,
        "end_order": ids,
        "seed": 7,
    }
    (path / "oracle.json").write_text(json.dumps({**known, **(oracle or {})}), encoding="utf-8")
    return path
