"""Run the suite: the tests without a backend once, those marked `keras` once for each backend.

Keras chooses its backend once per process, so each backend is a pytest process of its own; two run
side by side, and what they print comes one after the other. Arguments are handed to every one of
them: `python tests/run.py -k console`. Leaves with 1 when any of them failed. With CI in the
environment a backend that is not installed is a failure; elsewhere it is said and passed over.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

BACKENDS = ("jax", "tensorflow", "torch")
NOTHING_COLLECTED = 5
SIDE_BY_SIDE = 2
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Part:
    """One pytest process.

    Attributes:
        name: for people.
        backend: of Keras, or None for the tests that need none.
        output: the file that it prints to.
    """

    name: str
    backend: str | None
    output: Path


@dataclass(frozen=True, slots=True)
class Ending:
    """How a part ended: pytest's exit status, and after how long."""

    status: int
    seconds: float


def main(arguments: Sequence[str]) -> int:
    """Run every part, say what each came to, and return the exit status."""
    missing = [name for name in BACKENDS if importlib.util.find_spec(name) is None]
    summary = [f"{name}: {'MISSING' if _in_ci() else 'not installed'}" for name in missing]
    failed = bool(missing) and _in_ci()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        parts = [Part("no backend", None, Path(folder, "none"))]
        parts += [Part(name, name, Path(folder, name)) for name in BACKENDS if name not in missing]
        endings = [pool.submit(_pytest, part, arguments) for part in parts]
        for part, ending in zip(parts, endings, strict=True):
            print(f"\n##### tests: {part.name}", flush=True)
            _show(part, ending)
            status, seconds = ending.result().status, ending.result().seconds
            failed = failed or status != 0
            said = "ok" if status == 0 else f"FAILED ({status})"
            summary.append(f"{part.name}: {said} in {seconds:.0f} s")
    print("\n##### " + " · ".join(summary), flush=True)
    return int(failed)


def _in_ci() -> bool:
    return os.environ.get("CI", "") not in ("", "0", "false")


def _pytest(part: Part, arguments: Sequence[str]) -> Ending:
    environment = dict(os.environ)
    expression = "not keras"
    if part.backend is not None:
        environment["KERAS_BACKEND"] = part.backend
        expression = "keras"
    command = [sys.executable, "-m", "pytest", "-q", "-m", expression, *arguments]
    # Each part caches what failed; side by side they would write over each other's.
    command += ["-o", f"cache_dir=.pytest_cache/{part.name.replace(' ', '-')}"]
    began = time.monotonic()
    with part.output.open("wb") as output:
        status = subprocess.run(
            command, env=environment, check=False, stdout=output, stderr=subprocess.STDOUT
        ).returncode
    if status == NOTHING_COLLECTED and arguments:
        status = 0
    return Ending(status, time.monotonic() - began)


def _show(part: Part, ending: Future[Ending]) -> None:
    """Print what the part prints, while it runs and to its end."""
    while not part.output.exists() and not ending.done():
        time.sleep(LOOK_SECONDS)
    with part.output.open("rb") as output:
        while True:
            is_over = ending.done()  # asked before reading: then nothing comes after what is read
            sys.stdout.buffer.write(output.read())
            sys.stdout.buffer.flush()
            if is_over:
                return
            time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
