"""The contracts of the architecture page hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from importlinter.domain.contract import InvalidContractOptions

from tests.architecture.doors import DoorsContract
from tests.architecture.sources import ROOT, modules, name

LINT = Path(sys.executable).with_name("lint-imports")


def test_nobody_imports_against_the_contracts() -> None:
    done = subprocess.run(
        [str(LINT), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_folder_is_a_package() -> None:
    folders = {path.parent for path in modules()}
    assert [name(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def _doors_of(graph: grimp.ImportGraph, *lines: str) -> list[tuple[str, str, int]]:
    contract = DoorsContract("doors", {}, {"doors": list(lines)})
    return contract.check(graph, verbose=False).metadata["broken"]


def _graph() -> grimp.ImportGraph:
    graph = grimp.ImportGraph()
    graph.add_module("luthier.room._keras")
    graph.add_module("luthier.room._other")
    for package in ("keras", "json", "numpy"):
        graph.add_module(package, is_squashed=True)
        graph.add_import(
            importer="luthier.room._other",
            imported=package,
            line_number=7,
            line_contents=f"import {package}",
        )
    return graph


def test_a_package_imported_elsewhere_than_at_its_door_is_found() -> None:
    found = _doors_of(_graph(), "keras: luthier.room._keras*")
    assert found == [("luthier.room._other", "keras", 7)]


def test_a_package_without_a_door_may_be_imported_by_nobody() -> None:
    assert _doors_of(_graph(), "rich: *") == [("luthier.room._other", "keras", 7)]


def test_a_door_opens_for_what_its_pattern_names() -> None:
    assert _doors_of(_graph(), "keras: luthier.nothing luthier.room.*") == []


def test_a_module_of_our_own_can_have_doors_too() -> None:
    graph = _graph()
    line = {"line_number": 3, "line_contents": "import luthier.room._keras"}
    graph.add_import(importer="luthier.room._other", imported="luthier.room._keras", **line)
    lines = ("keras: *", "luthier.room._keras: luthier.cli.*")
    assert _doors_of(graph, *lines) == [("luthier.room._other", "luthier.room._keras", 3)]


def test_a_door_without_a_pattern_is_a_mistake() -> None:
    with pytest.raises(InvalidContractOptions):
        _doors_of(_graph(), "keras")
