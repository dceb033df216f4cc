from __future__ import annotations

import io

from luthier.training import _status
from luthier.training._status import Status, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(stream: io.StringIO, verbose: int | None) -> str:
    status = Status(stream, verbose, epochs=3)
    status.begin(1, 4)
    for done in range(1, 5):
        status.step(done, lambda done=done: {"loss": 1.0 / done})
    status.end(1, 4, {"loss": 0.25, "val_loss": 0.5})
    return stream.getvalue()


def test_a_bar_on_a_terminal(monkeypatch) -> None:
    monkeypatch.setattr(_status, "REDRAWS_PER_SECOND", 1e9)
    shown = run(Terminal(), None)
    assert shown.startswith("Epoch 2/3\n\r1/4 [=====...............] - 0:00 left - loss: 1")
    assert shown.endswith("\r4/4 [====================] - 0:00 - loss: 0.25 - val_loss: 0.5\n")


def test_no_bar_is_drawn_more_often_than_one_can_see() -> None:
    assert run(Terminal(), None).count("\r") == 1


def test_nothing_without_a_terminal_and_lines_on_demand() -> None:
    assert run(io.StringIO(), None) == ""
    assert run(io.StringIO(), 0) == run(Terminal(), 0) == ""
    line = "Epoch 2/3 - 0:00 - loss: 0.25 - val_loss: 0.5\n"
    assert run(io.StringIO(), 1) == run(io.StringIO(), 2) == run(Terminal(), 2) == line


def test_an_epoch_of_unknown_length_shows_how_many_are_done(monkeypatch) -> None:
    monkeypatch.setattr(_status, "REDRAWS_PER_SECOND", 1e9)
    stream = Terminal()
    status = Status(stream, 1, epochs=1)
    status.begin(0, None)
    status.step(7, lambda: {"loss": 2.0})
    assert stream.getvalue().endswith("\r7 - loss: 2")


def test_durations() -> None:
    assert [duration(s) for s in (0.2, 62, 3723)] == ["0:00", "1:02", "1:02:03"]
