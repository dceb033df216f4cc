"""Every public name says what it is, shows how it is used, and its examples are true."""

from __future__ import annotations

import doctest
import importlib
import inspect
from types import ModuleType
from typing import Any

import pytest

import luthier

ROOMS = ("errors", "hooks", "imports", "oracles", "samplers", "schedulers", "stores", "tuners")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def names() -> list[tuple[str, str]]:
    found = [("luthier", name) for name in luthier.__all__]
    for room in ROOMS:
        module = importlib.import_module(f"luthier.{room}")
        listed = getattr(module, "__all__", None) or [
            name for name, value in vars(module).items() if isinstance(value, type)
        ]
        found += [(module.__name__, name) for name in listed]
    return found


def value_of(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


PUBLIC = {f"{module}.{name}": (module, name) for module, name in names()}
OBJECTS = {
    path: value_of(*where)
    for path, where in PUBLIC.items()
    if isinstance(value_of(*where), type) or inspect.isfunction(value_of(*where))
}
DISTINCT = {id(value): path for path, value in reversed(OBJECTS.items())}


@pytest.mark.parametrize("path", [path for path in OBJECTS if path.count(".") == 1])
def test_a_name_of_the_package_shows_how_it_is_used(path: str) -> None:
    text = inspect.getdoc(OBJECTS[path]) or ""
    assert ">>> " in text, "no example"


@pytest.mark.parametrize("path", sorted(DISTINCT.values()))
def test_its_examples_are_true(path: str, project: Any) -> None:
    value = OBJECTS[path]
    finder = doctest.DocTestFinder(recurse=True, exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    told: list[str] = []
    known = {**vars(importlib.import_module(value.__module__)), "luthier": luthier}
    for test in finder.find(value, path, globs=known):
        runner.run(test, out=told.append, clear_globs=True)
    assert runner.failures == 0, "".join(told)


@pytest.mark.parametrize("path", ["luthier", *(f"luthier.{room}" for room in ROOMS)])
def test_a_module_lists_what_it_has(path: str) -> None:
    module = importlib.import_module(path)
    assert isinstance(module, ModuleType)
    listed = set(getattr(module, "__all__", ()))
    assert listed <= set(dir(module))
    assert all(hasattr(module, name) for name in listed)


def test_the_package_lists_nothing_else() -> None:
    shown = {name for name in dir(luthier) if not name.startswith("__")}
    assert shown == {name for name in luthier.__all__ if not name.startswith("__")}
