"""Run the suite: the tests without a backend once, those marked `keras` once for each backend.

Keras chooses its backend once per process, so each backend is a pytest process of its own.
Arguments are handed to every one of them: `python tests/run.py -k console`. Leaves with 1 when any
of them failed. With CI in the environment a backend that is not installed is a failure; elsewhere
it is said and passed over.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time

BACKENDS = ("jax", "tensorflow", "torch")
NOTHING_COLLECTED = 5


def main(arguments: list[str]) -> int:
    """Run every part, say what each came to, and return the exit status."""
    parts: list[tuple[str, str | None]] = [("no backend", None)]
    summary: list[str] = []
    failed = False
    for backend in BACKENDS:
        if importlib.util.find_spec(backend) is not None:
            parts.append((backend, backend))
        else:
            failed = failed or _in_ci()
            summary.append(
                f"{backend}: {'MISSING, and CI needs it' if _in_ci() else 'not installed'}"
            )
    for name, backend in parts:
        print(f"\n##### tests: {name}", flush=True)
        started = time.monotonic()
        status = _pytest(backend, arguments)
        seconds = time.monotonic() - started
        failed = failed or status != 0
        summary.append(
            f"{name}: {'ok' if status == 0 else f'FAILED ({status})'} in {seconds:.0f} s"
        )
    print("\n##### " + " · ".join(summary), flush=True)
    return int(failed)


def _in_ci() -> bool:
    return os.environ.get("CI", "") not in ("", "0", "false")


def _pytest(backend: str | None, arguments: list[str]) -> int:
    environment = dict(os.environ)
    expression = "not keras"
    if backend is not None:
        environment["KERAS_BACKEND"] = backend
        expression = "keras"
    command = [sys.executable, "-m", "pytest", "-q", "-m", expression, *arguments]
    status = subprocess.run(command, env=environment, check=False).returncode
    if status == NOTHING_COLLECTED and arguments:
        return 0
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
