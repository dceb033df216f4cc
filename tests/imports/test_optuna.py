"""An Optuna storage is read as Optuna wrote it, without Optuna.

`optuna.sql` is a dump of what Optuna 5.0.0 wrote: a study of six trials (three complete, one each
pruned, failed and waiting) and one of two objectives.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

import luthier
from luthier.errors import MissingExtraError, StoreError
from luthier.imports import adopt, from_optuna
from luthier.imports._optuna import imported
from luthier.imports._optuna_rows import Rows
from luthier.objective import Objective
from luthier.records import TrialState
from luthier.space import Choice, Float, Int

DUMP = Path(__file__).with_name("optuna.sql")


@pytest.fixture
def storage(tmp_path: Path) -> str:
    path = tmp_path / "optuna.db"
    connection = sqlite3.connect(path)
    connection.executescript(DUMP.read_text(encoding="utf-8"))
    connection.close()
    return f"sqlite:///{path}"


def test_a_study_is_read_as_it_was_written(storage: str) -> None:
    found = from_optuna(storage, "small")
    assert found.problems == ()
    assert found.objectives == (Objective("objective", "min"),)
    assert list(found.space) == [
        Choice("kind", ["svm", "tree", None]),
        Float("lr", 1e-5, 1e-1, sampling="log"),
        Float("m", 0.0, 1.0, step=0.25),
        Int("n", 1, 9, step=2),
        Int("depth", 1, 8),
    ]
    first, _, pruned, failed, last, waiting = found.trials
    assert list(first.values) == ["kind", "lr", "m", "n", "depth"]
    assert first.values["kind"] == "tree"
    assert first.scores == (first.values["lr"],)
    assert [m.metrics["objective"] for m in first.measurements] == [
        first.values["lr"],
        first.values["lr"] / 2,
    ]
    assert first.seconds == pytest.approx(0.231757)
    assert "depth" not in last.values
    assert (pruned.state, pruned.best_step) == (TrialState.STOPPED, 1)
    assert pruned.scores == (pruned.measurements[-1].metrics["objective"],)
    assert (failed.state, failed.message) == (TrialState.FAILED, "It ended as FAIL in Optuna.")
    assert (waiting.state, waiting.values) == (TrialState.WAITING, {"lr": 0.01})
    assert [trial.number for trial in found.finished] == [0, 1, 2, 3, 4]
    assert found.space.complete(last.values)["depth"] == 1
    for trial in found.finished:
        found.space.validate(trial.values)


def test_several_objectives_have_their_names_and_directions(storage: str) -> None:
    found = from_optuna(storage, "two")
    assert found.objectives == (Objective("gain", "max"), Objective("cost", "min"))
    assert found.trials[0].scores == (found.trials[0].values["x"], 0.5)


def test_a_search_learns_from_it(storage: str) -> None:
    found = from_optuna(storage, "small")

    def cost(hp: luthier.HyperParameters) -> float:
        hp.Choice("kind", ["tree", "net"])  # svm and None are gone, net is new
        return float(hp.Float("lr", 1e-3, 1e-1, sampling="log"))

    for sampler in ("random", "tpe", "gp"):
        results = luthier.tune(
            cost, "min", 6, imported=found.finished, sampler=sampler, seed=0, verbose=0
        )
        assert len(results.trials) == 6


def test_it_can_be_kept_as_a_study(storage: str, tmp_path: Path) -> None:
    assert adopt(from_optuna(storage, "small"), tmp_path / "own.sqlite", "small") == 6
    study = luthier.Study(storage=tmp_path / "own.sqlite", name="small", sampler="random")
    assert study.best is not None
    assert study.best.number == 4
    again = study.ask()
    assert again is not None
    assert (again.number, again.values) == (5, {"lr": 0.01})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere.db", "found no file at nowhere.db"),
        ("sqlite:///nowhere.db", "found no file at nowhere.db"),
        ("journal.log", "looks like a journal"),
        ("://", "Expected Optuna's storage as a URL"),
    ],
)
def test_a_storage_that_is_none_is_said(source: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        from_optuna(source)


def test_a_database_of_something_else_is_said(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    luthier.Study(storage=path, sampler="random", seed=0).close()
    with pytest.raises(StoreError, match="holds no studies of Optuna"):
        from_optuna(str(path))
    path.write_text("no database at all" * 100)
    with pytest.raises(StoreError, match="cannot be read"):
        from_optuna(str(path))


def test_a_driver_that_is_missing_is_said() -> None:
    with pytest.raises(MissingExtraError, match="driver that is not installed"):
        from_optuna("mysql+nothing://user@host/database")


def test_the_study_must_be_named_where_there_are_several(storage: str) -> None:
    with pytest.raises(StoreError, match=r"found: small, two\. Give `study_name`"):
        from_optuna(storage)
    with pytest.raises(StoreError, match="a study 'third' in"):
        from_optuna(storage, "third")


# -- what other versions wrote ---------------------------------------------------------------------


def rows(*params: tuple[str, float, str, dict[str, object]]) -> Rows:
    written = [
        {
            "trial_id": 1,
            "param_name": name,
            "param_value": value,
            "distribution_json": json.dumps({"name": kind, "attributes": given}),
        }
        for name, value, kind, given in params
    ]
    started = {"datetime_start": None, "datetime_complete": None}
    return Rows(
        "old",
        directions=[{"direction": "MINIMIZE"}],
        attributes=[],
        trials=[{"trial_id": 1, "state": "COMPLETE", **started}],
        params=written,
        values=[{"trial_id": 1, "value": 2.0}],
        reports=[],
        trial_attributes=[],
    )


def test_distributions_of_version_2_are_understood() -> None:
    found = imported(
        rows(
            ("u", 0.5, "UniformDistribution", {"low": 0.0, "high": 1.0}),
            ("l", 0.1, "LogUniformDistribution", {"low": 0.01, "high": 1.0}),
            ("q", 0.5, "DiscreteUniformDistribution", {"low": 0.0, "high": 1.0, "q": 0.5}),
            ("i", 3.0, "IntUniformDistribution", {"low": 1, "high": 9, "step": 2}),
            ("j", 4.0, "IntLogUniformDistribution", {"low": 1, "high": 64, "step": 1}),
        ),
        "here",
    )
    assert found.problems == ()
    assert found.trials[0].scores == (2.0,)
    assert list(found.space) == [
        Float("u", 0.0, 1.0),
        Float("l", 0.01, 1.0, sampling="log"),
        Float("q", 0.0, 1.0, step=0.5),
        Int("i", 1, 9, step=2),
        Int("j", 1, 64, sampling="log"),
    ]
    assert found.trials[0].values == {"u": 0.5, "l": 0.1, "q": 0.5, "i": 3, "j": 4}


def test_a_parameter_that_has_no_counterpart_is_named() -> None:
    found = imported(rows(("mixed", 0.0, "CategoricalDistribution", {"choices": [1, "a"]})), "here")
    assert found.trials[0].values == {"mixed": 1}
    assert found.space.names == ()
    assert found.problems[0].startswith("Parameter mixed is left out of the space: A `Choice` can")


def test_a_trial_that_cannot_be_read_is_named_and_left_out() -> None:
    found = imported(rows(("x", 7.0, "CategoricalDistribution", {"choices": ["a"]})), "here")
    assert found.trials == ()
    assert found.problems == ("Trial 1 is left out: list index out of range.",)
