"""`Int` and `Float`: numbers in a range, with or without steps, on a linear, log or reversed log scale.

With `low` and `high` the bounds and p the cumulative probability in [0, 1]:

- linear: `low + p (high - low)`
- log: `low (high / low)^p`
- reverse_log: `high + low - low (high / low)^(1 - p)`: dense near the upper bound

A step divides the scale into n cells of equal probability, whose values are `low + i step` (linear),
`low step^i` (log) and `high + low - low step^i` (reverse_log, counted from the upper bound).
Source: KerasTuner's public behaviour, except that `value_to_prob` finds the right cell for values that are
on a step but for rounding, and that no value leaves the range by rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from luthier.space._conditions import Condition
from luthier.space._parameters import HyperParameter, check_conditions, check_name

Sampling = Literal["linear", "log", "reverse_log"]
SAMPLINGS = ("linear", "log", "reverse_log")

# Rounding errors of a step computed in floating point, far below any step that means something.
_SLACK = 1e-8


@dataclass(frozen=True, slots=True)
class Continuous:
    """A range without steps. `high` is the upper end of the scale (for `Int`, max_value + 1)."""

    low: float
    high: float
    sampling: Sampling

    def value(self, prob: float) -> float:
        """The number at a cumulative probability."""
        low, high = self.low, self.high
        if self.sampling == "linear":
            return prob * (high - low) + low
        if self.sampling == "log":
            return low * math.pow(high / low, prob)
        return high + low - low * math.pow(high / low, 1.0 - prob)

    def prob(self, value: float) -> float:
        """The cumulative probability of a number."""
        low, high = self.low, self.high
        if low == high:
            return 0.5
        if self.sampling == "linear":
            return (value - low) / (high - low)
        value = min(max(value, low), high)
        if self.sampling == "log":
            return math.log(value / low) / math.log(high / low)
        return 1.0 - math.log((high + low - value) / low) / math.log(high / low)


@dataclass(frozen=True, slots=True)
class Steps:
    """A range cut into `n` values."""

    low: float
    high: float
    step: float
    sampling: Sampling
    n: int

    def value(self, index: int) -> float:
        """The value number `index`, counted from 0."""
        if self.sampling == "linear":
            return self.low + index * self.step
        if self.sampling == "log":
            return self.low * self.step**index
        return self.high + self.low - self.low * self.step**index

    def index(self, value: float) -> int:
        """The number of the value, or of the one whose cell it is in; beyond the range it goes on."""
        if self.sampling == "linear":
            place = (value - self.low) / self.step
        else:
            value = min(max(value, self.low), self.high)
            ratio = value if self.sampling == "log" else self.high + self.low - value
            place = math.log(ratio / self.low) / math.log(self.step)
        return math.floor(place + _SLACK * max(1.0, abs(place)))


def count_steps(low: float, high: float, step: float, sampling: Sampling) -> int:
    """How many values fit; on a linear scale as `(high - low) // step` says, which KerasTuner uses."""
    if sampling == "linear":
        return int((high - low) // step) + 1
    return int(math.log(high / low) / math.log(step) + _SLACK) + 1


def as_int(what: str, value: Any) -> int:
    """The value as an `int`; whole floats are accepted.

    Raises:
        ValueError: a number or a text that is no whole number, or a bool.
        TypeError: not a number at all.
    """
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    kind = ValueError if isinstance(value, int | float | str) else TypeError
    raise kind(f"{what} must be an int, Received: {value} of type {type(value)}.")


def as_number(what: str, value: Any) -> float:
    """The value as a finite `int` or `float`.

    Raises:
        ValueError: a text, a bool, NaN or an infinity.
        TypeError: not a number at all.
    """
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError(f"{what} must be a finite number, Received: {value}.")
        return value
    kind = ValueError if isinstance(value, int | str) else TypeError
    raise kind(f"{what} must be a float, Received: {value} of type {type(value)}.")


def check_sampling(where: str, sampling: Any) -> Sampling:
    """The scale's name in lower case; None means linear.

    Raises:
        ValueError: there is no such scale.
    """
    name = "linear" if sampling is None else sampling
    name = name.lower() if isinstance(name, str) else name
    for known in SAMPLINGS:
        if name == known:
            return known  # type: ignore[return-value]
    known = "{" + ", ".join(map(repr, SAMPLINGS)) + "}"
    raise ValueError(f"{where}, sampling must be one of {known}. Received: {sampling!r}.")


def check_range(where: str, low: float, high: float, step: float | None, sampling: str) -> None:
    """Refuses bounds and steps that mean nothing.

    Raises:
        ValueError: empty or infinitely wide range, a log scale from 0 or below, a step that leads nowhere.
    """
    if low > high:
        raise ValueError(f"{where}, min_value {low} is greater than the max_value {high}.")
    if sampling != "linear" and low <= 0:
        raise ValueError(
            f"{where}, sampling='{sampling}' does not support negative values, "
            f"found min_value: {low}."
        )
    least = 0 if sampling == "linear" else 1
    if step is not None and step <= least:
        raise ValueError(
            f"{where}, expected step > {least} with sampling='{sampling}'. Received: step={step}."
        )
    try:
        wide = float(high - low) if sampling == "linear" else high / low
    except OverflowError:
        wide = math.inf
    if not math.isfinite(wide):
        raise ValueError(f"{where}, the range from {low} to {high} is too wide.")


class Int(HyperParameter):
    """A whole number in a range that includes both ends.

    Args:
        name: unique under its conditions.
        min_value: the lower bound.
        max_value: the upper bound, itself a possible value if a step meets it.
        step: the distance of two values, or their ratio on a log scale. Default 1 on a linear scale.
        sampling: `"linear"`, `"log"` or `"reverse_log"`.
        default: the first value to try; `min_value` if None.
        conditions: when it is active.

    Raises:
        ValueError: numbers that are no whole numbers, an empty range, an unknown scale.
        TypeError: no numbers.
    """

    __slots__ = ("_scale", "_steps", "max_value", "min_value", "n_values", "sampling", "step")

    min_value: int
    max_value: int
    step: int | None
    sampling: Sampling
    n_values: int
    _steps: Steps | None
    _scale: Continuous

    def __init__(
        self,
        name: str,
        min_value: int,
        max_value: int,
        step: int | None = None,
        sampling: str | None = "linear",
        default: int | None = None,
        *,
        conditions: Iterable[Condition] | None = None,
    ) -> None:
        name = check_name(name)
        where = f"For HyperParameters.Int(name='{name}')"
        low, high = as_int("min_value", min_value), as_int("max_value", max_value)
        scale = check_sampling(where, sampling)
        if step is None and scale == "linear":
            step = 1
        step = None if step is None else as_int("step", step)
        check_range(where, low, high, step, scale)
        steps = None
        if step is not None:
            n = (
                (high - low) // step + 1
                if scale == "linear"
                else count_steps(low, high, step, scale)
            )
            steps = Steps(low, high, step, scale, n)
        self._set(
            name=name,
            conditions=check_conditions(conditions),
            _default=None if default is None else as_int("default", default),
            min_value=low,
            max_value=high,
            step=step,
            sampling=scale,
            n_values=steps.n if steps else high - low + 1,
            _steps=steps,
            _scale=Continuous(low, high + 1, scale),
        )

    @property
    def default(self) -> int:
        """As given, else the lower bound."""
        return self.min_value if self._default is None else self._default

    @property
    def values(self) -> Iterable[int]:
        """All values if there is a step, else ten that are evenly spaced in probability."""
        if self._steps is None:
            return ten_values(self.prob_to_value)
        if self.sampling == "linear":
            return range(self.min_value, self.max_value + 1, self._steps.step)  # type: ignore[arg-type]
        return tuple(map(self.value_at, range(self.n_values)))

    def value_at(self, index: int) -> int:
        """The value number `index`, counted from 0 in the order of the scale."""
        if self._steps is None:
            return self.min_value + index
        return int(self._steps.value(index))

    def prob_to_value(self, prob: float) -> int:
        """The value at a cumulative probability in [0, 1]."""
        if self._steps is not None:
            return int(self._steps.value(min(int(prob * self.n_values), self.n_values - 1)))
        return min(max(int(self._scale.value(prob)), self.min_value), self.max_value)

    def value_to_prob(self, value: int) -> float:
        """The middle of the value's cell."""
        if self._steps is not None:
            return (self._steps.index(value) + 0.5) / self.n_values
        if self.n_values == 1:
            return 0.5
        return self._scale.prob(value + 0.5)

    def contains(self, value: Any) -> bool:
        """Whether the value is an int in the range and on a step."""
        if type(value) is not int or not self.min_value <= value <= self.max_value:
            return False
        if self._steps is None:
            return True
        index = self._steps.index(value)
        return 0 <= index < self.n_values and self.value_at(index) == value

    def allowed(self) -> str:
        """The range in words."""
        by = "" if self.step in (None, 1) else f" in steps of {self.step} ({self.sampling})"
        return f"an int from {self.min_value} to {self.max_value}{by}"

    def label(self, value: Any) -> str:
        """The number; `3` and `3.0` are the same."""
        return repr(int(value)) if value == value // 1 else repr(float(value))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `default` as it was given."""
        return {
            "name": self.name,
            "default": self._default,
            "conditions": self._conditions_config(),
            "min_value": self.min_value,
            "max_value": self.max_value,
            "step": self.step,
            "sampling": self.sampling,
        }

    def __repr__(self) -> str:
        return (
            f"Int(name: '{self.name}', min_value: {self.min_value}, max_value: {self.max_value}, "
            f"step: {self.step}, sampling: {self.sampling}, default: {self.default})"
        )


