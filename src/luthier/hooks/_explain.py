"""`Explain`: says in one sentence, once, why a search cannot get anywhere, or not as it should.

Facts enter by the verbs of a hook; sentences leave on standard output: above the table where one is
drawn, between the lines elsewhere. Each is about something that a person would want to change.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from typing import TextIO

from luthier.abc import Hook, SearchFacts
from luthier.hooks._text import printable, reason_text, score_text
from luthier.objective import Objective
from luthier.records import Measurement, Trial, TrialState
from luthier.space import Parent, Space, deserialize, unreachable

# How many trials it takes before something is said: a few, so that it is no accident.
CONSTANT = 5
FAILING = 3
UNUSED = 20
UNUSED_AT_END = 5
# What a trial's `info` calls the reason for which it began afresh.
_RESUMED = "resume"


class Explain(Hook):
    """Explains searches that lead nowhere.

    Said are: a trial that could not go on where it was, a scope that is never active, a
    hyperparameter that no trial used, a space of one point, an objective that is the same in every
    trial, and one reason for which all trials fail.

    Args:
        verbose: 0 says nothing.
        stream: where to write; None is standard output at the time.

    Example:
        >>> import luthier
        >>> hook = luthier.hooks.Explain()
        >>> _ = luthier.tune(
        ...     lambda hp: 0.0 * hp.Float("x", 0.0, 1.0),
        ...     max_trials=6, sampler="random", seed=0, hooks=[hook], verbose=0,
        ... )  # doctest: +ELLIPSIS
        Note: objective was 0.000 in each of the first 5 trials: it does not depend on ...
    """

    def __init__(self, verbose: int | str = 1, stream: TextIO | None = None) -> None:
        self._is_quiet = verbose != "auto" and int(verbose) <= 0
        self._stream = stream
        self._said: set[str] = set()
        self._space = Space()
        self._known = _Known()
        self._objective: Objective | None = None

    # -- the verbs of a hook ---------------------------------------------------------------------

    def on_start(self, facts: SearchFacts) -> None:
        """Look at the space, and at what an earlier run did."""
        self._said, self._known = set(), _Known()
        self._space, self._objective = facts.history.space, facts.spec.objectives[0]
        for trial in facts.history.finished:
            self._known.add(trial)
        if len(self._space):
            self._look_at_the_space()

    def on_trial(self, trial: Trial) -> None:
        """Nothing: it has not run yet."""

    def on_report(self, trial: Trial, measurement: Measurement) -> None:
        """Nothing: trials are looked at when they end."""

    def on_outcome(self, trial: Trial) -> None:
        """Look at what has been learnt by now."""
        resumed = trial.info.get(_RESUMED)
        if resumed:
            self._say(
                f"resumed: {trial.number}, {trial.attempt}", f"trial {trial.number} was {resumed}."
            )
        if not trial.state.is_finished:
            return
        if trial.found:
            self._space = self._space.merge(deserialize(dict(item)) for item in trial.found)
        self._known.add(trial)
        self._look_at_the_space()
        self._look_at_trials(FAILING, UNUSED)

    def on_end(self, reason: str) -> None:
        """Say what only the end shows: that something was never used."""
        self._look_at_trials(FAILING - 1, UNUSED_AT_END)

    # -- what is seen ----------------------------------------------------------------------------

    def _look_at_the_space(self) -> None:
        for parameter, condition in unreachable(self._space).items():
            wanted = condition.values if isinstance(condition, Parent) else ()
            values = " or ".join(map(repr, wanted)) or "a value"
            self._say(
                f"never active: {parameter.name}",
                f"{parameter.name} can never be used: it is searched only where "
                f"{condition.name} is {values}, and it never is.",
            )
        if len(self._space) == 0 and self._known.used_nothing:
            self._say(
                "one point",
                "no hyperparameter was asked for, so there is nothing to search: ask for values "
                'with hp.Float("name", …) and the like.',
            )
        elif len(self._space) and self._space.size == 1:
            names = self._space.names
            each = names[0] if len(names) == 1 else f"each of {', '.join(names)}"
            self._say("one point", f"there is only one point to try: {each} has a single value.")

    def _look_at_trials(self, failing: int, unused: int) -> None:
        known, objective = self._known, self._objective
        if known.is_constant and known.scored >= CONSTANT and objective is not None:
            self._say(
                "constant",
                f"{objective.name} was {score_text(known.first)} in each of the first "
                f"{known.scored} trials: it does not depend on what is searched; check what is "
                "measured.",
            )
        if not known.scored and known.lost >= failing and len(known.reasons) == 1:
            self._say(
                "failing",
                f"all {known.lost} trials {known.word} for one reason: {known.reason}",
            )
        several = {parameter.name for parameter in self._space if parameter.n_values > 1}
        for name in filter(several.__contains__, known.unused(unused)):
            self._say(
                f"unused: {name}",
                f"{name} made no difference: none of the {known.offered[name]} trials that were "
                "given a value of it read it.",
            )

    def _say(self, key: str, sentence: str) -> None:
        if self._is_quiet or key in self._said:
            return
        self._said.add(key)
        stream = self._stream or sys.stdout
        try:
            print(printable(f"Note: {sentence}", stream.encoding), file=stream, flush=True)
        except (OSError, ValueError, AttributeError):
            return  # the reader is gone: the search goes on without one


class _Known:
    """What the trials of a search have in common."""

    def __init__(self) -> None:
        self.scored = 0
        self.first: float | None = None
        self.is_constant = True
        self.lost = 0
        self.word = "failed"
        self.reason = ""
        self.reasons: set[str] = set()
        self.used_nothing = False
        self.offered: Counter[str] = Counter()
        self._used: set[str] = set()
        self._points: set[str] = set()

    def add(self, trial: Trial) -> None:
        """Take in a finished trial."""
        self._used.update(trial.values)
        if trial.scores:
            self._score(trial)
        else:
            self._lose(trial)

    def unused(self, least: int) -> list[str]:
        """What at least so many trials were given, and none used."""
        return [n for n, count in self.offered.items() if count >= least and n not in self._used]

    def _score(self, trial: Trial) -> None:
        if self.first is None:
            self.first = trial.scores[0]
        self.is_constant = self.is_constant and trial.scores[0] == self.first
        self._points.add(repr(sorted(trial.values.items())))
        self.scored = len(self._points) if self.is_constant else self.scored + 1
        self.used_nothing = not trial.values
        # What crashed says nothing of what it would have read.
        self.offered.update(trial.suggestion.values.keys())

    def _lose(self, trial: Trial) -> None:
        self.lost += 1
        if trial.state is TrialState.SKIPPED:
            self.word = "were skipped"
        self.reason = reason_text(trial.message) or "nothing is known of it"
        # Sizes and values differ from trial to trial; the reason is the same.
        self.reasons.add(re.sub(r"\d[\d.e+-]*", "#", self.reason))
