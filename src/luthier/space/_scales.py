"""The scales of numbers, with or without steps, and the checks of their bounds.

With `low` and `high` the bounds and p the cumulative probability in [0, 1]:

- linear: `low + p (high - low)`
- log: `low (high / low)^p`
- reverse_log: `high + low - low (high / low)^(1 - p)`: dense near the upper bound

A step divides the scale into n cells of equal probability, whose values are `low + i step`
(linear), `low step^i` (log) and `high + low - low step^i` (reverse_log, counted from the upper
bound). Source: KerasTuner's public behaviour, except that rounding takes no value away: an upper
bound that a step meets but for rounding is a value, and values on a step but for rounding are in
its cell.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

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
            return _along(low, high, prob)
        return high + low - _along(low, high, 1.0 - prob)

    def prob(self, value: float) -> float:
        """The cumulative probability of a number."""
        low, high = self.low, self.high
        if low == high:
            return 0.5
        if self.sampling == "linear":
            return (value - low) / (high - low)
        value = min(max(value, low), high)
        if self.sampling == "log":
            return log_ratio(value, low) / log_ratio(high, low)
        # At the upper bound `high + low - value` is `low`, unless rounding swallowed it.
        return 1.0 - log_ratio(max(high + low - value, low), low) / log_ratio(high, low)


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
            return min(self.low + index * self.step, self.high)
        if self.sampling == "log":
            return _grown(self.low, self.step, index)
        return self.high + self.low - _grown(self.low, self.step, index)

    def index(self, value: float) -> int:
        """The number of the value whose cell it is in; beyond the range it goes on."""
        if self.sampling == "linear":
            if type(value) is type(self.low) is type(self.step) is int:
                return (value - self.low) // self.step
            place = (value - self.low) / self.step
        else:
            value = min(max(value, self.low), self.high)
            mirrored = max(self.high + self.low - value, self.low)
            ratio = value if self.sampling == "log" else mirrored
            place = log_ratio(ratio, self.low) / math.log(self.step)
        return _whole_steps(place)


def count_steps(low: float, high: float, step: float, sampling: Sampling) -> int:
    """How many values fit, the upper bound among them if it is on a step but for rounding."""
    if sampling == "linear":
        return _whole_steps((high - low) / step) + 1
    return _whole_steps(log_ratio(high, low) / math.log(step)) + 1


def _whole_steps(place: float) -> int:
    """How many whole steps a number of steps is, computed in floating point."""
    return math.floor(place + min(_SLACK * max(1.0, abs(place)), 0.25))


def log_ratio(value: float, low: float) -> float:
    """The logarithm of `value / low`, also where the ratio itself is beyond all floats."""
    ratio = value / low
    return math.log(ratio) if 0.0 < ratio < math.inf else math.log(value) - math.log(low)


def _grown(low: float, step: float, index: int) -> float:
    """`low step^index`."""
    try:
        return low * step**index
    except OverflowError:
        return math.exp(math.log(low) + index * math.log(step))


def _along(low: float, high: float, part: float) -> float:
    """`low (high / low)^part`."""
    ratio = high / low
    if ratio < math.inf:
        return low * math.pow(ratio, part)
    return math.exp(math.log(low) + part * log_ratio(high, low))


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
        if not abs(value) <= sys.float_info.max:
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
        ValueError: empty range or one wider than all floats, a log scale from 0 or below, a step
            that leads nowhere.
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
        # An upper bound alone may be an int beyond all floats.
        wide = float(high - low) if sampling == "linear" else float(high)
    except OverflowError:
        wide = math.inf
    if not math.isfinite(wide):
        raise ValueError(f"{where}, the range from {low} to {high} is too wide.")
    if step is not None and sampling == "linear" and math.isinf(wide / step):
        raise ValueError(f"{where}, the step {step} is too small for {low} to {high}.")


def ten_values(prob_to_value: Callable[[float], Any]) -> tuple[Any, ...]:
    """The values at the middles of ten cells of equal probability, each once."""
    # Written as KerasTuner writes it: the same to the last bit.
    return tuple(dict.fromkeys(prob_to_value(i * 0.1 + 0.05) for i in range(10)))
