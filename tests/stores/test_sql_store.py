"""What only a store in a database has to stand: forks, threads, full disks, lost connections."""

from __future__ import annotations

import gc
import os
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from luthier.abc import Store
from luthier.errors import DamagedStoreError, StoreError
from luthier.records import Measurement, TrialState
from luthier.stores import open_store
from luthier.stores._sql_database import Database
from tests.stores._studies import LATER, SPEC, draft, finish, read


def opened(path: object) -> Store:
    store = open_store(str(path))
    store.open(SPEC)
    return store


def database(store: Any) -> Database:
    found = store._database
    assert isinstance(found, Database)
    return found


# JAX, once another test has loaded it, warns of every fork; the child here uses the store only.
JAX_IS_LEFT_ALONE = pytest.mark.filterwarnings("ignore:os.fork\\(\\) was called:RuntimeWarning")


def run_in_fork(body: Any) -> int:
    """Run something in a child made by fork; its exit status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            body()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@JAX_IS_LEFT_ALONE
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_store_works_on_both_sides_of_a_fork(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = (
        tmp_path / "study.sqlite" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    )
    store = opened(place)
    finish(store, 0)

    def in_child() -> None:
        assert len(store.history(0).trials) == 1
        finish(store, 1)
        store.close()

    assert run_in_fork(in_child) == 0
    finish(store, 2)
    assert [trial.number for trial in store.history(0).trials] == [0, 1, 2]
    store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@JAX_IS_LEFT_ALONE
def test_a_fork_waits_for_other_threads_to_end_their_verbs(tmp_path: Path) -> None:
    """A child never gets a lock that nobody in it holds, nor half a transaction."""
    store = opened(tmp_path / "study.sqlite")
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stop.is_set():
            finish(store, len(written))
            written.append(len(written))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(5):
            time.sleep(0.01)
            assert run_in_fork(lambda: store.history(0)) == 0
    finally:
        stop.set()
        thread.join()
    assert len(store.history(0).trials) == len(written)
    store.close()


def test_threads_share_a_store(tmp_path: Path) -> None:
    store = opened(tmp_path / "study.sqlite")
    errors: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for number in range(first, first + 10):
                finish(store, number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    trials = store.history(0).trials
    assert sorted(trial.number for trial in trials) == list(range(30))
    assert all(len(trial.measurements) == 2 for trial in trials)
    store.close()


def test_a_full_disk_is_one_clear_error_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    store = opened(path)
    driver = database(store)._driver
    driver.execute(f"PRAGMA max_page_count={driver.execute('PRAGMA page_count').fetchone()[0] + 8}")
    finished = {}
    with pytest.raises(StoreError, match=r"no room is left .*free some space") as caught:
        for number in range(1000):
            finished[number] = finish(store, number)
    assert not isinstance(caught.value, DamagedStoreError)
    assert len(finished) > 10
    for number, trial in finished.items():  # reading goes on
        assert store.history(trial.revision - 1).trials[0] == trial, number
    store.close()
    found = read(path)
    assert {number: found[number] for number in finished} == finished
    again = opened(path)
    finish(again, len(found))
    again.close()


def test_a_failed_verb_leaves_nothing_half_done(tmp_path: Path) -> None:
    store = opened(tmp_path / "study.sqlite")
    store.add(draft(0))
    trial = store.claim(0, "ann", LATER)
    assert trial is not None
    store.append(0, 1, Measurement(0, {"loss": 1.0}))
    before = store.history(0)
    wrong: Any = object()
    with pytest.raises(TypeError):
        store.move(replace(trial, state=TrialState.COMPLETED, info={"x": wrong}))
    with pytest.raises(TypeError):
        store.append(0, 1, Measurement(1, {"loss": wrong}))
    assert store.history(0) == before
    store.append(0, 1, Measurement(1, {"loss": 0.5}))
    store.close()


def test_an_interrupt_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(tmp_path / "study.sqlite")
    store.add(draft(0))
    before = store.history(0)
    run = Database.run

    def interrupted(self: Database, name: str, **values: Any) -> Any:
        if name == "claim":
            raise KeyboardInterrupt
        return run(self, name, **values)

    with monkeypatch.context() as patch:
        patch.setattr(Database, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.claim(0, "ann", LATER)
    assert store.history(0) == before
    assert store.claim(0, "ann", LATER) is not None
    store.close()


def test_a_lost_connection_is_made_again(postgres_url: str) -> None:
    store, other = opened(postgres_url), opened(postgres_url)
    store.add(draft(0))
    (pid,) = database(store)._driver.execute("SELECT pg_backend_pid()").fetchone()
    database(other)._driver.execute("SELECT pg_terminate_backend(%s)", [pid])
    assert store.claim(0, "ann", LATER) is not None
    assert store.history(0).revision == 2
    store.close()
    other.close()


def test_a_connection_lost_on_the_way_is_said_and_the_next_verb_works(postgres_url: str) -> None:
    store, other = opened(postgres_url), opened(postgres_url)
    found = database(store)
    with pytest.raises(StoreError, match="failed"), found.writing() as run:
        run("advance", study=1)
        (pid,) = found._driver.execute("SELECT pg_backend_pid()").fetchone()
        database(other)._driver.execute("SELECT pg_terminate_backend(%s)", [pid])
        run("advance", study=1)
    assert store.history(0).revision == 0
    assert store.add(draft(0))
    store.close()
    other.close()


def test_a_busy_file_is_waited_for_and_then_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("luthier.stores._sql_database.BUSY_SECONDS", 0.05)
    path = tmp_path / "study.sqlite"
    store = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process held it for too long"):
            store.add(draft(0))
        assert store.history(0).trials == ()  # readers never wait
        other.execute("COMMIT")
    assert store.add(draft(0))
    store.close()


def test_a_file_damaged_while_it_is_open_is_said(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    store = opened(path)
    for number in range(30):
        finish(store, number)
    store.close()
    store.open(SPEC)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xaa" * (len(content) - 4096))
    with pytest.raises(DamagedStoreError, match="Nothing was overwritten"):
        store.history(0)
    store.close()


def test_a_study_that_was_deleted_is_said(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    store = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DELETE FROM luthier_study")
    for verb in (lambda: store.add(draft(0)), lambda: store.history(0)):
        with pytest.raises(StoreError, match="'study' is no longer in the store"):
            verb()
    store.close()


def test_a_forgotten_store_lets_go_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    store = opened(path)
    store.add(draft(0))
    del store
    gc.collect()
    # The last connection of a file takes its log away.
    assert [entry.name for entry in tmp_path.iterdir()] == ["study.sqlite"]
    assert list(read(path)) == [0]


def test_names_of_any_alphabet_and_sql_in_them_are_only_names(postgres_url: str) -> None:
    for name in ("é 名", "'; DROP TABLE luthier_study; --", "%s %(x)s :y ?"):
        store = open_store(postgres_url)
        assert store.open(replace(SPEC, name=name)).name == name
        assert store.add(draft(0))
        store.close()
