"""One trial at a time, in this thread: the executor that others are measured against."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import Self

from luthier.abc import Evaluate, Executor, Report
from luthier.records import Outcome, Trial


class InlineExecutor(Executor):
    """Runs a submitted trial inside `wait`; errors that `evaluate` raises come out of `wait`."""

    def __init__(self) -> None:
        self._pending: deque[tuple[Trial, Evaluate, Report]] = deque()

    def free(self) -> int:
        """One place, unless a trial is submitted."""
        return 1 - len(self._pending)

    def submit(self, trial: Trial, evaluate: Evaluate, report: Report) -> None:
        """Keep the trial for the next `wait`.

        Raises:
            RuntimeError: if a trial is submitted already.
        """
        if not self.free():
            number = self._pending[0][0].number
            raise RuntimeError(
                f"The inline executor holds trial {number} already; "
                "call wait() before the next submit()."
            )
        self._pending.append((trial, evaluate, report))

    def wait(self) -> tuple[Outcome, ...]:
        """Run the submitted trial to its end."""
        if not self._pending:
            return ()
        trial, evaluate, report = self._pending.popleft()
        return (evaluate(trial, report),)

    def cancel(self, number: int) -> None:
        """Forget the trial if it has not begun."""
        self._pending = deque(entry for entry in self._pending if entry[0].number != number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pending.clear()
