"""`Choice`, `Boolean` and `Fixed`: one of a list, yes or no, and a constant.

Source: KerasTuner's public behaviour, except that a `Choice` keeps real booleans and may hold
`None` and any JSON value. A value is known by its label, its canonical JSON text, so `True` and
`1` are two values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from luthier.space._conditions import Condition
from luthier.space._names import UNNAMED, check_name, split_list
from luthier.space._parameters import HyperParameter, check_conditions
from luthier.space._values import SCALARS, fresh, label, plain

_ONLY = "`int`, `float`, `str`, or `bool`"


class Choice(HyperParameter):
    """One value of a list.

    Args:
        name: unique under its conditions; left out, `Choice(["a", "b"])`, where the place gives it.
        values: numbers, texts or booleans of one type; beside them `None` and lists, tuples and
            dicts of JSON values. A value given twice is sampled twice as often.
        ordered: whether the order means something; by default True for numbers. Numbers only.
        default: the first value to try; the first of the list if None.
        conditions: when it is active.

    Raises:
        ValueError: no values, a default that is not among them, `ordered=True` without numbers.
        TypeError: values of several plain types, or not JSON values.

    Example:
        >>> import luthier
        >>> kind = luthier.Choice("kind", ["relu", "gelu", None], default="gelu")
        >>> kind.default, kind.n_values
        ('gelu', 3)
    """

    __slots__ = ("_distinct", "_firsts", "_values", "n_values", "ordered")

    _values: tuple[Any, ...]
    ordered: bool
    n_values: int
    _distinct: tuple[int, ...]
    _firsts: dict[str, int]

    def __init__(
        self,
        name: str | Iterable[Any] = UNNAMED,
        values: Iterable[Any] | None = None,
        ordered: bool | None = None,
        default: Any = None,
        *,
        conditions: Iterable[Condition] | None = None,
    ) -> None:
        name, values = split_list(name, values)
        name = check_name(name)
        found = _check_values(values)
        firsts: dict[str, int] = {}
        for index, value in enumerate(found):
            firsts.setdefault(label(value), index)
        self._set(
            name=name,
            conditions=check_conditions(conditions),
            _default=_check_default(found, firsts, default),
            _values=found,
            ordered=_check_ordered(found, ordered),
            n_values=len(firsts),
            _distinct=tuple(firsts.values()),
            _firsts=firsts,
        )

    @property
    def values(self) -> list[Any]:
        """The list as it was given."""
        return [fresh(value) for value in self._values]

    @property
    def default(self) -> Any:
        """As given, else the first of the list."""
        return fresh(self._values[0] if self._default is None else self._default)

    def value_at(self, index: int) -> Any:
        """The distinct value number `index`, counted from 0 in the order of the list."""
        return fresh(self._values[self._distinct[index]])

    @property
    def is_numeric(self) -> bool:
        """Whether all values are numbers, booleans not counted as such."""
        return all(type(value) in (int, float) for value in self._values)

    def own(self, value: Any) -> Any:
        """The equal value as the user wrote it (a tuple that came back from JSON as a list)."""
        position = self._firsts.get(label(value))
        return value if position is None else fresh(self._values[position])

    def prob_to_value(self, prob: float) -> Any:
        """The value at a cumulative probability in [0, 1]."""
        n = len(self._values)
        return fresh(self._values[min(int(prob * n), n - 1)])

    def value_to_prob(self, value: Any) -> float:
        """The middle of the value's cell."""
        return (self._position(value) + 0.5) / len(self._values)

    def contains(self, value: Any) -> bool:
        """Whether the value, with its type, is in the list."""
        try:
            return label(value) in self._firsts
        except (TypeError, ValueError):
            return False

    def allowed(self) -> str:
        """The list in words."""
        return f"one of {list(self._values)}"

    def label(self, value: Any) -> str:
        """The canonical JSON text of the value."""
        return label(value)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `default` is the value that is used."""
        return {
            "name": self.name,
            "default": self.default,
            "conditions": self._conditions_config(),
            "values": self.values,
            "ordered": self.ordered,
        }

    def _position(self, value: Any) -> int:
        if self.contains(value):
            return self._firsts[label(value)]
        for position, known in enumerate(self._values):
            if known == value:
                return position
        raise ValueError(f"{value!r} is not in the values of {self!r}.")

    def __repr__(self) -> str:
        return (
            f"Choice(name: '{self.name}', values: {list(self._values)}, "
            f"ordered: {self.ordered}, default: {self.default})"
        )


def _check_values(values: Any) -> tuple[Any, ...]:
    if values is None:
        raise ValueError("`values` must be provided for `Choice`.")
    if isinstance(values, set | frozenset | dict) or not isinstance(values, Iterable):
        raise TypeError(
            f"`values` of a `Choice` must be a list, received: {values!r} of type {type(values)}."
        )
    given = list(values)
    if not given:
        raise ValueError("`values` must be provided for `Choice`.")
    try:
        found = tuple(plain(value) for value in given)
    except TypeError as error:
        types = ", ".join(dict.fromkeys(str(type(value)) for value in given))
        raise TypeError(
            f"A `Choice` can contain only {_ONLY}, `None`, and lists, tuples and dicts of these, "
            f"found values: {given} with types: {types}. {error}"
        ) from None
    kinds = dict.fromkeys(type(value) for value in found if isinstance(value, SCALARS))
    if len(kinds) > 1:
        names = "{" + ", ".join(map(str, kinds)) + "}"
        raise TypeError(
            f"A `Choice` can contain only one type of value, found values: {given} "
            f"with types {names}."
        )
    return found


def _check_ordered(values: tuple[Any, ...], ordered: bool | None) -> bool:
    numeric = all(isinstance(value, int | float) for value in values)
    if ordered is None:
        return numeric
    if ordered and not numeric:
        raise ValueError("`ordered` must be `False` for non-numeric types.")
    return bool(ordered)


def _check_default(values: tuple[Any, ...], firsts: dict[str, int], default: Any) -> Any:
    if default is None:
        return None
    wanted = label(plain(default))
    if wanted in firsts:
        return values[firsts[wanted]]
    for value in values:
        if value == default:
            return value
    raise ValueError(
        "The default value should be one of the choices. "
        f"You passed: values={list(values)}, default={default}"
    )


def _is_truth_value(value: Any) -> bool:
    return isinstance(value, int | float | np.number | np.bool_) and value in (0, 1)


class Boolean(HyperParameter):
    """Yes or no.

    Args:
        name: unique under its conditions.
        default: the first value to try.
        conditions: when it is active.

    Raises:
        ValueError: the default is no bool.

    Example:
        >>> import luthier
        >>> luthier.Boolean("bias", default=True).values
        (True, False)
    """

    __slots__ = ()

    def __init__(
        self,
        name: str = UNNAMED,
        default: bool = False,
        *,
        conditions: Iterable[Condition] | None = None,
    ) -> None:
        if not _is_truth_value(default):
            raise ValueError(f"`default` must be a Python boolean. You passed: default={default}")
        self._set(
            name=check_name(name),
            conditions=check_conditions(conditions),
            _default=bool(default),
        )

    @property
    def values(self) -> tuple[bool, ...]:
        """True and False."""
        return (True, False)

    @property
    def n_values(self) -> int:
        """Two."""
        return 2

    @property
    def default(self) -> bool:
        """As given."""
        return bool(self._default)

    def value_at(self, index: int) -> bool:
        """False, True: the order of their probabilities."""
        return bool(index)

    def prob_to_value(self, prob: float) -> bool:
        """True from 0.5 on."""
        return bool(prob >= 0.5)

    def value_to_prob(self, value: bool) -> float:
        """0.75 for True, 0.25 for False."""
        return 0.75 if value else 0.25

    def contains(self, value: Any) -> bool:
        """Whether the value is a bool."""
        return type(value) is bool

    def allowed(self) -> str:
        """Both values in words."""
        return "True or False"

    def label(self, value: Any) -> str:
        """`true` or `false`; 1 and 0 count as such."""
        return "true" if value else "false"

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            "name": self.name,
            "default": self.default,
            "conditions": self._conditions_config(),
        }

    def __repr__(self) -> str:
        return f'Boolean(name: "{self.name}", default: {self.default})'


class Fixed(HyperParameter):
    """A constant that is kept with the others.

    Args:
        name: unique under its conditions.
        value: a number, text or bool.
        conditions: when it is active.

    Raises:
        ValueError: the value is of another type.

    Example:
        >>> import luthier
        >>> luthier.Fixed("classes", 10).default
        10
    """

    __slots__ = ("value",)

    value: Any

    def __init__(
        self, name: str, value: Any, *, conditions: Iterable[Condition] | None = None
    ) -> None:
        try:
            found = plain(value)
        except TypeError:
            found = None
        if not isinstance(found, SCALARS):
            raise ValueError(f"`Fixed` value must be an {_ONLY}, found {value}")
        self._set(
            name=check_name(name),
            conditions=check_conditions(conditions),
            _default=found,
            value=found,
        )

    @property
    def values(self) -> tuple[Any, ...]:
        """The one value."""
        return (self.value,)

    @property
    def n_values(self) -> int:
        """One."""
        return 1

    @property
    def default(self) -> Any:
        """The value."""
        return self.value

    def value_at(self, index: int) -> Any:
        """The value."""
        return self.value

    def prob_to_value(self, prob: float) -> Any:
        """The value."""
        return self.value

    def value_to_prob(self, value: Any) -> float:
        """The middle."""
        return 0.5

    def contains(self, value: Any) -> bool:
        """Whether it is the value."""
        return isinstance(value, SCALARS) and label(value) == label(self.value)

    def allowed(self) -> str:
        """The value in words."""
        return f"{self.value!r} (it is fixed)"

    def label(self, value: Any) -> str:
        """The canonical JSON text of the value."""
        return label(value)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "conditions": self._conditions_config(), "value": self.value}

    def __repr__(self) -> str:
        return f"Fixed(name: {self.name}, value: {self.value})"
