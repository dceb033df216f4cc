"""`keras_tuner` and `kerastuner` as other names of `luthier`, for programs that are not changed.

`install` puts a finder before all others: it answers for the two names and what lies below them,
whether KerasTuner is installed or not. Processes that the program starts find the same through
`_shims`, a folder that is put on their path.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

NAMES = ("keras_tuner", "kerastuner")
SHIMS = Path(__file__).with_name("_shims")

# Addresses of earlier KerasTuners, and where their names are now.
_MOVED = MappingProxyType(
    {
        "engine.conditions": ("space",),
        "engine.multi_execution_tuner": ("engine.tuner",),
        "tuners.bayesian": ("tuners", "oracles"),
        "tuners.gridsearch": ("tuners", "oracles"),
        "tuners.hyperband": ("tuners", "oracles"),
        "tuners.randomsearch": ("tuners", "oracles"),
        "tuners.sklearn_tuner": ("tuners",),
        "applications.augment": ("applications",),
        "applications.efficientnet": ("applications",),
        "applications.resnet": ("applications",),
        "applications.xception": ("applications",),
    }
)
_RENAMED = MappingProxyType({"MultiExecutionTuner": "Tuner"})
# What a program can see of Luthier under KerasTuner's name.
_PUBLIC = ("applications", "engine", "errors", "oracles", "tuners")


def install() -> None:
    """From here on `import keras_tuner` gives Luthier, also in processes that are started."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    for name in [key for key in sys.modules if key.partition(".")[0] in NAMES]:
        del sys.modules[name]
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if str(SHIMS) not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(SHIMS), *paths])
    if str(SHIMS) not in sys.path:
        # What `multiprocessing` starts takes over this list.
        sys.path.insert(0, str(SHIMS))


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, _, below = fullname.partition(".")
        if top not in NAMES:
            return None
        if below and below not in _MOVED and below.partition(".")[0] not in _PUBLIC:
            raise ModuleNotFoundError(_private(fullname, top), name=fullname)
        return ModuleSpec(fullname, _Loader(fullname, below), is_package=True)


class _Loader(Loader):
    def __init__(self, fullname: str, below: str) -> None:
        self._fullname = fullname
        self._below = below
        self._own: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        if self._below in _MOVED:
            return _Moved(self._fullname, _MOVED[self._below])
        name = f"luthier.{self._below}" if self._below else "luthier"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            message = _private(self._fullname, self._fullname.partition(".")[0])
            raise ModuleNotFoundError(message, name=self._fullname) from None
        self._own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The module is Luthier's and was run already; importlib has put another spec on it.
        if self._own is not None:
            module.__spec__ = self._own


class _Moved(ModuleType):
    """A module of earlier days: its names, wherever they are now."""

    def __init__(self, name: str, homes: Sequence[str]) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self._homes = homes

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            for home in self._homes:
                module = importlib.import_module(f"luthier.{home}")
                found = getattr(module, _RENAMED.get(name, name), None)
                if found is not None:
                    return found
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def _private(fullname: str, top: str) -> str:
    return (
        f"There is no {fullname} in Luthier, which runs in the place of KerasTuner: it has "
        f"KerasTuner's public names only. Import them from {top} itself or from "
        f"{', '.join(f'{top}.{name}' for name in _PUBLIC)}."
    )
