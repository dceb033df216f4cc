"""`SklearnTuner.export`: the best trial as a script of its own.

Enters: a tuner, and what its estimators are fitted to. Leaves: a script, and beside it a file with
the arrays that it needs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from luthier import training
from luthier.errors import FatalValueError
from luthier.training import Sources
from luthier.tuners._export import Arguments, Load, best_of, model_of, target_of, write

NO_DATA = (
    "This tuner has not searched, so there is no data to fit to: call search(X, y) first (it goes "
    "on where it stopped), or hand over a function that makes it: export(path, data=load)."
)


def export_estimator(
    tuner: Any, path: str | os.PathLike[str], data: Mapping[str, Any], load: Load | None
) -> Path:
    """Write the script of a tuner's best trial; see `SklearnTuner.export`."""
    target, best = target_of(path), best_of(tuner)
    if tuner.hypermodel is None:
        raise FatalValueError("A script is written of a hypermodel's `build`, and there is none.")
    sources, given = Sources(), Arguments()
    build, _ = model_of(tuner.hypermodel, sources)
    expressions = {} if load else {n: _expression(given, sources, v, n) for n, v in data.items()}
    script = training.EstimatorScript(
        title=f"The best estimator of a search: trial {best.trial_id}, score {best.score:.6g}, "
        "the mean over its folds; here it gets all rows.",
        values=dict(best.hyperparameters.values.items()),
        sources=sources,
        build=build,
        data=expressions,
        load=sources.add(load) if load else "",
        form=tuner.keep or "joblib",
        stem=target.stem,
        has_arrays=bool(given.arrays or sources.arrays),
    )
    text = training.render_estimator(script)
    return write(target, text, sources.arrays, given.arrays)


def _expression(given: Arguments, sources: Sources, value: Any, name: str) -> str:
    """How the script writes data; a table of pandas stays one, with its names."""
    if hasattr(value, "columns") and hasattr(value, "iloc"):
        sources.imports["import pandas as pd"] = None
        columns = {label: _column(value[label], f"{name}/{label}") for label in value.columns}
        pairs = [
            f"{label!r}: {given.expression(c, f'{name}/{label}')}" for label, c in columns.items()
        ]
        return f"pd.DataFrame({{{', '.join(pairs)}}})"
    if hasattr(value, "iloc"):
        sources.imports["import pandas as pd"] = None
        column = given.expression(_column(value, name), name)
        return f"pd.Series({column}, name={value.name!r})"
    return given.expression(value, name)


def _column(series: Any, name: str) -> Any:
    """The values of a column: numbers, or texts.

    Raises:
        FatalValueError: (a ValueError) for other ones.
    """
    array = np.asarray(series)
    if array.dtype != object:
        return array
    if all(isinstance(one, str) for one in array):
        return array.astype(str)
    raise FatalValueError(
        f"search() was called with {name}, a column of objects, which cannot be kept beside a "
        "script. Name a function that makes the data: export(path, data=load), where load() "
        'returns {"X": ..., "y": ...}.'
    )
