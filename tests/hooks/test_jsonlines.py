"""Events as JSON lines."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.hooks import JSONLines
from luthier.hooks._jsonlines import _plain
from luthier.records import Measurement, TrialState
from tests.hooks.searches import ended, facts, run_through, running


def _strict(line: str) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    found = json.loads(line, parse_constant=refuse)
    assert isinstance(found, dict)
    return found


def _events(path: Path) -> list[dict[str, Any]]:
    return [_strict(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_event_is_one_object(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "events.jsonl"
    run_through(JSONLines(path), facts(), [0.5, None])
    events = _events(path)
    assert [event["event"] for event in events] == [
        "start",
        *["trial", "report", "report", "outcome"] * 2,
        "end",
    ]
    assert events[0]["objectives"] == [{"name": "val_accuracy", "direction": "max"}]
    assert events[4]["state"] == "completed"
    assert events[4]["scores"] == [0.5]
    assert events[8]["message"].endswith("boom")
    assert events[-1]["reason"] == "2 trials reached"
    assert all(event["time"].endswith("+00:00") for event in events)


def test_a_line_can_be_read_as_soon_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    hook = JSONLines(path)
    hook.on_start(facts())
    hook.on_trial(running(0))
    assert [event["event"] for event in _events(path)] == ["start", "trial"]
    hook.on_end("done")


def test_a_second_search_is_appended_even_after_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"event": "start"}\n{"event": "tri', encoding="utf-8")
    run_through(JSONLines(path), facts(), [])
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[1] == '{"event": "tri'
    assert [_strict(line)["event"] for line in lines[2:]] == ["start", "end"]


def test_odd_numbers_become_null(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    hook = JSONLines(path)
    hook.on_start(facts())
    hook.on_report(running(0), Measurement(0, {"loss": math.nan, "auc": np.float32(math.inf)}))
    hook.on_outcome(ended(running(0), state=TrialState.FAILED, message="NaN"))
    hook.on_end("done")
    assert _events(path)[1]["metrics"] == {"loss": None, "auc": None}


@given(
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(),
            st.binary(),
            st.complex_numbers(),
            st.floats(width=32).map(np.float32),
            st.integers(0, 9).map(np.int64),
            st.floats().map(np.array),
            st.sampled_from(TrialState),
        ),
        lambda inner: st.one_of(
            st.lists(inner),
            st.dictionaries(st.one_of(st.text(), st.integers(), st.none()), inner),
        ),
        max_leaves=10,
    )
)
def test_whatever_comes_is_valid_json(value: object) -> None:
    _strict(json.dumps({"value": _plain(value)}, allow_nan=False))


def test_numbers_of_numpy_are_numbers() -> None:
    assert _plain({"a": np.float64(0.5), 2: (np.int8(3), np.True_)}) == {"a": 0.5, "2": [3, True]}


def test_a_file_that_cannot_be_written_is_said_and_does_not_end_the_search(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        run_through(JSONLines(tmp_path / "file" / "events.jsonl"), facts(), [0.5])
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "events.jsonl" in caplog.text
