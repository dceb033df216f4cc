"""The console: lines where there is no terminal, a live table where there is one, never a crash."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

import pytest

from luthier.hooks import Console
from luthier.hooks._live import LiveTable
from luthier.objective import Objective
from luthier.records import TrialState
from tests.hooks.searches import Clock, ended, facts, run_through, running


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        text.encode(self._encoding)
        return super().write(text)


class Narrow(io.TextIOWrapper):
    """A stream in an old encoding."""

    def __init__(self, encoding: str) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding=encoding, write_through=True)


@pytest.fixture(autouse=True)
def _terminal_of_known_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")


def test_without_a_terminal_a_search_is_one_line_a_trial() -> None:
    stream, clock = io.StringIO(), Clock()
    run_through(Console(stream=stream, clock=clock), facts(), [0.5, None, 0.75], clock)
    assert stream.getvalue().splitlines() == [
        "Search digits: up to 4 trials, val_accuracy (max), kept in digits/study.sqlite",
        "[1/4] trial 0  0.5000  best 0.5000 (trial 0)  8.0s  about 24s left  "
        "units=32 learning_rate=0.001",
        "[2/4] trial 1  failed: ValueError: boom  8.0s  about 16s left  "
        "units=32 learning_rate=0.001",
        "[3/4] trial 2  0.7500  best 0.7500 (trial 2)  8.0s  about 8.0s left  "
        "units=32 learning_rate=0.001",
        "Search ended, 3 trials reached: 3 trials in 24s, 1 failed; "
        "best val_accuracy 0.7500 (trial 2) units=32 learning_rate=0.001",
    ]


def test_lines_hold_no_control_characters() -> None:
    stream = io.StringIO()
    hook = Console(stream=stream)
    hook.on_start(facts())
    trial = running(0, {"kind": "\x1b[31mred\r\n"})
    hook.on_trial(trial)
    hook.on_outcome(ended(trial, 0.5))
    hook.on_end("done")
    assert "\x1b" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 3


def test_a_resumed_search_says_what_it_goes_on_from() -> None:
    stream = io.StringIO()
    run_through(Console(stream=stream), facts(finished=[ended(running(0), 0.5)]), [])
    opening = stream.getvalue().splitlines()[0]
    assert opening.endswith("; goes on after 1 finished trials, best 0.5000 (trial 0)")


def test_verbose_2_tells_of_every_report() -> None:
    stream = Terminal()
    run_through(Console(verbose=2, stream=stream), facts(), [0.5])
    lines = stream.getvalue().splitlines()
    assert lines[1] == "trial 0 begins: units=32 learning_rate=0.001"
    assert lines[2] == "trial 0 epoch 1: val_accuracy 0.5"
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_verbose_0_says_nothing(stream: io.StringIO) -> None:
    run_through(Console(verbose=0, stream=stream), facts(), [0.5, None])
    assert stream.getvalue() == ""


def test_a_trial_to_be_retried_says_so() -> None:
    stream = io.StringIO()
    hook = Console(stream=stream)
    hook.on_start(facts())
    hook.on_trial(running(0))
    hook.on_outcome(ended(running(0), state=TrialState.WAITING, message="OSError: gone"))
    hook.on_end("done")
    assert "to be retried: OSError: gone" in stream.getvalue()


def test_a_search_without_any_score_says_so() -> None:
    stream = io.StringIO()
    run_through(Console(stream=stream), facts(), [None])
    assert stream.getvalue().splitlines()[-1].endswith("1 failed, none with a score")


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "latin-1"])
def test_an_old_encoding_does_not_end_a_search(encoding: str) -> None:
    stream = Narrow(encoding)
    hook = Console(stream=stream)
    hook.on_start(facts(place="Übung/試験.sqlite"))
    hook.on_trial(running(0, {"größe": "試験"}))
    hook.on_outcome(ended(running(0, {"größe": "試験"}), 0.5))
    hook.on_end("done")
    assert len(stream.bytes.getvalue().splitlines()) == 3


def test_a_reader_that_went_away_does_not_end_a_search() -> None:
    stream = io.StringIO()
    hook = Console(stream=stream)
    hook.on_start(facts())
    stream.close()
    hook.on_trial(running(0))
    hook.on_outcome(ended(running(0), 0.5))
    hook.on_end("done")


# -- on a terminal ---------------------------------------------------------------------------------


def test_on_a_terminal_a_table_is_drawn_and_its_last_frame_stays() -> None:
    stream = Terminal()
    hook = Console(stream=stream)
    assert hook.is_live
    run_through(hook, facts(), [0.5, None])
    last = stream.getvalue().rpartition("\x1b[2K")[2]
    assert "2 trials reached" in last
    assert stream.getvalue().endswith("\n")


def test_the_cursor_is_never_hidden() -> None:
    stream = Terminal()
    run_through(Console(stream=stream), facts(), [0.5])
    assert "\x1b[?25l" not in stream.getvalue()


@pytest.mark.parametrize("columns", ["1", "8", "30", "80", "200"])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp437"])
def test_no_line_of_the_table_is_wider_than_the_terminal(
    columns: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal(encoding)
    objective = Objective("genauigkeit_größe_試験", "max")
    run_through(Console(stream=stream), facts(objectives=[objective]), [0.5, None])
    for line in stream.getvalue().splitlines():
        plain = line.rpartition("\x1b[2K")[2].rpartition("\x1b[0m")[2]
        assert len(plain) <= int(columns)


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    hook = Console(stream=stream)
    assert not hook.is_live
    run_through(hook, facts(), [0.5])
    assert "\x1b" not in stream.getvalue()


def test_after_an_error_printing_goes_its_usual_way_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    hook = Console()
    hook.on_start(facts())
    assert sys.stdout is not stream
    hook.on_trial(running(0))
    hook.on_end("stopped by KeyboardInterrupt")
    assert sys.stdout is stream
    assert "stopped by KeyboardInterrupt" in stream.getvalue()


def test_what_a_trial_prints_stands_above_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    hook = Console()
    hook.on_start(facts())
    print("a word of the user")
    hook.on_end("done")
    assert "a word of the user\n" in stream.getvalue()


def test_a_console_can_watch_one_search_after_another() -> None:
    stream = io.StringIO()
    hook = Console(stream=stream)
    run_through(hook, facts(), [0.5])
    run_through(hook, facts(), [0.75])
    assert stream.getvalue().count("Search ended") == 2


def test_the_live_table_can_be_stopped_twice() -> None:
    import threading

    stream = Terminal()
    table = LiveTable(stream, lambda width, height: [(("text", "plain"),)], threading.Lock())
    table.start()
    table.stop()
    table.stop()
    assert "text" in stream.getvalue()


def test_what_changed_against_the_stored_set_up_is_said_before_anything_else() -> None:
    stream, clock = io.StringIO(), Clock()
    resumed = replace(facts(), notices=("seed changed from 0 to 1",))
    run_through(Console(stream=stream, clock=clock), resumed, [0.5], clock)
    assert stream.getvalue().splitlines()[0] == "Resumed: seed changed from 0 to 1"
