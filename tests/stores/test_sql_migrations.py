"""Old files are brought forward, newer ones are refused, and what failed has not happened."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import URL, Connection, inspect, make_url, text

from luthier.errors import NewerStoreError
from luthier.objective import MultiObjective, Objective
from luthier.records import Measurement, StudySpec, Suggestion, Trial, TrialState
from luthier.space import Choice, Float, Int, Parent, Space
from luthier.stores import open_store
from luthier.stores._sql_database import Database
from luthier.stores._sql_migrations import MIGRATIONS, prepare, read_layout
from luthier.stores._sql_schema import LAYOUT
from luthier.testing._store_place import facts
from tests.stores._studies import SPEC, fill, read

# A file of layout 1 as SQL, made by `write_example` when that layout was the latest. It is never
# made anew: such files are out there.
LAYOUT_1 = Path(__file__).with_name("layout_1.sql")

EXAMPLE = StudySpec(
    "étude",
    Space(
        [
            Choice("kind", ["a", None, ("b", 2)]),
            Int("units", 8, 64, step=8, conditions=[Parent("kind", ("a",))]),
            Float("rate", 1e-4, 1e-1, sampling="log"),
        ]
    ),
    (Objective("loss", "min"), MultiObjective([Objective("a", "min"), Objective("b", "max")])),
    2**64 - 1,
    {"sampler": {"name": "random"}},
)
RESULTS = {
    "metrics": {"loss": 0.25, "a": 0.5, "b": math.inf},
    "spread": {"loss": 0.125},
    "scores": (0.25, -0.5),
    "best_step": 1,
    "info": {"seconds": 1.5},
}


def example_trials() -> dict[int, Trial]:
    """What the example holds, without revisions."""
    first = Suggestion({"kind": "a", "units": 8, "rate": 0.01}, 3, None, "random", {"bracket": 1})
    second = Suggestion({"kind": ("b", 2), "rate": 0.001}, resume_from=0)
    measured = (
        Measurement(0, {"loss": math.nan, "a": 1.0}, 0.5),
        Measurement(1, {"loss": 0.25}, 1.0),
        Measurement(0, {"loss": 0.5}, 0.75, 1),
    )
    ended = {"attempt": 1, "worker": "ann", "started": 100.0}
    return {
        0: Trial(
            0,
            first,
            TrialState.COMPLETED,
            values={**first.values, "met": True},
            measurements=measured,
            found=({"class_name": "Boolean", "config": {"name": "met"}},),
            ended=200.5,
            **ended,  # type: ignore[arg-type]
            **RESULTS,  # type: ignore[arg-type]
        ),
        1: Trial(
            1,
            second,
            TrialState.FAILED,
            seen=1,
            values=dict(second.values),
            failures=2,
            message='Traceback: "é"\n',
            ended=300.0,
            **ended,  # type: ignore[arg-type]
        ),
        2: Trial(
            2,
            second,
            TrialState.PAUSED,
            values=dict(second.values),
            measurements=measured[:2],
            attempt=1,
            started=100.0,
        ),
        3: Trial(3, first, values=dict(first.values)),
    }


def write_example(path: Path) -> None:
    """A file of today's layout."""
    store = open_store(path)
    store.open(EXAMPLE)
    with mock.patch("time.time", return_value=100.0):
        for number, trial in example_trials().items():
            store.add(
                Trial(number, trial.suggestion, seen=trial.seen, values=trial.suggestion.values)
            )
            if trial.attempt:
                store.claim(number, "ann", 150.0)
                for measurement in trial.measurements:
                    store.append(number, 1, measurement)
                store.move(trial)
    store.close()


def read_example(path: Path) -> dict[int, Trial]:
    store = open_store(path)
    assert store.open(EXAMPLE) == EXAMPLE
    trials = {trial.number: trial for trial in store.history(0).trials}
    store.close()
    return trials


def check_example(trials: dict[int, Trial]) -> None:
    expected = example_trials()
    assert sorted(trials) == sorted(expected)
    for number, trial in expected.items():
        kept = facts(trials[number])
        assert [fact for fact in kept if fact[0] != "revision"] == [
            fact for fact in facts(trial) if fact[0] != "revision"
        ]


