"""What a loop shows while it runs: a bar that is redrawn on a terminal, lines, or nothing.

Enters: steps and logs. Leaves: text, on the stream that was given.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TextIO

REDRAWS_PER_SECOND = 10
_WIDTH = 20

Logs = Mapping[str, float]


class Status:
    """Says how far an epoch is.

    Args:
        stream: where to.
        verbose: 0: say nothing; 1: a bar on a terminal, a line an epoch elsewhere; 2: a line an
            epoch; None: a bar on a terminal, and nothing elsewhere.
        epochs: how many there will be.
    """

    def __init__(self, stream: TextIO, verbose: int | None, epochs: int) -> None:
        is_terminal = stream.isatty()
        self._stream = stream
        self._epochs = epochs
        self._has_bar = is_terminal and verbose in (None, 1)
        self._has_lines = not self._has_bar and bool(verbose)
        self._began = self._drawn = 0.0
        self._steps: int | None = None
        self._wiped = 0

    def begin(self, epoch: int, steps: int | None) -> None:
        """An epoch begins."""
        self._began = self._drawn = time.monotonic()
        self._steps = steps
        if self._has_bar:
            self._stream.write(f"Epoch {epoch + 1}/{self._epochs}\n")

    def step(self, done: int, logs: Callable[[], Logs]) -> None:
        """A batch is done; the logs are asked for only where they are shown."""
        now = time.monotonic()
        if not self._has_bar or now - self._drawn < 1 / REDRAWS_PER_SECOND:
            return
        self._drawn = now
        left = ""
        if self._steps:
            seconds = (now - self._began) / done * max(self._steps - done, 0)
            left = f" - {duration(seconds)} left"
        self._redraw(f"{self._counted(done)}{left}{shown(logs())}")

    def end(self, epoch: int, done: int, logs: Logs) -> None:
        """An epoch is over."""
        text = f"{duration(time.monotonic() - self._began)}{shown(logs)}"
        if self._has_bar:
            self._redraw(f"{self._counted(done)} - {text}")
            self._stream.write("\n")
            self._wiped = 0
        elif self._has_lines:
            self._stream.write(f"Epoch {epoch + 1}/{self._epochs} - {text}\n")
        self._stream.flush()

    def _counted(self, done: int) -> str:
        if not self._steps:
            return str(done)
        filled = min(_WIDTH, _WIDTH * done // self._steps)
        bar = "=" * filled + "." * (_WIDTH - filled)
        return f"{done}/{self._steps} [{bar}]"

    def _redraw(self, text: str) -> None:
        self._stream.write("\r" + text.ljust(self._wiped))
        self._wiped = len(text)
        self._stream.flush()


def shown(logs: Logs) -> str:
    """Metrics for people: ` - loss: 0.1234 - mae: 0.2`."""
    return "".join(f" - {name}: {value:.4g}" for name, value in logs.items())


def duration(seconds: float) -> str:
    """`0:07`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
