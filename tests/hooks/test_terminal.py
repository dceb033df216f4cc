"""The live table on a real (pseudo-)terminal, in a process of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BEGIN = """
import os, sys, time
from luthier.hooks import Console
from luthier.records import Measurement
from tests.hooks.searches import ended, facts, running
hook = Console()
assert hook.is_live
hook.on_start(facts())
trial = running(0)
hook.on_trial(trial)
"""

NOISE = """
os.write(2, b"native noise\\n")
hook.on_report(trial, Measurement(0, {"val_accuracy": 0.5}))
os.write(2, b"half a line")
hook.on_outcome(ended(trial, 0.5))
hook.on_end("all done")
os.write(2, b"after the end\\n")
"""

INTERRUPTED = """
print("READY", flush=True)
try:
    time.sleep(30)
except KeyboardInterrupt:
    pass
finally:
    hook.on_end("interrupted")
print("bye")
"""

CRASHED = """
try:
    raise ValueError("boom")
finally:
    hook.on_end("stopped by ValueError")
"""


def _on_a_terminal(
    program: str, act: Callable[[subprocess.Popen[bytes], bytes], None] | None = None
) -> tuple[int, str, bool]:
    """Run a program on a terminal of 80 columns.

    Returns:
        Its exit status, all that it wrote, and whether the terminal's settings are as before.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(slave)
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        environment.pop(name, None)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        cwd=ROOT,
    )
    seen = b""
    os.set_blocking(master, False)
    while process.poll() is None or _more(master):
        try:
            seen += os.read(master, 65536)
        except BlockingIOError:
            time.sleep(0.02)
        if act is not None:
            act(process, seen)
    same = termios.tcgetattr(slave) == before
    os.close(slave)
    os.close(master)
    return process.returncode, seen.decode("utf-8"), same


def _more(master: int) -> bool:
    import select

    return bool(select.select([master], [], [], 0.1)[0])


def test_native_output_stands_on_lines_of_its_own() -> None:
    status, seen, _ = _on_a_terminal(BEGIN + NOISE)
    assert status == 0, seen
    # Each is followed by a line's end, so the table that comes next begins at the left.
    assert "native noise\x1b[0m\r\n" in seen
    assert "half a line\x1b[0m\r\n" in seen
    assert seen.endswith("after the end\r\n")
    assert "all done" in seen


def test_ctrl_c_leaves_the_terminal_sane() -> None:
    sent: list[bool] = []

    def interrupt(process: subprocess.Popen[bytes], seen: bytes) -> None:
        if b"READY" in seen and not sent:
            sent.append(True)
            process.send_signal(signal.SIGINT)

    status, seen, same = _on_a_terminal(BEGIN + INTERRUPTED, interrupt)
    assert status == 0, seen
    assert same
    assert seen.endswith("bye\r\n")
    assert "interrupted" in seen
    assert "\x1b[?25l" not in seen
    assert "\x1b[?1049h" not in seen


def test_an_error_is_told_in_full_below_the_table() -> None:
    status, seen, same = _on_a_terminal(BEGIN + CRASHED)
    assert status == 1
    assert same
    assert seen.endswith("ValueError: boom\r\n")
    assert seen.index("stopped by ValueError") < seen.index("Traceback")


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_missing_standard_stream_is_no_obstacle(closed: int) -> None:
    program = f"import os; os.close({closed})\n" + BEGIN.replace("assert hook.is_live", "")
    status, _, _ = _on_a_terminal(program + "hook.on_end('done')")
    # Python itself leaves with 120 where it cannot flush standard output at its end.
    assert status in (0, 120)
