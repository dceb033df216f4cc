"""Conditions: when a hyperparameter is active.

A hyperparameter carries a tuple of conditions, and is active when all of them hold. Enters: a dict
of values. Leaves: a bool. The configuration format is KerasTuner's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from luthier.space._values import is_structure, label, plain


class Condition(ABC):
    """Says from other values whether a hyperparameter is active. Immutable and hashable."""

    __slots__ = ()

    name: str
    """The full name of the hyperparameter whose value is asked for."""

    @abstractmethod
    def accepts(self, value: Any) -> bool:
        """Whether it holds when that hyperparameter is active and has this value."""

    @abstractmethod
    def is_active(self, values: Mapping[str, Any]) -> bool:
        """Whether the condition holds for these values (name to value)."""

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as a JSON-able dict."""


@dataclass(frozen=True, slots=True, eq=False)
class Parent(Condition):
    """Holds when the hyperparameter `name` has one of `values`.

    Args:
        name: the full name of the parent.
        values: one value, or a list or tuple of them.

    Raises:
        ValueError: no value was given.
        TypeError: a value is not a JSON value.
    """

    name: str
    values: tuple[Any, ...]
    _labels: frozenset[str] = field(init=False, repr=False)
    _plain: tuple[Any, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        given = self.values if isinstance(self.values, list | tuple) else (self.values,)
        values = tuple(plain(value) for value in given)
        if not values:
            raise ValueError(
                f"Expected at least one value of the parent {self.name!r}, received none."
            )
        object.__setattr__(self, "name", str(self.name))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "_labels", frozenset(map(label, values)))
        scalars = tuple(v for v in values if not is_structure(v))
        object.__setattr__(self, "_plain", scalars)

    def accepts(self, value: Any) -> bool:
        """Whether a value of the parent makes it hold (`1`, `1.0` and `True` are equal)."""
        if is_structure(value):
            return label(value) in self._labels
        return value in self._plain

    def is_active(self, values: Mapping[str, Any]) -> bool:
        """Whether the parent is among the values, with an accepted one."""
        return self.name in values and self.accepts(values[self.name])

    def get_config(self) -> dict[str, Any]:
        """`{"name", "values"}`."""
        return {"name": self.name, "values": list(self.values)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Parent:
        """The condition that `get_config` described."""
        return cls(config["name"], config["values"])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parent):
            return NotImplemented
        return self.name == other.name and self._labels == other._labels

    def __hash__(self) -> int:
        return hash((self.name, self._labels))


def serialize_condition(condition: Condition) -> dict[str, Any]:
    """`{"class_name", "config"}` of a condition."""
    return {"class_name": type(condition).__name__, "config": condition.get_config()}


def deserialize_condition(config: Mapping[str, Any]) -> Condition:
    """The condition that `serialize_condition` described.

    Raises:
        ValueError: the class is not one of Luthier's conditions.
    """
    if config.get("class_name") != "Parent":
        raise ValueError(f"Expected the class_name 'Parent', received {config!r}.")
    return Parent.from_config(config["config"])