class Float(HyperParameter):
    """A number in a range.

    Args:
        name: unique under its conditions.
        min_value: the lower bound.
        max_value: the upper bound.
        step: the distance of two values, or their ratio on a log scale; None for a continuous range.
        sampling: `"linear"`, `"log"` or `"reverse_log"`.
        default: the first value to try; `min_value` if None.
        conditions: when it is active.

    Raises:
        ValueError: numbers that are not finite, an empty range, an unknown scale.
        TypeError: no numbers.
    """

    __slots__ = ("_scale", "_steps", "max_value", "min_value", "n_values", "sampling", "step")

    min_value: float
    max_value: float
    step: float | None
    sampling: Sampling
    n_values: int | float
    _steps: Steps | None
    _scale: Continuous

    def __init__(
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str | None = "linear",
        default: float | None = None,
        *,
        conditions: Iterable[Condition] | None = None,
    ) -> None:
        name = check_name(name)
        where = f"For HyperParameters.Float(name='{name}')"
        low = float(as_number("min_value", min_value))
        high = float(as_number("max_value", max_value))
        step = None if step is None else as_number("step", step)
        scale = check_sampling(where, sampling)
        check_range(where, low, high, step, scale)
        steps = None
        if step is not None:
            steps = Steps(low, high, step, scale, count_steps(low, high, step, scale))
        self._set(
            name=name,
            conditions=check_conditions(conditions),
            _default=None if default is None else as_number("default", default),
            min_value=low,
            max_value=high,
            step=step,
            sampling=scale,
            n_values=steps.n if steps else 1 if low == high else math.inf,
            _steps=steps,
            _scale=Continuous(low, high, scale),
        )

    @property
    def default(self) -> float:
        """As given, else the lower bound."""
        return self.min_value if self._default is None else self._default

    @property
    def values(self) -> Iterable[float]:
        """All values if there is a step, else ten that are evenly spaced in probability."""
        if self._steps is None:
            return ten_values(self.prob_to_value)
        return map(self.value_at, range(self._steps.n))

    def value_at(self, index: int) -> float:
        """The value number `index`, counted from 0 in the order of the scale."""
        if self._steps is None:
            return self.min_value
        return float(self._steps.value(index))

    def prob_to_value(self, prob: float) -> float:
        """The value at a cumulative probability in [0, 1]."""
        if self._steps is not None:
            n = self._steps.n
            return float(self._steps.value(min(int(prob * n), n - 1)))
        value = self._scale.value(prob)
        if value < self.min_value:
            return self.min_value
        return self.max_value if value > self.max_value else value

    def value_to_prob(self, value: float) -> float:
        """The cumulative probability of the value, the middle of its cell if there is a step."""
        if self._steps is not None:
            return (self._steps.index(value) + 0.5) / self._steps.n
        return self._scale.prob(value)

    def contains(self, value: Any) -> bool:
        """Whether the value is a number in the range and, but for rounding, on a step."""
        if type(value) not in (int, float) or not math.isfinite(value):
            return False
        if self._steps is None:
            return self.min_value <= value <= self.max_value
        index = self._steps.index(value)
        if not 0 <= index < self._steps.n:
            return False
        return math.isclose(self._steps.value(index), value, rel_tol=1e-9, abs_tol=1e-12)

    def allowed(self) -> str:
        """The range in words."""
        by = "" if self.step is None else f" in steps of {self.step} ({self.sampling})"
        return f"a number from {self.min_value} to {self.max_value}{by}"

    def label(self, value: Any) -> str:
        """The number as a float; `1` and `1.0` are the same."""
        return repr(float(value) + 0.0)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `default` is the value that is used."""
        return {
            "name": self.name,
            "default": self.default,
            "conditions": self._conditions_config(),
            "min_value": self.min_value,
            "max_value": self.max_value,
            "step": self.step,
            "sampling": self.sampling,
        }

    def __repr__(self) -> str:
        return (
            f"Float(name: '{self.name}', min_value: '{self.min_value}', "
            f"max_value: '{self.max_value}', step: '{self.step}', "
            f"sampling: '{self.sampling}', default: '{self.default}')"
        )


def ten_values(prob_to_value: Callable[[float], Any]) -> tuple[Any, ...]:
    """The values at the middles of ten cells of equal probability, each once."""
    return tuple(dict.fromkeys(prob_to_value((i + 0.5) / 10) for i in range(10)))
