"""Rows become files that other tools read as they were."""

from __future__ import annotations

import csv
import json
import math
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import luthier
from luthier.errors import MissingExtraError
from luthier.tables import save_rows

ROWS: list[dict[str, Any]] = [
    {"trial": 0, "score": 0.5, "hp/layers": (64, 32), "message": ""},
    {"trial": 1, "score": math.nan, "hp/bias": True, "message": 'a "quoted", text\nof two lines'},
    {"trial": 2, "score": math.inf, "hp/kind": None, "message": "ü"},
]


def test_csv(tmp_path: Path) -> None:
    path = save_rows(ROWS, tmp_path / "deep" / "rows.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["trial", "score", "hp/layers", "message", "hp/bias", "hp/kind"]
    assert [row["score"] for row in rows] == ["0.5", "", "inf"]
    assert [row["hp/layers"] for row in rows] == ["[64, 32]", "", ""]
    assert rows[1]["message"] == ROWS[1]["message"]


def test_json_is_strict(tmp_path: Path) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(text)

    path = save_rows(ROWS, tmp_path / "rows.JSON")
    rows = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert [row["score"] for row in rows] == [0.5, None, None]
    assert (rows[0]["hp/layers"], rows[1]["hp/bias"], rows[2]["hp/kind"]) == ([64, 32], True, None)


def test_parquet_is_written_and_read_back(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.read_parquet(save_rows(ROWS, tmp_path / "deep" / "rows.parquet"))
    assert list(frame.columns) == ["trial", "score", "hp/layers", "message", "hp/bias", "hp/kind"]
    assert list(frame["trial"]) == [0, 1, 2]
    assert frame["score"].fillna(-1.0).tolist() == [0.5, -1.0, math.inf]
    assert frame["hp/layers"][0] == "[64, 32]"
    assert frame["message"][1] == ROWS[1]["message"]


def test_without_pyarrow_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pandas")
    for name in ("pyarrow", "fastparquet"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r'pip install "luthier\[parquet\]"'):
        save_rows(ROWS, tmp_path / "rows.parquet")
    assert list(tmp_path.iterdir()) == []
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    brought = " ".join(project["project"]["optional-dependencies"]["parquet"])
    assert "pandas" in brought
    assert "pyarrow" in brought


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in \.csv, \.json or \.parquet, got '.*rows\.xls'"):
        save_rows(ROWS, tmp_path / "rows.xls")


def test_what_was_there_stays_whole_until_the_new_one_is(tmp_path: Path) -> None:
    path = save_rows(ROWS, tmp_path / "rows.csv")
    before = path.read_text(encoding="utf-8")
    with pytest.raises(TypeError):
        save_rows([{"trial": 1}, {1j: 2, None: {1: {2}}}, 3], path)  # type: ignore[list-item]
    assert path.read_text(encoding="utf-8") == before
    assert [file.name for file in tmp_path.iterdir()] == ["rows.csv"]


def test_no_rows_are_a_file_too(tmp_path: Path) -> None:
    assert json.loads(save_rows([], tmp_path / "rows.json").read_text()) == []
    assert save_rows([], tmp_path / "rows.csv").read_text().strip() == ""


def test_results_are_saved(tmp_path: Path) -> None:
    results = luthier.tune(
        lambda hp: hp.Float("x", 0.0, 1.0), max_trials=3, sampler="random", seed=0, verbose=0
    )
    rows = json.loads(results.save(tmp_path / "study.json").read_text())
    assert [row["score"] for row in rows] == [trial.score for trial in results.trials]
    assert [row["hp/x"] for row in rows] == [trial.values["x"] for trial in results.trials]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"Cannot write the file .*file/rows\.csv"):
        save_rows(ROWS, tmp_path / "file" / "rows.csv")
