"""Several trials at once in this thread, alternately: each runs until it wants a program to be run.

Trials know nothing of it: what they call to train waits for the others (`programs.Lanes`). A lane
whose trial ended takes the next one before the others go on.
"""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Self

from luthier.abc import Evaluate, Executor, Report
from luthier.programs import Lanes
from luthier.records import Outcome, Trial


class LanesExecutor(Executor):
    """Runs trials in lanes; errors that `evaluate` raises come out of `wait`.

    Args:
        lanes: where they run.
        count: how many at once.
    """

    def __init__(self, lanes: Lanes, count: int) -> None:
        self._lanes = lanes
        self._count = count
        self._numbers: set[int] = set()

    def free(self) -> int:
        """Lanes without a trial."""
        return self._count - len(self._numbers)

    def submit(self, trial: Trial, evaluate: Evaluate, report: Report) -> None:
        """Give a trial a lane; it begins in `wait`.

        Raises:
            RuntimeError: if no lane is free.
        """
        if not self.free():
            raise RuntimeError(
                f"All {self._count} lanes hold a trial; call wait() before the next submit()."
            )
        self._numbers.add(trial.number)
        self._lanes.start(trial.number, partial(evaluate, trial, report))

    def wait(self) -> tuple[Outcome, ...]:
        """Run all lanes until one trial ended at least."""
        ended = self._lanes.advance()
        self._numbers.difference_update(number for number, _ in ended)
        return tuple(outcome for _, outcome in ended)

    def cancel(self, number: int) -> None:
        """Unwind the trial and free its lane."""
        self._numbers.discard(number)
        self._lanes.stop(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number in tuple(self._numbers):
            self.cancel(number)
