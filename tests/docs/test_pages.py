"""The pages of docs/ name what is there, and link to what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from luthier import registry

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_is_reached_from_the_first() -> None:
    waiting, reached = [ROOT / "docs" / "index.md"], set[Path]()
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for target in re.findall(r"\]\(([^)#:]+\.md)\)", page.read_text(encoding="utf-8")):
            found = (page.parent / target).resolve()
            if found not in reached and found.is_relative_to(ROOT / "docs"):
                waiting.append(found)
    assert reached == set(PAGES)


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Which sampler", registry.names()),
        ("Which scheduler", registry.scheduler_names()),
    ],
)
def test_how_to_choose_names_everything_there_is(title: str, names: tuple[str, ...]) -> None:
    text = (ROOT / "docs" / "choose.md").read_text(encoding="utf-8")
    table = text.split(f"## {title}")[1].split("\n## ")[0]
    assert set(re.findall(r'`"(\w+)"`', table)) == set(names)
