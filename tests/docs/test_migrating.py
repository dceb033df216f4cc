"""The pages for those who come from another tool: each row of their tables is code that runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("kerastuner", "optuna")


def page(name: str) -> str:
    return (ROOT / "docs" / "migrating" / f"{name}.md").read_text(encoding="utf-8")


def rows(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"^\| (\d+) \|", page(name), re.MULTILINE)]


def snippets(name: str) -> dict[int, str]:
    found = re.findall(r"^### (\d+)\n\n```python\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)
    return {int(number): code for number, code in found}


def needs_keras(code: str) -> bool:
    return re.search(r"^import keras\b", code, re.MULTILINE) is not None


CASES = [(name, number) for name in PAGES for number in snippets(name)]
PLAIN = [case for case in CASES if not needs_keras(snippets(case[0])[case[1]])]
KERAS = [case for case in CASES if case not in PLAIN]


def run(name: str, number: int) -> None:
    code = snippets(name)[number]
    exec(compile(code, f"docs/migrating/{name}.md, row {number}", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("name", PAGES)
def test_every_row_has_its_code(name: str) -> None:
    numbers = rows(name)
    assert len(numbers) > 10
    assert numbers == list(range(1, len(numbers) + 1)) == list(snippets(name))
    lines = [line for line in page(name).splitlines() if re.match(r"\| \d+ \|", line)]
    assert all(len([cell for cell in line.split("|") if cell.strip()]) == 4 for line in lines)


@pytest.mark.parametrize(("name", "number"), PLAIN)
def test_a_row_is_true(name: str, number: int, project: Path) -> None:
    run(name, number)


@pytest.mark.parametrize(("name", "number"), KERAS)
def test_a_row_with_keras_is_true(name: str, number: int, project: Path, backend: str) -> None:
    run(name, number)


@pytest.mark.parametrize("name", PAGES)
def test_what_it_links_to_is_there(name: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page(name)):
        assert (ROOT / "docs" / "migrating" / target).exists()
