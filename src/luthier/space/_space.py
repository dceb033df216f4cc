"""`Space`: all hyperparameters of a search and their conditions, ordered and frozen.

Enters: hyperparameters, and dicts of values. Leaves: new spaces, dicts of values, canonical keys.
A hyperparameter is known by its name and its conditions; where several with one name are active,
the first of them counts. Where values are asked for, a hyperparameter is active if all its
conditions hold for active parents.
"""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from luthier.errors import SpaceError
from luthier.space._conditions import Condition
from luthier.space._counting import count_points
from luthier.space._names import UNNAMED
from luthier.space._parameters import HyperParameter
from luthier.space._serialization import deserialize, serialize
from luthier.space._values import label

Identity = tuple[str, tuple[Condition, ...]]


def identity(parameter: HyperParameter) -> Identity:
    """What makes two definitions the same hyperparameter: its name and its conditions."""
    return parameter.name, parameter.conditions


class Space:
    """An ordered, frozen set of hyperparameters.

    Args:
        parameters: in the order in which they were met; parents may come after their children.

    Raises:
        SpaceError: the same name and conditions twice, a condition on a name that is not there, or
            conditions that form a circle.
        TypeError: something in it is no hyperparameter.

    Example:
        >>> import luthier
        >>> space = luthier.Space([luthier.Int("a", 1, 3), luthier.Choice("b", ["x", "y"])])
        >>> space.size, space.defaults()
        (6, {'a': 1, 'b': 'x'})
    """

    __slots__ = ("_draws", "_keyed", "_order", "_plain", "_size", "names", "parameters")

    parameters: tuple[HyperParameter, ...]
    names: tuple[str, ...]

    def __init__(self, parameters: Iterable[HyperParameter] = ()) -> None:
        self.parameters = tuple(parameters)
        _check(self.parameters)
        self.names = tuple(dict.fromkeys(p.name for p in self.parameters))
        self._order = _parents_first(self.parameters)
        # Without conditions and with one definition a name, everything is active.
        self._plain = len(self.names) == len(self.parameters) and not any(
            p.conditions for p in self.parameters
        )
        ranked = sorted(self._order, key=lambda p: p.name)
        self._keyed = tuple((p.name, label(p.name) + ":", p.label) for p in ranked)
        self._draws = tuple((p.name, p.prob_to_value) for p in self._order)
        self._size: int | float | None = None

    def __len__(self) -> int:
        return len(self.parameters)

    def __iter__(self) -> Iterator[HyperParameter]:
        return iter(self.parameters)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Space):
            return NotImplemented
        return self.parameters == other.parameters

    def __hash__(self) -> int:
        return hash(self.parameters)

    def __repr__(self) -> str:
        return f"Space({list(self.parameters)})"

    @property
    def parents_first(self) -> tuple[HyperParameter, ...]:
        """The hyperparameters in order, but each parent before its children."""
        return self._order

    def merge(self, others: Iterable[HyperParameter]) -> Space:
        """This space, and appended those whose name and conditions it lacks."""
        merged = {identity(p): p for p in self.parameters}
        for other in others:
            merged.setdefault(identity(other), other)
        return self if len(merged) == len(self.parameters) else Space(merged.values())

    def replace(self, parameters: Iterable[HyperParameter]) -> Space:
        """This space with new definitions in the place of the old; those it lacks are appended."""
        merged = {identity(p): p for p in self.parameters}
        merged.update((identity(p), p) for p in parameters)
        return Space(merged.values())

    def active(self, values: Mapping[str, Any]) -> tuple[HyperParameter, ...]:
        """The active hyperparameters, parents first; of several with one name, the first."""
        if self._plain:
            return self._order
        known: dict[str, Any] = {}
        found = []
        for parameter in self._order:
            if parameter.name not in known and _holds(parameter, known):
                found.append(parameter)
                # An active parent without a value meets no condition.
                known[parameter.name] = values.get(parameter.name, _MISSING)
        return tuple(found)

    def complete(
        self,
        values: Mapping[str, Any],
        fill: Callable[[HyperParameter], Any] | None = None,
    ) -> dict[str, Any]:
        """The values of exactly the active hyperparameters, parents first.

        Args:
            values: some of the values; those of inactive or unknown names are left out.
            fill: gives the value of an active hyperparameter that has none; its default if None.

        Returns:
            name to value.
        """
        result: dict[str, Any] = {}
        for parameter in self._order:
            name = parameter.name
            if parameter.conditions and not _holds(parameter, result):
                continue
            if name in result:
                continue
            if name in values:
                result[name] = values[name]
            else:
                result[name] = parameter.default if fill is None else fill(parameter)
        return result

    def defaults(self) -> dict[str, Any]:
        """The default of each hyperparameter that is active with the defaults."""
        return self.complete({})

    def sample(self, rng: np.random.Generator) -> dict[str, Any]:
        """Random values, uniform in probability; one `rng.random()` an active hyperparameter."""
        draw = rng.random
        if self._plain:
            return {name: value_of(draw()) for name, value_of in self._draws}
        return self.complete({}, lambda parameter: parameter.prob_to_value(draw()))

    def validate(self, values: Mapping[str, Any]) -> None:
        """Refuses values that no search could have suggested; missing and inactive ones are fine.

        Raises:
            SpaceError: an unknown name, or an active value that is out of range; says what is
                allowed.
        """
        known = frozenset(self.names)
        for name in values:
            if name not in known:
                raise SpaceError(_unknown(name, self.names))
        for parameter in self.active(values):
            if parameter.name not in values:
                continue
            value = values[parameter.name]
            if not (parameter.contains(value) or _is_default(parameter, value)):
                raise SpaceError(
                    f"Expected {parameter.allowed()} for the hyperparameter {parameter.name!r}, "
                    f"received {value!r} of type {type(value).__name__}."
                )

    def key(self, values: Mapping[str, Any]) -> str:
        """The canonical text of the active values: equal for equal points, in every process.

        It does not depend on the order of the space, and names without a value are left out.
        """
        if not self._plain:
            return self._conditional_key(values)
        parts = [
            text + label_of(values[name]) for name, text, label_of in self._keyed if name in values
        ]
        return "{" + ",".join(parts) + "}"

    def _conditional_key(self, values: Mapping[str, Any]) -> str:
        active = {p.name: p.label for p in self.active(values)}
        parts = []
        for name, text, _ in self._keyed:
            # Once a name, though it may have several definitions.
            label_of = active.pop(name, None)
            if label_of is not None and name in values:
                parts.append(text + label_of(values[name]))
        return "{" + ",".join(parts) + "}"

    @property
    def size(self) -> int | float:
        """The number of distinct points; `math.inf` if continuous or too entangled to count."""
        if self._size is None:
            self._size = count_points(self._order)
        return self._size

    def points(self) -> Iterator[dict[str, Any]]:
        """Every distinct point, lazily; the last hyperparameter varies fastest.

        Raises:
            SpaceError: a hyperparameter has infinitely many values.
        """
        for parameter in self.parameters:
            if parameter.n_values == float("inf"):
                raise SpaceError(
                    f"Expected a finite space, but {parameter.name!r} takes any value in a range: "
                    "give it a step, or sample the space."
                )
        return _enumerate(self._order)

    def get_config(self) -> dict[str, Any]:
        """`{"space": [...]}`, JSON-able."""
        return {"space": [serialize(p) for p in self.parameters]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Space:
        """The space that `get_config` described."""
        return cls(deserialize(item) for item in config["space"])


class _Missing:
    """Equal to no value."""

    __slots__ = ()


_MISSING = _Missing()


def _holds(parameter: HyperParameter, values: Mapping[str, Any]) -> bool:
    # A loop, because a generator costs more than the conditions.
    for condition in parameter.conditions:  # noqa: SIM110
        if not condition.is_active(values):
            return False
    return True


def _is_default(parameter: HyperParameter, value: Any) -> bool:
    # A default may lie out of the range, as in KerasTuner.
    default = parameter.default
    return type(value) is type(default) and bool(value == default)


def _unknown(name: Any, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f": expected one of {', '.join(names)}."
    return f"The space has no hyperparameter {name!r}{hint}"


def _check(parameters: tuple[HyperParameter, ...]) -> None:
    seen: set[Identity] = set()
    for parameter in parameters:
        if not isinstance(parameter, HyperParameter):
            raise TypeError(f"A space holds hyperparameters, received: {parameter!r}.")
        if parameter.name == UNNAMED:
            raise SpaceError(f"A hyperparameter in a space needs a name: {parameter!r}.")
        if identity(parameter) in seen:
            raise SpaceError(
                f"The hyperparameter {parameter.name!r} is defined twice under the same conditions."
            )
        seen.add(identity(parameter))


def _parents_first(parameters: tuple[HyperParameter, ...]) -> tuple[HyperParameter, ...]:
    """The given order, changed only where a parent comes after its child."""
    names = {p.name for p in parameters}
    waiting: dict[int, int] = {}
    children: dict[str, list[int]] = {}
    left = {name: sum(p.name == name for p in parameters) for name in names} if names else {}
    for number, parameter in enumerate(parameters):
        parents = {c.name for c in parameter.conditions}
        for parent in parents:
            if parent not in names:
                raise SpaceError(
                    f"A condition of {parameter.name!r} refers to {parent!r}, "
                    "which is not in the space."
                )
            children.setdefault(parent, []).append(number)
        waiting[number] = len(parents)
    ready = [number for number, count in waiting.items() if count == 0]
    order: list[HyperParameter] = []
    while ready:
        number = heapq.heappop(ready)
        parameter = parameters[number]
        order.append(parameter)
        left[parameter.name] -= 1
        for child in children.get(parameter.name, ()) if left[parameter.name] == 0 else ():
            waiting[child] -= 1
            if waiting[child] == 0:
                heapq.heappush(ready, child)
    if len(order) < len(parameters):
        stuck = sorted({p.name for p in parameters} - {p.name for p in order})
        raise SpaceError(f"The conditions of {', '.join(stuck)} depend on each other in a circle.")
    return tuple(order)


def _enumerate(order: tuple[HyperParameter, ...]) -> Iterator[dict[str, Any]]:
    """A walk over the tree of choices with one iterator a level."""
    values: dict[str, Any] = {}
    levels: list[tuple[str, Iterator[Any]] | None] = []
    while True:
        while len(levels) < len(order):
            parameter = order[len(levels)]
            if parameter.name in values or not _holds(parameter, values):
                levels.append(None)
                continue
            choices = parameter.distinct_values()
            values[parameter.name] = next(choices)
            levels.append((parameter.name, choices))
        yield dict(values)
        while levels:
            level = levels[-1]
            if level is None:
                levels.pop()
                continue
            name, choices = level
            for value in choices:
                values[name] = value
                break
            else:
                del values[name]
                levels.pop()
                continue
            break
        if not levels:
            return
