"""`HyperParameter`: one named dimension of a search space.

The classes are `Int` and `Float` (`_numeric.py`), `Choice`, `Boolean` and `Fixed`
(`_categorical.py`). Each maps its values to the unit interval and back, and has a finite or
infinite number of distinct values. All are immutable, hashable and equal when their configurations
are.

Names, arguments, sampling and texts follow KerasTuner's public behaviour.
"""

from __future__ import annotations

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from luthier.space._conditions import Condition, deserialize_condition, serialize_condition
from luthier.space._values import structure_label

Conditions = tuple[Condition, ...]


def check_conditions(conditions: Iterable[Condition] | None) -> Conditions:
    """The conditions as a tuple.

    Raises:
        TypeError: something in it is no condition.
    """
    found = tuple(conditions or ())
    for condition in found:
        if not isinstance(condition, Condition):
            raise TypeError(f"`conditions` must hold conditions, received: {condition!r}.")
    return found


class HyperParameter(ABC):
    """One named dimension. Immutable; equal to another of the same class and configuration.

    Attributes:
        name: the full name, with its scopes (`a/b/name`).
        conditions: all must hold for the hyperparameter to be active.

    Example:
        >>> import luthier
        >>> unit = luthier.Float("x", 0.0, 2.0)
        >>> unit == luthier.Float("x", 0.0, 2.0), unit.contains(3.0)
        (True, False)
    """

    __slots__ = ("_default", "_identity", "conditions", "name")

    name: str
    conditions: Conditions
    _default: Any
    _identity: str

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"A hyperparameter cannot be changed: {name!r} of {self!r}.")

    def _set(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    @property
    @abstractmethod
    def default(self) -> Any:
        """The value in a space that has not been searched yet."""

    @property
    @abstractmethod
    def values(self) -> Iterable[Any]:
        """All values; for an infinite range, ten that are evenly spaced in probability."""

    @property
    @abstractmethod
    def n_values(self) -> int | float:
        """The number of distinct values, `math.inf` for a continuous range."""

    @abstractmethod
    def value_at(self, index: int) -> Any:
        """The distinct value number `index`, counted from 0 in the order of the definition."""

    @abstractmethod
    def prob_to_value(self, prob: float) -> Any:
        """The value at a cumulative probability in [0, 1]."""

    @abstractmethod
    def value_to_prob(self, value: Any) -> float:
        """A cumulative probability at which `prob_to_value` gives this value."""

    @abstractmethod
    def contains(self, value: Any) -> bool:
        """Whether the value is of the right type and one of those that can be sampled."""

    @abstractmethod
    def allowed(self) -> str:
        """What may be given, in words for an error message."""

    @abstractmethod
    def label(self, value: Any) -> str:
        """The canonical text of one of its values, the same in every process."""

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as a JSON-able dict."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The hyperparameter that `get_config` described."""
        arguments = dict(config)
        arguments["conditions"] = [
            c if isinstance(c, Condition) else deserialize_condition(c)
            for c in arguments.get("conditions") or ()
        ]
        return cls(**arguments)

    def named(self, name: str) -> Self:
        """The same under another name."""
        return type(self).from_config({**self.get_config(), "name": name})

    def random_sample(self, seed: int | None = None) -> Any:
        """One random value; the same for the same seed, 0 included."""
        return self.prob_to_value(random.Random(seed).random())

    def distinct_values(self) -> Iterator[Any]:
        """Every distinct value, lazily.

        Raises:
            ValueError: the range is continuous.
        """
        if self.n_values == math.inf:
            raise ValueError(f"{self!r} has infinitely many values.")
        return map(self.value_at, range(int(self.n_values)))

    def _conditions_config(self) -> list[dict[str, Any]]:
        return [serialize_condition(condition) for condition in self.conditions]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HyperParameter):
            return NotImplemented
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> str:
        # Built late and once: most hyperparameters are never compared.
        try:
            return self._identity
        except AttributeError:
            self._set(_identity=structure_label([type(self).__name__, self.get_config()]))
            return self._identity

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_config, (self.get_config(),)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self