def database(path: Path) -> Database:
    return Database(URL.create("sqlite", database=str(path)), str(path))


def add_column(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE luthier_trial ADD COLUMN colour TEXT DEFAULT 'red'"))


def test_a_file_of_layout_1_opens_today(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.executescript(LAYOUT_1.read_text(encoding="utf-8"))
    check_example(read_example(path))
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT layout FROM luthier_schema").fetchall() == [(LAYOUT,)]


def test_the_example_is_what_the_file_holds(tmp_path: Path) -> None:
    """Otherwise the test above would compare with the wrong trials."""
    path = tmp_path / "study.sqlite"
    write_example(path)
    check_example(read_example(path))


def test_there_is_a_step_from_every_layout_to_the_next() -> None:
    assert sorted(MIGRATIONS) == list(range(1, LAYOUT))


def test_an_old_file_goes_through_every_step(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    finished = fill(path, 3)
    found = database(path)
    steps: list[int] = []

    def step(number: int, connection: Connection) -> None:
        steps.append(number)
        if number == LAYOUT:
            add_column(connection)

    migrations = {
        **MIGRATIONS,
        LAYOUT: lambda connection: step(LAYOUT, connection),
        LAYOUT + 1: lambda connection: step(LAYOUT + 1, connection),
    }
    prepare(found, migrations, LAYOUT + 2)
    assert steps == [LAYOUT, LAYOUT + 1]
    assert read_layout(found, LAYOUT + 2) == LAYOUT + 2
    prepare(found, migrations, LAYOUT + 2)
    assert steps == [LAYOUT, LAYOUT + 1]
    with found.looking() as connection:
        colours = connection.execute(text("SELECT colour FROM luthier_trial")).scalars().all()
    assert colours == ["red"] * len(finished)
    found.disconnect()


def test_a_step_that_fails_has_not_happened(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    finished = fill(path, 3)
    found = database(path)

    def fail(connection: Connection) -> None:
        add_column(connection)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(found, {**MIGRATIONS, LAYOUT: fail}, LAYOUT + 1)
    with found.looking() as connection:
        columns = {column["name"] for column in inspect(connection).get_columns("luthier_trial")}
    assert "colour" not in columns
    found.disconnect()
    assert read(path) == finished


def test_a_newer_file_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    fill(path, 1)
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE luthier_schema SET layout = 99")
        file.execute("ALTER TABLE luthier_trial RENAME COLUMN seen TO viewed")
        file.commit()
    before = path.read_bytes()
    with pytest.raises(NewerStoreError, match=r"newer Luthier \(layout 99.*Upgrade"):
        open_store(path).open(SPEC)
    assert path.read_bytes() == before


def test_a_newer_record_in_a_file_of_today_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    fill(path, 1)
    with mock.patch("luthier.records._codec.VERSION", 0), pytest.raises(NewerStoreError):
        open_store(path).open(SPEC)


def test_a_database_on_a_server_goes_forward_too(postgres_url: str) -> None:
    found = Database(make_url(postgres_url), "the server")
    assert read_layout(found) is None
    prepare(found)
    prepare(found, {**MIGRATIONS, LAYOUT: add_column}, LAYOUT + 1)
    assert read_layout(found, LAYOUT + 1) == LAYOUT + 1
    with pytest.raises(NewerStoreError, match="the server"):
        prepare(found)
    found.disconnect()


def test_layout_1_on_a_server_takes_fractions_of_steps(postgres_url: str) -> None:
    found = Database(make_url(postgres_url), "the server")
    prepare(found)
    with found.defining() as connection:
        connection.execute(text("ALTER TABLE luthier_measurement ALTER COLUMN step TYPE bigint"))
        connection.execute(text("UPDATE luthier_schema SET layout = 1"))
        row = "INSERT INTO luthier_measurement VALUES (1, 0, 0, :step, 1, '')"
        connection.execute(text(row), {"step": 1})
    prepare(found)
    with found.defining() as connection:
        connection.execute(text(row), {"step": 1.25})
    with found.looking() as connection:
        steps = connection.execute(text("SELECT step FROM luthier_measurement ORDER BY step"))
        assert steps.scalars().all() == [1, 1.25]
    found.disconnect()
