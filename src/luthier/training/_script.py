"""A script that builds, trains and saves one model, as text.

Enters: what the trial used, as expressions. Leaves: the script. It needs Keras and numpy, and
whatever the user's own code imports; Luthier only if that does.
"""

from __future__ import annotations

import pprint
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from luthier.training._sources import Sources


@dataclass(frozen=True, slots=True)
class Script:
    """What a script says.

    Attributes:
        title: what it makes, one line.
        backend: Keras's backend.
        seed: of the trial's first execution.
        values: the hyperparameters.
        sources: the user's code.
        build: expression of the model, from `hp`.
        fit: expression that trains `model` with `*args, **kwargs`.
        arguments: expression of a tuple of `fit`'s positional arguments.
        keywords: name to expression of the others.
        callbacks: expressions.
        load: name of a function that gives further keyword arguments, or "".
        compile: what replaces the model's compile settings, as Keras serialises it.
        metric: the objective's name in the history, or "".
        direction: `"min"` or `"max"`.
        score: what the search had.
        stem: name of the files that it writes, without ending.
        has_arrays: whether there is a file of arrays beside it.
    """

    title: str
    backend: str
    seed: int
    values: Mapping[str, Any]
    sources: Sources
    build: str
    fit: str
    arguments: str
    keywords: Mapping[str, str]
    callbacks: tuple[str, ...]
    load: str
    compile: Mapping[str, Any]
    metric: str
    direction: str
    score: float
    stem: str
    has_arrays: bool


def render(script: Script) -> str:
    """The text of a script."""
    return joined(
        [
            _head(script),
            _constants(script),
            *script.sources.definitions.values(),
            VALUES_CLASS,
            _arguments(script),
            _main(script),
        ]
    )


def joined(parts: Sequence[str]) -> str:
    """The parts of a script as one text, as they are usually set apart."""
    return "\n\n".join(part.strip("\n") + "\n" for part in parts if part.strip())


def _head(script: Script) -> str:
    usual = ("import keras", "import numpy as np", "import os", "from pathlib import Path")
    imports = sorted(line for line in script.sources.imports if line not in usual)
    arrays = "import numpy as np\n" if script.has_arrays else ""
    if "import numpy as np" in script.sources.imports:
        arrays = "import numpy as np\n"
    others = "".join(f"{line}\n" for line in imports)
    return f'''"""{script.title}

Written by Luthier: it builds the model with the values below, trains it as the search did, and
saves it as {script.stem}.keras.
"""

import os
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "{script.backend}")

import keras
{arrays}{others}
HERE = Path(__file__).resolve().parent
'''


def _constants(script: Script) -> str:
    stem = script.stem if script.has_arrays else ""
    settings = f"COMPILE = {_pretty(script.compile)}\n" if script.compile else ""
    return constants(script.values, script.sources, stem, settings)


def constants(values: Mapping[str, Any], sources: Sources, stem: str, settings: str = "") -> str:
    """Statements that define the hyperparameters, the arrays, and what the user's code uses.

    Args:
        values: the hyperparameters.
        sources: the user's code.
        stem: of the file of arrays; "" if there is none.
        settings: further statements.
    """
    text = f"VALUES = {_pretty(values)}\n"
    if stem:
        text += f'with np.load(HERE / "{stem}.npz") as file:\n    ARRAYS = dict(file)\n'
    text += settings
    for name, expression in sources.constants.items():
        text += f"{name} = {expression}\n"
    for name in sources.arrays:
        text += f"{name} = ARRAYS[{'constant/' + name!r}]\n"
    return text


def _pretty(value: Mapping[str, Any]) -> str:
    return pprint.pformat(dict(value), sort_dicts=False, width=88)


VALUES_CLASS = '''
class Values:
    """What the search calls `hp`: gives the values that the trial used."""

    def __init__(self, values):
        self.values = dict(values)
        self._scopes = []

    def get(self, name):
        return self.values.get("/".join([*self._scopes, str(name)]))

    def __contains__(self, name):
        return "/".join([*self._scopes, str(name)]) in self.values

    def Int(self, name, *args, **kwargs):
        return self.get(name)

    Float = Choice = Boolean = Fixed = __getitem__ = Int

    def require(self, *args):
        pass

    @contextmanager
    def name_scope(self, name):
        self._scopes.append(name)
        yield
        self._scopes.pop()

    @contextmanager
    def conditional_scope(self, *args):
        yield
'''


def _arguments(script: Script) -> str:
    keywords = "".join(f"        {name!r}: {text},\n" for name, text in script.keywords.items())
    loaded = f"    kwargs.update({script.load}())\n" if script.load else ""
    return f'''
def arguments():
    """What the model is trained with."""
    args = {script.arguments}
    kwargs = {{
{keywords}    }}
{loaded}    return args, kwargs
'''


def _main(script: Script) -> str:
    callbacks = "".join(f"\n        {text}," for text in script.callbacks)
    callbacks += "\n    " if callbacks else ""
    compiled = ""
    if script.compile:
        compiled = "    model.compile_from_config({**model.get_compile_config(), **COMPILE})\n"
    return f'''
def main():
    keras.utils.set_random_seed({script.seed})
    hp = Values(VALUES)
    model = {script.build}
{compiled}    args, kwargs = arguments()
    kwargs["callbacks"] = [{callbacks}]
{_training(script)}
    model.save(HERE / "{script.stem}.keras")
    print("Saved as", HERE / "{script.stem}.keras")


if __name__ == "__main__":
    main()
'''


def _training(script: Script) -> str:
    if not script.metric:
        return (
            f"    result = {script.fit}\n"
            f'    print("Training gave", getattr(result, "history", result))\n'
            f'    print("the search had {script.score:.6g}")'
        )
    return f'''    weights = HERE / "{script.stem}.weights.h5"
    kwargs["callbacks"].append(
        keras.callbacks.ModelCheckpoint(
            weights,
            monitor="{script.metric}",
            mode="{script.direction}",
            save_best_only=True,
            save_weights_only=True,
        )
    )
    history = {script.fit}.history
    best = {script.direction}(history["{script.metric}"])
    print(f"{script.metric} {{best:.6g}}, the search had {script.score:.6g}")
    model.load_weights(weights)
    weights.unlink()'''
