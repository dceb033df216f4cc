"""The architecture page says what is there."""

from __future__ import annotations

import re
import tomllib

import pytest

from luthier import abc
from luthier.study import Study
from tests.architecture.sources import PACKAGE, ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def _layers() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["id"] == "one-direction")
    assert isinstance(layers, list)
    return layers


def test_its_layers_are_those_of_the_contract() -> None:
    block = _section("Layers").split("```")[1]
    assert block.split("\n")[1:-1] == _layers()


def test_it_names_every_room_and_no_other() -> None:
    rooms = {path.name for path in PACKAGE.glob("*.py")}
    rooms |= {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    rows = re.findall(r"^\| (`[^|]+`) \|", _section("Rooms"), re.MULTILINE)
    assert {room for row in rows for room in re.findall(r"`([^`]+)`", row)} == rooms


def test_it_names_every_folder_of_tests() -> None:
    block = _section("Rooms").split("```")[1]
    named = set(re.findall(r"tests/(\w+)/", block))
    rooms = {path.stem for path in PACKAGE.glob("*") if path.suffix in ("", ".py")}
    there = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} - {"__pycache__"}
    assert there <= named | rooms
    assert named <= there


@pytest.mark.parametrize("kind", ["Sampler", "Scheduler", "Store", "Executor", "Hook", "Study"])
def test_the_verbs_it_lists_are_the_verbs_there_are(kind: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {kind} |"))
    listed = set(re.findall(r"`(\w+)", row.split("|", 2)[2]))
    if kind == "Study":
        assert all(hasattr(Study, verb) for verb in listed)
        return
    interface = getattr(abc, kind)
    verbs = {
        name
        for name in interface.__abstractmethods__
        if not name.startswith("__") and not isinstance(vars(interface)[name], property)
    }
    assert listed == verbs
