"""What a user may write for a store, and what is said when it cannot be used."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from luthier.errors import MissingExtraError, StoreError
from luthier.records import TrialState
from luthier.stores import MemoryStore, list_studies, open_store
from tests.stores._studies import LATER, SPEC, draft, fill, finish, read


@pytest.mark.parametrize("storage", [None, "memory", ":memory:", "sqlite://"])
def test_memory_has_several_names(storage: str | None) -> None:
    assert open_store(storage).place == "memory"


def test_a_store_is_returned_as_it_is() -> None:
    store = MemoryStore()
    assert open_store(store) is store


def test_a_path_and_its_url_are_one_store(project: Path) -> None:
    finished = fill(Path("runs/deep/study.sqlite"), 2)
    absolute = project / "runs" / "deep" / "study.sqlite"
    for storage in (
        str(absolute),
        "runs/deep/study.sqlite",
        "sqlite:///runs/deep/study.sqlite",
        f"sqlite:///{absolute}",
        f"sqlite+pysqlite:///{absolute}",
    ):
        store = open_store(storage)
        store.open(SPEC)
        assert {t.number: t for t in store.history(0).trials} == finished
        store.close()


def test_a_relative_path_stays_where_it_was(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("study.sqlite")
    (project / "elsewhere").mkdir()
    monkeypatch.chdir(project / "elsewhere")
    store.open(SPEC)
    store.close()
    assert (project / "study.sqlite").exists()
    assert store.place == "study.sqlite"


def test_opening_a_store_writes_nothing_yet(project: Path) -> None:
    open_store("runs/study.sqlite").close()
    assert list(project.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["mysql://root@host/db", "oracle://x", "redis://x", "sqlite+aiosqlite:///x", "foo://"]
)
def test_other_kinds_are_refused_with_what_is_supported(url: str) -> None:
    with pytest.raises(StoreError, match=r"expected None or .*sqlite:///.*postgresql://"):
        open_store(url)


def test_something_else_is_refused() -> None:
    wrong: Any = 7
    with pytest.raises(TypeError, match=r"Expected the storage .*got 7 of type int"):
        open_store(wrong)


def test_a_directory_is_refused_with_a_file_to_give(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is a directory.*study\.sqlite"):
        open_store(tmp_path)


@pytest.mark.parametrize("storage", ["", "a\0b"])
def test_a_path_that_is_none_is_refused(storage: str) -> None:
    with pytest.raises(StoreError, match="Expected the path of a file"):
        open_store(storage)


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "psycopg" else find(name)
    )
    with pytest.raises(MissingExtraError, match=r'pip install "luthier\[postgres\]"'):
        open_store("postgresql://root@127.0.0.1/test")


def test_a_password_is_not_shown() -> None:
    pytest.importorskip("psycopg")
    store = open_store("postgresql://ann:secret@127.0.0.1/test")
    assert "secret" not in store.place
    assert "ann" in store.place


def test_a_server_that_is_not_there_is_said() -> None:
    pytest.importorskip("psycopg")
    store = open_store("postgresql://ann:secret@127.0.0.1:1/test?connect_timeout=2")
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1") as caught:
        store.open(SPEC)
    assert "secret" not in str(caught.value)


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Cannot make the directory"):
        open_store(tmp_path / "file" / "study.sqlite").open(SPEC)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_without_permission_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(StoreError, match=r"permission|may write"):
        open_store(folder / "study.sqlite").open(SPEC)


def test_a_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(tmp_path / ("x" * 300)).open(SPEC)
    with pytest.raises(StoreError, match="no file"):
        list_studies(tmp_path / ("x" * 300))


def test_importing_stores_loads_no_database() -> None:
    code = "import luthier.stores, sys; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_studies_are_listed_with_their_counts(tmp_path: Path) -> None:
    path = tmp_path / "studies.sqlite"
    store = open_store(path)
    for name in ("b", "a"):
        store.open(replace(SPEC, name=name))
        finish(store, 0)
        store.add(draft(1))
    store.claim(1, "ann", LATER)
    store.open(replace(SPEC, name="c"))
    store.close()
    listed = list_studies(path)
    assert [(summary.name, summary.trials) for summary in listed] == [("a", 2), ("b", 2), ("c", 0)]
    assert listed[0].counts == {TrialState.COMPLETED: 1, TrialState.RUNNING: 1}
    assert listed[1].counts == {TrialState.COMPLETED: 1, TrialState.WAITING: 1}


def test_studies_on_a_server_are_listed(postgres_url: str) -> None:
    assert list_studies(postgres_url) == ()
    store = open_store(postgres_url)
    store.open(SPEC)
    finish(store, 0)
    store.close()
    assert [(s.name, s.counts) for s in list_studies(postgres_url)] == [
        ("study", {TrialState.COMPLETED: 1})
    ]


def test_studies_in_memory_are_listed() -> None:
    store = MemoryStore()
    assert list_studies(store) == ()
    store.open(SPEC)
    store.add(draft(0))
    assert [(s.name, s.counts) for s in list_studies(store)] == [("study", {TrialState.WAITING: 1})]
    assert store.history(0).trials


def test_listing_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no file"):
        list_studies(tmp_path / "study.sqlite")
    (tmp_path / "empty.sqlite").write_bytes(b"")
    assert list_studies(tmp_path / "empty.sqlite") == ()
    assert [entry.name for entry in tmp_path.iterdir()] == ["empty.sqlite"]


def test_an_empty_file_becomes_a_study(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    path.touch()
    assert read(path) == {}
