"""Whatever happens to a file: nothing false comes back, nothing is overwritten."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.errors import DamagedStoreError, StoreError
from luthier.records import Measurement, Trial, TrialState
from luthier.stores import list_studies, open_store
from tests.stores._studies import LATER, SPEC, draft, fill, finish, read

TRIALS = 100


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[int, Trial]]:
    """The bytes of a closed file, and the trials in it."""
    path = tmp_path_factory.mktemp("whole") / "study.sqlite"
    finished = fill(path, TRIALS)
    return path.read_bytes(), finished


def check_damaged(path: Path, finished: dict[int, Trial]) -> int:
    """Open a damaged file, hold it to the law, and say how many trials came back."""
    before = path.read_bytes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = read(path)
        except DamagedStoreError:
            assert path.read_bytes() == before
            assert caught == []
            return 0
    kept = sorted(path.parent.glob(f"{path.name}.damaged-[0-9]"))
    if caught:
        (warning,) = caught
        assert "was damaged" in str(warning.message)
        assert str(kept[-1]) in str(warning.message)
        assert kept[-1].read_bytes() == before
    else:
        assert kept == []
    back = 0
    for number, trial in found.items():
        if trial.info.get("lost"):
            assert trial.state is TrialState.SKIPPED
        elif trial.state is TrialState.COMPLETED:
            assert replace(trial, revision=0) == replace(finished[number], revision=0)
            back += 1
        else:
            # An older version of the row: the trial is run again.
            assert caught and trial.state is TrialState.WAITING
            assert trial.suggestion == finished[number].suggestion
    assert sorted(found) == list(range(len(found)))
    assert caught or back == len(finished)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(path) == found
    return back


@settings(max_examples=40)
@given(share=st.floats(0, 1))
def test_a_file_cut_anywhere(
    tmp_path_factory: pytest.TempPathFactory, whole: tuple[bytes, dict[int, Trial]], share: float
) -> None:
    content, finished = whole
    path = tmp_path_factory.mktemp("cut") / "study.sqlite"
    path.write_bytes(content[: 1 + int(share * (len(content) - 2))])
    check_damaged(path, finished)
    shutil.rmtree(path.parent)


@settings(max_examples=40)
@given(share=st.floats(0, 1), noise=st.binary(min_size=1, max_size=6000))
def test_random_bytes_anywhere(
    tmp_path_factory: pytest.TempPathFactory,
    whole: tuple[bytes, dict[int, Trial]],
    share: float,
    noise: bytes,
) -> None:
    content, finished = whole
    start = int(share * (len(content) - len(noise)))
    path = tmp_path_factory.mktemp("noise") / "study.sqlite"
    path.write_bytes(content[:start] + noise + content[start + len(noise) :])
    check_damaged(path, finished)
    shutil.rmtree(path.parent)


def test_most_trials_come_back_when_one_page_is_lost(
    tmp_path: Path, whole: tuple[bytes, dict[int, Trial]]
) -> None:
    content, finished = whole
    for page in range(len(content) // 4096):
        path = tmp_path / f"{page}.sqlite"
        path.write_bytes(content[: page * 4096] + b"\xaa" * 4096 + content[(page + 1) * 4096 :])
        assert check_damaged(path, finished) >= TRIALS - 16, page


def test_a_file_that_lost_its_end_gives_back_the_rest(
    tmp_path: Path, whole: tuple[bytes, dict[int, Trial]]
) -> None:
    content, finished = whole
    path = tmp_path / "study.sqlite"
    path.write_bytes(content[: len(content) * 3 // 4])
    assert TRIALS // 4 < check_damaged(path, finished) < TRIALS


def test_a_recovered_study_goes_on(tmp_path: Path, whole: tuple[bytes, dict[int, Trial]]) -> None:
    content, _ = whole
    path = tmp_path / "study.sqlite"
    path.write_bytes(content[: len(content) * 3 // 4])
    store = open_store(path)
    with pytest.warns(UserWarning, match=r"was damaged .* trials were recovered"):
        store.open(SPEC)
    number = len(store.history(0).trials)
    ended = finish(store, number)
    store.close()
    assert read(path)[number] == ended
    assert [summary.trials for summary in list_studies(path)] == [number + 1]


def test_a_digit_that_changed_is_noticed(
    tmp_path: Path, whole: tuple[bytes, dict[int, Trial]]
) -> None:
    """SQLite itself would not see it."""
    content, finished = whole
    path = tmp_path / "study.sqlite"
    digits = str(finished[7].scores[0])[:6].encode()
    assert content.count(b"[" + digits) >= 1
    path.write_bytes(content.replace(b"[" + digits, b"[" + digits[:-1] + b"0", 1))
    assert check_damaged(path, finished) < TRIALS


def test_running_and_paused_trials_come_back_with_their_measurements(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    store = open_store(path)
    store.open(SPEC)
    for number in range(12):
        finish(store, number)
    for number in (12, 13):
        store.add(draft(number))
        claimed = store.claim(number, "ann", LATER)
        assert claimed is not None
        store.append(number, 1, Measurement(0, {"loss": 0.5}))
        store.append(number, 1, Measurement(1, {"loss": 0.25}))
    store.move(replace(claimed, state=TrialState.PAUSED))
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[:16] + b"\0\0\0" + content[19:])
    with pytest.warns(UserWarning, match="14 trials were recovered;"):
        found = read(path)
    assert found[12].state is TrialState.WAITING
    assert (found[12].worker, found[12].attempt) == (None, 1)
    assert found[13].state is TrialState.PAUSED
    for number in (12, 13):
        assert [m.metrics["loss"] for m in found[number].measurements] == [0.5, 0.25]
    assert all(found[number].state is TrialState.COMPLETED for number in range(12))


def test_long_texts_come_back(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    store = open_store(path)
    store.open(SPEC)
    message = "".join(random.Random(1).choices("abcdefgh é\n", k=30_000))
    for number in range(3):
        store.add(draft(number))
        claimed = store.claim(number, "ann", LATER)
        assert claimed is not None
        for step in range(200):
            store.append(number, 1, Measurement(step, {"loss": step / 7}))
        store.move(replace(claimed, state=TrialState.FAILED, message=message))
    expected = {trial.number: replace(trial, revision=0) for trial in store.history(0).trials}
    store.close()
    content = path.read_bytes()
    path.write_bytes(b"broken" + content[6:])
    with pytest.warns(UserWarning, match="3 trials were recovered"):
        found = read(path)
    assert {number: replace(trial, revision=0) for number, trial in found.items()} == expected


def test_trials_in_the_log_come_back_too(tmp_path: Path) -> None:
    """The file is damaged before its log was brought in."""
    source, path = tmp_path / "source.sqlite", tmp_path / "study.sqlite"
    store = open_store(source)
    store.open(SPEC)
    finished = {number: finish(store, number) for number in range(30)}
    log = source.with_name("source.sqlite-wal").read_bytes()
    header = source.read_bytes()
    store.close()
    for content in (b"", header[:100]):
        for leftover in tmp_path.glob("study.sqlite*"):
            leftover.unlink()
        path.write_bytes(content)
        path.with_name("study.sqlite-wal").write_bytes(log)
        with pytest.warns(UserWarning, match="30 trials were recovered"):
            found = read(path)
        assert {n: replace(t, revision=0) for n, t in found.items()} == {
            n: replace(t, revision=0) for n, t in finished.items()
        }
        assert path.with_name("study.sqlite.damaged-1-wal").read_bytes() == log


@pytest.mark.parametrize("content", [b"x", b"not a database" * 1000, os.urandom(9000)])
def test_a_file_without_any_trial_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "study.sqlite"
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(DamagedStoreError, match="left as it is"):
            open_store(path).open(SPEC)
    assert path.read_bytes() == content
    assert list(tmp_path.glob("*.damaged-*")) == []


def test_listing_a_damaged_file_recovers_nothing(
    tmp_path: Path, whole: tuple[bytes, dict[int, Trial]]
) -> None:
    content, _ = whole
    path = tmp_path / "study.sqlite"
    path.write_bytes(b"broken" + content[6:])
    with pytest.raises(DamagedStoreError, match="damaged"):
        list_studies(path)
    assert path.read_bytes() == b"broken" + content[6:]


def test_a_damaged_file_in_use_is_not_replaced(
    tmp_path: Path, whole: tuple[bytes, dict[int, Trial]]
) -> None:
    content, _ = whole
    path = tmp_path / "study.sqlite"
    path.write_bytes(content)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]);"
            "c.execute('SELECT count(*) FROM luthier_trial').fetchall();"
            "print('ready', flush=True); sys.stdin.read()",
            str(path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None and holder.stdout.readline() == b"ready\n"
    damaged = content[:-4096] + b"\xaa" * 4096
    path.write_bytes(damaged)
    try:
        with pytest.raises(DamagedStoreError, match="another process"):
            open_store(path).open(SPEC)
    finally:
        holder.communicate()
    assert path.read_bytes() == damaged
    assert list(tmp_path.glob("*.damaged-*")) == []
    with pytest.warns(UserWarning, match="was damaged"):
        read(path)


def test_a_recovery_killed_on_its_last_step_is_finished(
    tmp_path: Path, whole: tuple[bytes, dict[int, Trial]]
) -> None:
    content, finished = whole
    path = tmp_path / "study.sqlite"
    path.write_bytes(b"broken" + content[6:])
    path.with_name("study.sqlite-wal").write_bytes(b"an old log")
    path.with_name("study.sqlite.recovered").write_bytes(content)
    assert read(path) == finished
    assert not path.with_name("study.sqlite.recovered").exists()


def test_damaged_files_pile_up_under_numbers(
    tmp_path: Path, whole: tuple[bytes, dict[int, Trial]]
) -> None:
    content, _ = whole
    path = tmp_path / "study.sqlite"
    for number in (1, 2):
        damaged = content[: -4096 * number]
        path.write_bytes(damaged)
        with pytest.warns(UserWarning, match=f"damaged-{number}"):
            read(path)
        assert path.with_name(f"study.sqlite.damaged-{number}").read_bytes() == damaged


def test_a_healthy_file_is_only_read_when_it_is_checked(
    tmp_path: Path, whole: tuple[bytes, dict[int, Trial]]
) -> None:
    path = tmp_path / "study.sqlite"
    path.write_bytes(whole[0])
    read(path)
    assert path.read_bytes() == whole[0]


def test_an_index_that_does_not_fit_its_table_is_noticed(
    tmp_path: Path, whole: tuple[bytes, dict[int, Trial]]
) -> None:
    """Otherwise `history` would silently leave trials out."""
    content, finished = whole
    path = tmp_path / "study.sqlite"
    path.write_bytes(content)
    with closing(sqlite3.connect(path)) as file:
        (root,) = file.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'luthier_trial_revision'"
        ).fetchone()
    start = (root - 1) * 4096
    count = int.from_bytes(content[start + 3 : start + 5], "big")
    fewer = (count - 1).to_bytes(2, "big")
    path.write_bytes(content[: start + 3] + fewer + content[start + 5 :])
    assert check_damaged(path, finished) == TRIALS


def test_another_program_s_file_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE trials (x)")
        file.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"another program .*trials"):
        open_store(path).open(SPEC)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT name FROM sqlite_master").fetchall() == [("trials",)]
    assert len(path.read_bytes()) == len(before)
