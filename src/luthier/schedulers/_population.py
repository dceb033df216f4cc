"""`Population`: trials that copy the better ones and change a little, generation by generation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from luthier.records import Decision, History, Reply, Suggestion, Trial, TrialState
from luthier.schedulers._curves import GO_ON, Curve, checked, ranked
from luthier.schedulers._judging import Judging

_MEMBER, _GENERATION = "member", "generation"


class Population(Judging):
    """Population based training.

    The first `size` trials run for `interval` epochs each. The next generation goes on from them:
    a member among the best of its generation goes on with its own weights and values; one of the
    worst goes on with the weights, the optimizer's state and the values of one of the best, and its
    values are perturbed. Each generation of a member is a trial of its own, so that the schedule of
    values that a population found can be read from its trials.

    Args:
        size: members.
        interval: epochs of a generation.
        generations: how many there are; None: as many as the trials' epochs allow, or 10.
        exploit: which part of a generation is replaced by copies of as many of its best.
        factor: numbers are multiplied by this or divided by it.

    Raises:
        ValueError: for numbers that make no population.

    Source: Jaderberg et al., "Population based training of neural networks", arXiv:1711.09846,
    with truncation selection and perturbation.
    """

    def __init__(
        self,
        size: int = 10,
        interval: int = 1,
        generations: int | None = None,
        *,
        exploit: float = 0.25,
        factor: float = 1.2,
    ) -> None:
        super().__init__()
        self._size = checked("size", size, 2)
        self._interval = checked("interval", interval, 1)
        self._generations = None if generations is None else checked("generations", generations, 1)
        if not 0 < exploit <= 0.5:
            raise ValueError(f"Expected `exploit` to lie in (0, 0.5], got {exploit!r}.")
        if not factor > 1:
            raise ValueError(f"Expected `factor` to be greater than 1, got {factor!r}.")
        self._exploit, self._factor = exploit, factor

    @property
    def settings(self) -> Mapping[str, Any]:
        """Name and options."""
        return {
            "name": "population",
            "size": self._size,
            "interval": self._interval,
            "generations": self._generations,
            "exploit": self._exploit,
            "factor": self._factor,
        }

    def propose(self, history: History) -> Suggestion | None:
        """The next generation of a member, once all of its own have ended."""
        members: dict[tuple[int, int], Trial] = {}
        for trial in history.trials:
            if trial.state is not TrialState.SKIPPED:
                members[_place(trial, self._size)] = trial
        self._curves.update(history)
        last = self._last(history)
        for generation in range(last):
            current = [members.get((member, generation)) for member in range(self._size)]
            if any(trial is None or not trial.state.is_finished for trial in current):
                return None
            alive = [trial for trial in current if trial is not None and trial.scores]
            for member in range(self._size):
                if (member, generation + 1) not in members and alive:
                    own = members[member, generation]
                    return self._next(own, member, generation, alive, history)
        return None

    def _judge(self, trial: Trial, curve: Curve, history: History) -> Reply:
        """Stop at the end of the generation."""
        _, generation = _place(trial, self._size)
        if curve.done < (generation + 1) * self._interval:
            return GO_ON
        if generation == self._last(history) and curve.done >= (history.horizon or 0):
            return GO_ON
        return Reply(Decision.STOP, f"generation {generation + 1} has run its epochs")

    def lends(self, history: History) -> frozenset[int]:
        """All of a generation, until every member of the next one has ended."""
        last, waiting = self._last(history), set[int]()
        done = {_place(t, self._size): t.state.is_finished for t in history.trials}
        for generation in range(last):
            if not all(done.get((member, generation + 1)) for member in range(self._size)):
                waiting.add(generation)
        return frozenset(
            trial.number for trial in history.trials if _place(trial, self._size)[1] in waiting
        )

    def _last(self, history: History) -> int:
        """The number of the last generation."""
        if self._generations is not None:
            return self._generations - 1
        return max(1, (history.horizon or 10 * self._interval) // self._interval) - 1

    def _next(
        self, own: Trial, member: int, generation: int, alive: list[Trial], history: History
    ) -> Suggestion:
        order = ranked({t.number: self._curves[t.number].best[-1] for t in alive})
        cut = max(1, round(self._exploit * len(order)))
        rng = np.random.default_rng((history.seed, member, generation, 17))
        parent, values = own, dict(own.values)
        note = "goes on by itself"
        is_last = own.number in order[-cut:] and own.number not in order[:cut]
        if not own.scores or (is_last and len(order) > 1):
            best = int(order[int(rng.integers(cut))])
            parent = next(trial for trial in alive if trial.number == best)
            values = self._perturb(parent.values, history, rng)
            note = f"copies trial {best} and changes its values"
        return Suggestion(
            values,
            budget=(generation + 2) * self._interval,
            resume_from=parent.number,
            note=f"member {member}, generation {generation + 2}: {note}",
            extra={_MEMBER: member, _GENERATION: generation + 1},
        )

    def _perturb(
        self, values: Mapping[str, Any], history: History, rng: np.random.Generator
    ) -> dict[str, Any]:
        """Numbers times or by the factor, within their ranges; now and then a value drawn anew."""
        space = history.space
        drawn = space.sample(rng)
        changed = dict(values)
        for parameter in space:
            name = parameter.name
            value = values.get(name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            low, high = getattr(parameter, "min_value", None), getattr(parameter, "max_value", None)
            if value is None or name not in drawn:
                continue
            if not number or low is None or high is None:
                if rng.random() < 0.25:
                    changed[name] = drawn[name]
                continue
            times = self._factor if rng.random() < 0.5 else 1 / self._factor
            moved = min(max(float(value) * times, low), high)
            changed[name] = _snapped(parameter, moved, value)
        try:
            space.validate(changed)
        except ValueError:
            return dict(values)
        return changed


def _snapped(parameter: Any, moved: float, value: float) -> float | int:
    """The number as the hyperparameter takes it: whole, or on its grid."""
    step = getattr(parameter, "step", None)
    if isinstance(value, int) and not step:
        return round(moved)
    if not step or getattr(parameter, "sampling", "linear") != "linear":
        return moved if not step else value
    count = round((moved - parameter.min_value) / step)
    grid = parameter.min_value + count * step
    snapped = min(grid, parameter.max_value)
    return int(snapped) if isinstance(value, int) else float(snapped)


def _place(trial: Trial, size: int) -> tuple[int, int]:
    """Member and generation of a trial."""
    extra = trial.suggestion.extra
    if _MEMBER in extra:
        return int(extra[_MEMBER]), int(extra[_GENERATION])
    # Members of the first generation by their numbers; whoever comes beyond them is in none.
    return (trial.number, 0) if trial.number < size else (-1 - trial.number, 0)
