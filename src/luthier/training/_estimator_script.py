"""A script that builds, fits and saves one estimator of scikit-learn, as text.

Enters: what the trial used, as expressions. Leaves: the script. It needs scikit-learn and numpy,
and whatever the user's own code imports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from luthier.training._script import VALUES_CLASS, constants, joined
from luthier.training._sources import Sources

_DUMP = {"joblib": "import joblib", "skops": "import skops.io"}


@dataclass(frozen=True, slots=True)
class EstimatorScript:
    """What a script says.

    Attributes:
        title: what it makes, one line.
        values: the hyperparameters.
        sources: the user's code.
        build: expression of the estimator, from `hp`.
        data: name to expression of what it is fitted to: `X`, `y`, and weights.
        load: name of a function that gives all of that, or "".
        form: "joblib" or "skops".
        stem: name of the files that it writes, without ending.
        has_arrays: whether there is a file of arrays beside it.
    """

    title: str
    values: Mapping[str, Any]
    sources: Sources
    build: str
    data: Mapping[str, str]
    load: str
    form: str
    stem: str
    has_arrays: bool


def render_estimator(script: EstimatorScript) -> str:
    """The text of a script."""
    return joined(
        [
            _head(script),
            constants(script.values, script.sources, script.stem if script.has_arrays else ""),
            *script.sources.definitions.values(),
            VALUES_CLASS,
            _data(script),
            _main(script),
        ]
    )


def _head(script: EstimatorScript) -> str:
    usual = {"from contextlib import contextmanager", "from pathlib import Path"}
    own = {_DUMP[script.form], *script.sources.imports}
    own |= {"import numpy as np"} if script.has_arrays else set()
    imports = "\n".join(sorted(own - usual))
    return f'''"""{script.title}

Written by Luthier: it builds the estimator with the values below, fits it to all rows, and saves it
as {script.stem}.{script.form}.
"""

from contextlib import contextmanager
from pathlib import Path

{imports}

HERE = Path(__file__).resolve().parent
'''


def _data(script: EstimatorScript) -> str:
    pairs = "".join(f"        {name!r}: {text},\n" for name, text in script.data.items())
    made = f"{script.load}()" if script.load else f"{{\n{pairs}    }}"
    return f'''
def data():
    """What the estimator is fitted to."""
    return {made}
'''


def _main(script: EstimatorScript) -> str:
    dump = "skops.io.dump" if script.form == "skops" else "joblib.dump"
    return f'''
def main():
    hp = Values(VALUES)
    model = {script.build}
    given = data()
    model.fit(given.pop("X"), given.pop("y", None), **given)
    {dump}(model, HERE / "{script.stem}.{script.form}")
    print("Saved as", HERE / "{script.stem}.{script.form}")


if __name__ == "__main__":
    main()
'''
