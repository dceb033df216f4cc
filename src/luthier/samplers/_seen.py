"""Which points of a space a study has already spent a trial on.

Enters: histories, each the continuation of the last if possible. Leaves: whether a point would be a
repetition.

A build is a function of the values that it reads. So a finished trial that used the values `{a: 1,
b: 2}` has answered for every point with `a = 1` and `b = 2`, whatever else such a point says:
hyperparameters that a build did not use make no difference, with or without conditional scopes. The
trials are kept as one set of keys for each combination of names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from luthier.records import History, Trial, TrialState
from luthier.space import Space

Names = tuple[str, ...]
Key = tuple[str, ...]


class Seen:
    """The points that trials of a study were spent on, open ones included. Imported trials do not
    count.
    """

    def __init__(self) -> None:
        self._forget(Space())

    def _forget(self, space: Space) -> None:
        self._space = space
        self._labels = {parameter.name: parameter.label for parameter in reversed(space.parameters)}
        self._finished: tuple[Trial, ...] = ()
        self._done: dict[Names, set[Key]] = {}
        self._open: dict[Names, set[Key]] = {}
        self._pending: dict[int, tuple[Trial, tuple[tuple[Names, Key], ...]]] = {}
        self._relevant: dict[Names, tuple[Names, ...]] = {}
        self.shrinks = 0

    def update(self, history: History) -> None:
        """Take in what happened since the last call.

        `shrinks` counts the times that points may have stopped to be covered: a new space, another
        study, or a trial that turned out to have used other values than were suggested.
        """
        if history.space != self._space or not history.is_continuation(self._finished):
            shrinks = self.shrinks
            self._forget(history.space)
            self.shrinks = shrinks + 1
        for trial in history.finished[len(self._finished) :]:
            self._finish(trial)
        self._finished = history.finished
        if history.open or self._pending:
            self._refresh_open(history.open)

    def _finish(self, trial: Trial) -> None:
        for names, key in self._entries(trial):
            self._add(self._done, names, key)
        _, were = self._pending.get(trial.number, (None, ()))
        if any(key not in self._done.get(names, ()) for names, key in were):
            self.shrinks += 1

    def _refresh_open(self, trials: Iterable[Trial]) -> None:
        pending = {}
        self._open = {}
        for trial in trials:
            known = self._pending.get(trial.number)
            if known is None or known[0].suggestion is not trial.suggestion:
                known = trial, tuple(self._entries(trial))
            pending[trial.number] = known
            for names, key in known[1]:
                self._add(self._open, names, key)
        self._pending = pending

    def _add(self, to: dict[Names, set[Key]], names: Names, key: Key) -> None:
        keys = to.get(names)
        if keys is None:
            keys = to[names] = set()
            self._relevant.clear()
        keys.add(key)

    def _entries(self, trial: Trial) -> Iterable[tuple[Names, Key]]:
        """What determines how it goes: all its values and, once it ended, those that it used."""
        suggested = trial.suggestion.values
        if trial.state is TrialState.FAILED and not suggested and not trial.values:
            return  # it crashed before it asked for anything: nothing was answered
        whole = self._entry({**suggested, **trial.values})
        yield whole
        if trial.state is TrialState.FAILED or not trial.state.is_finished:
            return  # a crash before the first hyperparameter is read says nothing of the others
        used = self._entry(trial.values)
        if used != whole:
            yield used

    def _entry(self, values: Mapping[str, Any]) -> tuple[Names, Key]:
        labels = self._labels
        names = tuple(sorted(name for name in values if name in labels))
        return names, tuple([_label(labels[name], values[name]) for name in names])

    def covers(self, values: Mapping[str, Any]) -> bool:
        """Whether a trial at `values` could only repeat one that was finished or is open."""
        return self.pattern(values) is not None

    def pattern(self, values: Mapping[str, Any]) -> Names | None:
        """The names by which a trial covers `values`, or None if none does."""
        names = tuple(sorted(values))
        relevant = self._relevant.get(names)
        if relevant is None:
            relevant = self._relevant[names] = self._find_relevant(names)
        for some in relevant:
            labels = self._labels
            key = tuple([_label(labels[name], values[name]) for name in some])
            if key in self._done.get(some, ()) or key in self._open.get(some, ()):
                return some
        return None

    def _find_relevant(self, names: Names) -> tuple[Names, ...]:
        """Combinations within `names`, smallest first: they cover most."""
        asked = set(names)
        found = {
            some
            for some in (*self._done, *self._open)
            if asked.issuperset(some) and (some or not self._labels)
        }
        return tuple(sorted(found, key=lambda some: (len(some), some)))


def _label(label: Callable[[Any], str], value: Any) -> str:
    try:
        return label(value)
    except (TypeError, ValueError):
        # A value of a trial that the space, redefined since, could not have given.
        return f"?{value!r}"
