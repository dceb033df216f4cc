"""What the README shows runs, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
PLAIN = [snippet for snippet in SNIPPETS if "import keras\n" not in snippet]
KERAS = [snippet for snippet in SNIPPETS if "import keras\n" in snippet]


def _run(snippet: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(snippet, "README.md", "exec"), names)
    return names


def test_there_are_snippets_of_both_kinds() -> None:
    assert len(PLAIN) >= 2
    assert len(KERAS) >= 1


@pytest.mark.parametrize("snippet", PLAIN, ids=range(len(PLAIN)))
def test_a_snippet_runs(snippet: str, project: Path) -> None:
    names = _run(snippet)
    for found in ("study", "results"):
        if found in names:
            assert names[found].best.score < 0.5


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("snippet", KERAS, ids=range(len(KERAS)))
def test_a_snippet_with_keras_runs(snippet: str, project: Path, backend: str) -> None:
    names = _run(snippet)
    assert names["model"].predict(names["x"][:2] / 16, verbose=0).shape == (2, 10)
    assert len(names["tuner"].results.trials) == 5


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_what_the_readme_links_to_is_there(target: str) -> None:
    assert (ROOT / target).exists()


def test_the_commands_that_it_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"^make (\w+)", README, re.MULTILINE)
    assert commands == ["demo", "test"]
    assert all(f"\n{command}: " in makefile for command in commands)


def test_the_extras_that_it_names_are_those_of_the_package() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    paragraph = README.split("Extras:")[1].split("Without any")[0]
    assert set(re.findall(r"`(\w+)`", paragraph)) == set(project["optional-dependencies"])
