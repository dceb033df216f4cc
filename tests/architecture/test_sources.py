"""Every file is small enough to be read, says what it holds, and names nobody's machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, modules, name, texts, tree

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 50
Function = ast.FunctionDef | ast.AsyncFunctionDef

# Written in parts, so that this file does not hold what it forbids.
REGISTRIES = (
    "py" + "pi.org",
    "python" + "hosted",
    "ana" + "conda.org",
    "index" + "-url",
    "--find" + "-links",
)
MACHINES = ("/" + "work/", "/" + "tmp/team", "/" + "root/", "/" + "home/")


@pytest.mark.parametrize("path", modules(), ids=name)
def test_a_file_is_no_longer_than_can_be_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", modules(), ids=name)
def test_a_function_fits_on_a_page(path: Path) -> None:
    long = [
        node.name
        for node in ast.walk(tree(path))
        if isinstance(node, Function) and _lines_of_body(node) > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("path", modules(), ids=name)
def test_a_file_and_its_public_names_say_what_they_are(path: Path) -> None:
    module = tree(path)
    assert ast.get_docstring(module), "the file has no docstring"
    assert [found for found, node in _public(module) if not ast.get_docstring(node)] == []


def test_nothing_names_a_package_registry_or_a_machine() -> None:
    found = []
    for path in texts():
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{name(path)}: {word}" for word in (*REGISTRIES, *MACHINES) if word in text]
    assert found == []


def test_constraints_are_plain_pins() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [
        line for line in lines if not re.fullmatch(r"[a-z0-9_.-]+==[0-9][0-9a-z.]*", line)
    ] == []
    names = [line.partition("==")[0] for line in lines]
    assert sorted(set(names)) == sorted(names)


def _lines_of_body(function: Function) -> int:
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _public(module: ast.Module) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Public functions and classes of a module, and public methods of classes without a base.

    A class with a base may leave a method's promise to the interface that it implements.
    """
    for node in module.body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        yield node.name, node
        if isinstance(node, ast.ClassDef) and not node.bases:
            for method in node.body:
                if isinstance(method, Function) and not _is_private_or_repeated(method):
                    yield f"{node.name}.{method.name}", method


def _is_private_or_repeated(method: Function) -> bool:
    """An overload or a setter is documented where the method itself is."""
    decorators = [ast.unparse(decorator) for decorator in method.decorator_list]
    repeated = any(
        text in ("overload", "typing.overload") or text.endswith(".setter") for text in decorators
    )
    return method.name.startswith("_") or repeated
