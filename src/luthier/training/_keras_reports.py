"""Reports within an epoch: every so many batches, what they came to so far.

Enters: Keras's calls after batches. Leaves: reports whose step is a fraction of an epoch, so that
trials with other batch sizes can be compared.
"""

from __future__ import annotations

import time

from luthier.training._keras_callbacks import Logs, OwnCallback, ReportEpochs
from luthier.training._names import as_metrics

# Reporting takes at most one part in so many of the time.
_SHARE = 100
LEFT_OUT = "reports_left_out"


class ReportBatches(OwnCallback):
    """Reports every so many batches.

    An epoch of unknown length (a generator's first) has no fractions: it is counted, and reports
    begin with the next one. Where batches are so quick that reporting them would slow training,
    some reports are left out; how many is known afterwards. Those at the ends of epochs never are.

    Args:
        every: batches between two reports.
        reports: reports the ends of epochs, and takes these.

    Attributes:
        every: as given.
        left_out: how many reports were left out.
    """

    def __init__(self, every: int, reports: ReportEpochs) -> None:
        super().__init__()
        self.every = every
        self.left_out = 0
        self._reports = reports
        self._epoch = 0
        self._due = every
        self._seen = 0
        self._length: int | None = None
        self._began = self._spent = 0.0

    def on_train_begin(self, logs: Logs = None) -> None:
        """Training begins."""
        self._length = (self.params or {}).get("steps")
        self._began, self._spent = time.perf_counter(), 0.0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """An epoch begins."""
        self._epoch, self._due, self._seen = epoch, self.every, 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """An epoch ended: now its length is known."""
        self._length = self._length or self._seen

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Report, if it is time to."""
        self._seen = batch + 1
        if self._seen < self._due:
            return
        self._due = self._seen + self.every
        if self._length and self._seen < self._length:
            self._report(self._seen / self._length, logs)

    def _report(self, done: float, logs: Logs) -> None:
        if self._spent * _SHARE > time.perf_counter() - self._began:
            self.left_out += 1
            return
        # Reading them may wait until the batch is done, which is no time that reporting takes.
        metrics = as_metrics(logs)
        began = time.perf_counter()
        self._reports.within(self._epoch, done, metrics)
        self._spent += time.perf_counter() - began
