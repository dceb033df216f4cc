"""What is gathered of a function runs by itself, and gives what the function gave."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from luthier.errors import FatalValueError, StudyError
from luthier.training import HyperModel
from luthier.training._sources import Sources, is_plain

HELPER = """
import math

SHIFT = 3

def shifted(x):
    return math.floor(x) + SHIFT
"""

MODEL = """
import json as j
import numpy as np
from collections import OrderedDict
from pathlib import Path as P

import helper
from helper import shifted as moved

WIDTHS = (1, 2)
TABLE = np.arange(3.0)
NAMES = {"a": [1, None]}

def twice(x):
    return 2 * x

class Base:
    factor = WIDTHS[1]

    def build(self, x):
        return twice(x) * self.factor

class Model(Base):
    def build(self, x):
        return build(x) + super().build(x)

def build(x, limit=WIDTHS):
    names = OrderedDict(NAMES)
    unused = [x for x in limit]
    def inner(y):
        return y + TABLE[2]
    return float(inner(moved(x)) + len(names) + len(j.dumps("a")) + (build(0) if x > 90 else 0))

def recursive(n):
    return 1 if n < 1 else n * recursive(n - 1)

def closes_over(step):
    def stepped(x):
        return x + step
    return stepped

add_five = closes_over(5)
renamed = twice
file = open(__file__)
file.close()

def uses_renamed(x):
    return renamed(x)

def reads_file():
    return file.read()

def uses_module(x):
    return helper.shifted(x)
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "own_model.py").write_text(MODEL)
    monkeypatch.syspath_prepend(tmp_path)
    spec = importlib.util.spec_from_file_location("own_model", tmp_path / "own_model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "own_model", module)
    spec.loader.exec_module(module)
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    yield module
    sys.modules.pop("helper", None)


def run(sources: Sources, expression: str) -> Any:
    """What an expression gives in a script of these sources alone."""
    constants = (f"{name} = {text}" for name, text in sources.constants.items())
    program = "\n".join([*sources.imports, *constants, *sources.definitions.values()])
    names: dict[str, Any] = dict(sources.arrays)
    exec(compile(program, "script", "exec"), names)
    return eval(expression, names)


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("build", "build(1.5)"),
        ("build", "build(99)"),
        ("recursive", "recursive(4)"),
        ("Model", "Model().build(2)"),
        ("uses_renamed", "uses_renamed(4)"),
        ("twice", "twice(3)"),
    ],
)
def test_it_runs_by_itself(model: ModuleType, name: str, expression: str) -> None:
    sources = Sources()
    assert sources.add(getattr(model, name)) == name
    assert run(sources, expression) == eval(expression, vars(model))
    assert "import helper" not in sources.imports


def test_what_a_closure_holds_goes_with_it(model: ModuleType) -> None:
    sources = Sources()
    sources.add(model.add_five)
    assert run(sources, "stepped(1)") == 6


def test_only_what_is_needed_is_taken(model: ModuleType) -> None:
    sources = Sources()
    sources.add(model.twice)
    assert (sources.imports, sources.constants, list(sources.definitions)) == ({}, {}, ["twice"])


@pytest.mark.parametrize("kind", [HyperModel, StudyError])
def test_what_is_public_is_imported_from_there(kind: type) -> None:
    sources = Sources()
    sources.add(kind)
    home = {HyperModel: "luthier.training", StudyError: "luthier.errors"}[kind]
    assert list(sources.imports) == [f"from {home} import {kind.__name__}"]


def test_arrays_are_kept_apart(model: ModuleType) -> None:
    sources = Sources()
    sources.add(model.build)
    assert list(sources.arrays) == ["TABLE"]
    assert np.array_equal(sources.arrays["TABLE"], [0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda x: x, "define it with `def`"),
        (partial(int, "7"), "define it with `def`"),
        (3, "define it with `def`"),
    ],
)
def test_what_has_no_name_is_refused(what: Any, said: str) -> None:
    with pytest.raises(FatalValueError, match=said):
        Sources().add(what)


def test_what_cannot_be_written_is_named(model: ModuleType) -> None:
    with pytest.raises(FatalValueError, match="reads_file uses file, a TextIOWrapper"):
        Sources().add(model.reads_file)
    with pytest.raises(FatalValueError, match="from helper import"):
        Sources().add(model.uses_module)


def test_a_source_that_is_nowhere_is_said() -> None:
    names: dict[str, Any] = {"__name__": "nowhere"}
    exec("def build(hp):\n    return 1", names)
    with pytest.raises(FatalValueError, match="source of build cannot be found"):
        Sources().add(names["build"])


@pytest.mark.parametrize("value", [1, 1.5, "a", None, True, (1, [2, {"a": None}])])
def test_plain_values(value: Any) -> None:
    assert is_plain(value)


@pytest.mark.parametrize("value", [np.arange(3), object(), {1: object()}, float("nan"), int])
def test_values_that_are_not(value: Any) -> None:
    assert not is_plain(value)
