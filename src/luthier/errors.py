"""Every exception that Luthier raises on purpose.

`FailedTrialError`, `FatalError` and its kin are KerasTuner's and decide what happens to a search:
the first fails one trial and lets the search go on, the second ends it. All others are Luthier's
own; each message names what was expected, what came and what to do.
"""

from __future__ import annotations


class FailedTrialError(Exception):
    """Raise it in user code to fail one trial; it is not retried and the search goes on."""


class SkippedTrialError(FailedTrialError):
    """The trial is not worth training: it is skipped, does not count, and another is drawn."""


class OversizedModelError(SkippedTrialError):
    """The model has more parameters than `max_model_size`: the trial is skipped and another is
    drawn.
    """


class DivergedError(FailedTrialError):
    """The loss is no longer finite; says when that began, and what it was before. The trial failed
    and is not retried.
    """


class FatalError(Exception):
    """Raise it in user code to end the whole search at once; the study stays resumable."""


class FatalValueError(FatalError, ValueError):
    """A wrong value that makes the whole search meaningless."""


class FatalTypeError(FatalError, TypeError):
    """A wrong type that makes the whole search meaningless."""


class FatalRuntimeError(FatalError, RuntimeError):
    """A state that makes the whole search meaningless."""


class SpaceError(ValueError):
    """Values, or a definition, that do not fit the search space."""


class ObjectiveError(ValueError):
    """An objective that cannot be understood, or that does not fit the metrics reported."""


class StudyError(RuntimeError):
    """A study used in a way that would lose or falsify what it recorded."""


class TooManyFailuresError(FatalRuntimeError):
    """As many trials failed in a row as the limit allows; everything is saved."""


class StoreError(RuntimeError):
    """A store that cannot be opened, read or written."""


class DamagedStoreError(StoreError):
    """A store whose file is damaged; says what is, and what could be recovered. Nothing is
    overwritten.
    """


class NewerStoreError(StoreError):
    """A store written by a newer Luthier than this one."""


class StaleTrialError(StoreError):
    """A trial that is no longer this worker's: its lease ran out and another attempt took over."""


class MissingExtraError(ImportError):
    """A package that is not installed; the message names the extra that brings it."""
