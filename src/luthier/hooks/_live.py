"""The live table on a terminal, drawn by rich; the only place in the hooks that imports it.

Lines enter from `_layout.frame`; text with control sequences leaves, on the stream that was given.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from luthier.hooks._grid import STYLES, Line
from luthier.hooks._stray import StrayOutput
from luthier.hooks._text import printable

REDRAWS_PER_SECOND = 4


class _Terminal(Console):
    """A console whose cursor stays visible: a killed search could never show it again."""

    def show_cursor(self, show: bool = True) -> bool:
        return False


class LiveTable:
    """Draws frames until it is stopped; the last one stays on the screen.

    Args:
        stream: a terminal.
        frame: gives the lines for a width and a height; called from another thread, under `lock`.
        lock: held while the frame is made.
    """

    def __init__(
        self,
        stream: TextIO,
        frame: Callable[[int, int], list[Line]],
        lock: threading.Lock,
    ) -> None:
        self._console = _Terminal(file=stream, force_jupyter=False, highlight=False)
        self._frame = frame
        self._lock = lock
        self._stray = StrayOutput()
        ours = stream is sys.stdout
        self._live = Live(
            self,
            console=self._console,
            refresh_per_second=REDRAWS_PER_SECOND,
            redirect_stdout=ours,
            redirect_stderr=ours,
            vertical_overflow="crop",
        )

    def start(self) -> None:
        """Begin to draw."""
        self._stray.start()
        self._live.start(refresh=True)

    def pass_on(self) -> None:
        """Print above the table what native code wrote meanwhile."""
        self._print(self._stray.take())

    def stop(self) -> None:
        """Draw the last frame and leave the terminal as it was."""
        self._print(self._stray.stop())
        self._live.stop()

    def _print(self, lines: list[str]) -> None:
        for line in lines:
            shown = printable(line, self._console.encoding)
            self._console.print(Text(shown, style="dim"), soft_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # One column stays free: terminals wrap at the last one, each in its own way.
        width, height = max(1, options.max_width - 1), options.size.height
        with self._lock:
            lines = self._frame(width, height)
        for line in lines:
            yield self._text(line, width)

    def _text(self, line: Line, width: int) -> Text:
        encoding = self._console.encoding
        pieces: list[Any] = [
            (printable(text, encoding), STYLES.get(style, STYLES.get(style.split()[0], "")))
            for text, style in line
        ]
        text = Text.assemble(*pieces, no_wrap=True, overflow="crop", end="\n")
        text.truncate(width, overflow="crop")
        return text
