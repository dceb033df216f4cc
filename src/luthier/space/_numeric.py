"""`Int` and `Float`: numbers in a range, with or without steps, see `_scales.py`.

Source: KerasTuner's public behaviour, except that no value leaves the range by rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from luthier.space._conditions import Condition
from luthier.space._names import UNNAMED, check_name, split_range
from luthier.space._parameters import HyperParameter, check_conditions
from luthier.space._scales import (
    Continuous,
    Sampling,
    Steps,
    as_int,
    as_number,
    check_range,
    check_sampling,
    count_steps,
    ten_values,
)
from luthier.space._values import label


class Int(HyperParameter):
    """A whole number in a range that includes both ends.

    Args:
        name: unique under its conditions; left out, `Int(1, 9)`, where the place gives it.
        min_value: the lower bound.
        max_value: the upper bound, itself a possible value if a step meets it.
        step: the distance of two values, or their ratio on a log scale. Default 1 on a linear
            scale.
        sampling: `"linear"`, `"log"` or `"reverse_log"`.
        default: the first value to try; `min_value` if None.
        conditions: when it is active.

    Raises:
        ValueError: numbers that are no whole numbers, an empty range, an unknown scale.
        TypeError: no numbers.

    Example:
        >>> import luthier
        >>> list(luthier.Int("units", 16, 64, step=16).values)
        [16, 32, 48, 64]
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
        name: str | float = UNNAMED,
        min_value: int | None = None,
        max_value: int | None = None,
        step: int | None = None,
        sampling: str | None = "linear",
        default: int | None = None,
        *,
        conditions: Iterable[Condition] | None = None,
    ) -> None:
        name, min_value, max_value = split_range(name, min_value, max_value)
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
            return range(self.min_value, self.max_value + 1, self.step or 1)
        return tuple(map(self.value_at, range(self.n_values)))

    def value_at(self, index: int) -> int:
        """The value number `index`, counted from 0 in the order of the scale."""
        if self.step is None:
            return self.min_value + index
        if self.sampling == "linear":
            return self.min_value + index * self.step
        return int(self._steps.value(index)) if self._steps else self.min_value

    def prob_to_value(self, prob: float) -> int:
        """The value at a cumulative probability in [0, 1]."""
        if self._steps is None:
            return min(max(int(self._scale.value(prob)), self.min_value), self.max_value)
        index = int(prob * self.n_values)
        return self.value_at(index if index < self.n_values else self.n_values - 1)

    def value_to_prob(self, value: int) -> float:
        """The middle of the value's cell."""
        if self._steps is not None:
            return (self._steps.index(value) + 0.5) / self.n_values
        return self._scale.prob(value + 0.5)

    def contains(self, value: Any) -> bool:
        """Whether the value is an int in the range and on a step."""
        if type(value) is not int or not self.min_value <= value <= self.max_value:
            return False
        if self._steps is None:
            return True
        index = self._steps.index(value)
        return bool(0 <= index < self.n_values and self.value_at(index) == value)

    def allowed(self) -> str:
        """The range in words."""
        by = "" if self.step in (None, 1) else f" in steps of {self.step} ({self.sampling})"
        return f"an int from {self.min_value} to {self.max_value}{by}"

    def label(self, value: Any) -> str:
        """The number; `3` and `3.0` are the same."""
        if type(value) is float and value.is_integer():
            return repr(int(value))
        return label(value)

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
        name: unique under its conditions; left out, `Float(0.0, 0.5)`, where the place gives it.
        min_value: the lower bound.
        max_value: the upper bound.
        step: the distance of two values, or their ratio on a log scale; None for a continuous
            range.
        sampling: `"linear"`, `"log"` or `"reverse_log"`.
        default: the first value to try; `min_value` if None.
        conditions: when it is active.

    Raises:
        ValueError: numbers that are not finite, an empty range, an unknown scale.
        TypeError: no numbers.

    Example:
        >>> import luthier
        >>> rate = luthier.Float("rate", 1e-4, 1e-2, sampling="log")
        >>> round(rate.prob_to_value(0.5), 6)
        0.001
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
        name: str | float = UNNAMED,
        min_value: float | None = None,
        max_value: float | None = None,
        step: float | None = None,
        sampling: str | None = "linear",
        default: float | None = None,
        *,
        conditions: Iterable[Condition] | None = None,
    ) -> None:
        name, min_value, max_value = split_range(name, min_value, max_value)
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
        if type(value) not in (int, float):
            return False
        slack = 1e-9 * max(abs(self.min_value), abs(self.max_value)) if self._steps else 0.0
        # Comparing first: NaN, infinities and enormous ints end here.
        if not self.min_value - slack <= value <= self.max_value + slack:
            return False
        if self._steps is None:
            return True
        index = min(max(self._steps.index(value), 0), self._steps.n - 1)
        # Near the dense end of a reversed scale rounding may put a value one cell too low.
        near = (index, min(index + 1, self._steps.n - 1))
        return any(abs(self._steps.value(place) - value) <= slack for place in near)

    def allowed(self) -> str:
        """The range in words."""
        by = "" if self.step is None else f" in steps of {self.step} ({self.sampling})"
        return f"a number from {self.min_value} to {self.max_value}{by}"

    def label(self, value: Any) -> str:
        """The number as a float; `1` and `1.0` are the same."""
        return label(float(value) if type(value) is int else value)

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
