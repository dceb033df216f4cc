"""`HyperParameters`: the define-by-run recorder that a user's `build(hp)` gets.

Calling `hp.Int(...)` and its kin registers a hyperparameter at its first sight and gives back its
value; what was registered, read and met in which scope is recorded. Enters: a space and values.
Leaves: values, and what the build did: `used`, `found`, `active_scopes`, `inactive_scopes`. Names,
arguments and texts are KerasTuner's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from luthier.space._categorical import Boolean, Choice, Fixed
from luthier.space._conditions import Condition, Parent
from luthier.space._names import check_given
from luthier.space._numeric import Float, Int
from luthier.space._parameters import HyperParameter
from luthier.space._requirements import Requirements
from luthier.space._scopes import check_parent_values, check_parents
from luthier.space._serialization import deserialize, serialize
from luthier.space._space import Space
from luthier.space._tracking import TrackedValues

OnNew = Callable[[HyperParameter], bool]


class HyperParameters:
    """The hyperparameters of one build: their definitions and their values.

    Args:
        on_new: asked about each hyperparameter at its first sight. True registers it; with False it
            keeps its default and stays out of the space; it may raise. None registers all.

    Attributes:
        active_scopes: the stacks of conditions met by this object that held.
        inactive_scopes: those that did not.
        on_new: as given.
        requirements: what `require` was told.

    Example:
        >>> import luthier
        >>> hp = luthier.HyperParameters()
        >>> hp.Int("layers", 1, 4), hp.Choice("kind", ["dense", "conv"])
        (1, 'dense')
        >>> with hp.conditional_scope("kind", "conv"):
        ...     filters = hp.Int("filters", 8, 64)
        >>> filters is None, [parameter.name for parameter in hp.space]
        (True, ['layers', 'kind', 'filters'])
    """

    def __init__(self, *, on_new: OnNew | None = None) -> None:
        self.on_new = on_new
        self.requirements = Requirements(enforced=False)
        self.active_scopes: list[list[Condition]] = []
        self.inactive_scopes: list[list[Condition]] = []
        self._space: list[HyperParameter] = []
        self._definitions: dict[str, list[HyperParameter]] = {}
        self._found: list[HyperParameter] = []
        self._used: dict[str, None] = {}
        self._values = TrackedValues({}, self._used)
        self._name_scopes: list[str] = []
        self._conditions: list[Condition] = []

    @classmethod
    def for_trial(
        cls, space: Space, values: Mapping[str, Any], *, on_new: OnNew | None = None
    ) -> Self:
        """The recorder of one trial: a space that is known and the trial's values.

        Args:
            space: what was found so far.
            values: name to value of the trial.
            on_new: see the class.
        """
        hp = cls(on_new=on_new)
        hp.requirements.enforced = True
        for parameter in space:
            hp._add(parameter)
        hp.values = dict(values)
        return hp

    @property
    def space(self) -> list[HyperParameter]:
        """All registered hyperparameters, in the order in which they were met."""
        return list(self._space)

    @property
    def values(self) -> dict[str, Any]:
        """Name to value; may be changed or replaced. Reading an item by its name counts as use."""
        return self._values

    @values.setter
    def values(self, values: Mapping[str, Any]) -> None:
        self._values = TrackedValues(values, self._used)

    @property
    def used(self) -> tuple[str, ...]:
        """The names whose values this object gave out, in order of first use."""
        return tuple(self._used)

    @property
    def found(self) -> tuple[HyperParameter, ...]:
        """The hyperparameters that were registered first by a definition made on this object."""
        return tuple(self._found)

    def Choice(
        self,
        name: str,
        values: Iterable[Any],
        ordered: bool | None = None,
        default: Any = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """One value of a list; see `Choice`. None while it is inactive."""
        with self._parent_scope(parent_name, parent_values):
            choice = Choice(
                self._full_name(name),
                values,
                ordered=ordered,
                default=default,
                conditions=self._conditions,
            )
            value = self._retrieve(choice)
        # A tuple that went through JSON is a list: give back what the user wrote.
        if isinstance(value, list | dict):
            value = choice.own(value)
            dict.__setitem__(self._values, choice.name, value)
        return value

    def Int(
        self,
        name: str,
        min_value: int,
        max_value: int,
        step: int | None = None,
        sampling: str | None = "linear",
        default: int | None = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """A whole number in a range; see `Int`. None while it is inactive."""
        with self._parent_scope(parent_name, parent_values):
            return self._retrieve(
                Int(
                    self._full_name(name),
                    min_value,
                    max_value,
                    step=step,
                    sampling=sampling,
                    default=default,
                    conditions=self._conditions,
                )
            )

    def Float(
        self,
        name: str,
        min_value: float,
        max_value: float,
        step: float | None = None,
        sampling: str | None = "linear",
        default: float | None = None,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """A number in a range; see `Float`. None while it is inactive."""
        with self._parent_scope(parent_name, parent_values):
            return self._retrieve(
                Float(
                    self._full_name(name),
                    min_value,
                    max_value,
                    step=step,
                    sampling=sampling,
                    default=default,
                    conditions=self._conditions,
                )
            )

    def Boolean(
        self,
        name: str,
        default: bool = False,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """True or False; see `Boolean`. None while it is inactive."""
        with self._parent_scope(parent_name, parent_values):
            return self._retrieve(
                Boolean(self._full_name(name), default=default, conditions=self._conditions)
            )

    def Fixed(
        self,
        name: str,
        value: Any,
        parent_name: str | None = None,
        parent_values: Any = None,
    ) -> Any:
        """A constant that is kept with the others; see `Fixed`. None while it is inactive."""
        with self._parent_scope(parent_name, parent_values):
            return self._retrieve(Fixed(self._full_name(name), value, conditions=self._conditions))

    @contextmanager
    def conditional_scope(self, parent_name: str, parent_values: Any) -> Iterator[None]:
        """Hyperparameters defined inside are active only if the parent has one of the values.

        Args:
            parent_name: a hyperparameter defined before in the same scope.
            parent_values: one value or a list of them.

        Raises:
            ValueError: the parent is not defined here, or no value is given.
            TypeError: a value is of a type that the parent cannot have.
        """
        full_name = self._full_name(parent_name)
        parent = self._lookup(full_name, tuple(self._conditions))
        if parent is None:
            raise ValueError(f"`HyperParameter` named: {full_name} not defined.")
        check_parent_values(parent, parent_values)
        self._conditions.append(Parent(full_name, parent_values))
        scopes = self.active_scopes if self._are_active() else self.inactive_scopes
        scopes.append(list(self._conditions))
        try:
            yield
        finally:
            self._conditions.pop()

    @contextmanager
    def name_scope(self, name: str) -> Iterator[None]:
        """Names defined or read inside are prefixed with `name/`."""
        self._name_scopes.append(name)
        try:
            yield
        finally:
            self._name_scopes.pop()

    def get(self, name: str) -> Any:
        """The value of an active hyperparameter.

        Raises:
            ValueError: it is inactive.
            KeyError: there is none of this name.
        """
        full_name = self._full_name(name)
        if full_name in self._values:
            return self._values[full_name]
        if full_name in self._definitions:
            raise ValueError(f"{full_name} is currently inactive.")
        raise KeyError(f"{full_name} does not exist.")

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def __contains__(self, name: object) -> bool:
        return self._full_name(str(name)) in self._values

    def require(self, text: str, holds: Callable[[Mapping[str, Any]], bool]) -> None:
        """A relation such as `"a < b"`: values that break it are skipped, see `Requirements`.

        A text that says in Python what the function says outlives a restart.
        """
        self.requirements.add(text, holds, dict.copy(self._values))

    def is_active(self, hyperparameter: HyperParameter | str) -> bool:
        """Whether all conditions hold: of the hyperparameter, or of any that has this full name."""
        if isinstance(hyperparameter, HyperParameter):
            return self._hold(hyperparameter.conditions)
        return any(self._hold(p.conditions) for p in self._definitions.get(hyperparameter, ()))

    def ensure_active_values(self, rng: np.random.Generator | None = None) -> None:
        """Drops the values of inactive hyperparameters and samples those that are missing.

        Args:
            rng: where the missing ones come from; a new random one if None.
        """
        for name in self._definitions:
            if name in self._values and not self.is_active(name):
                del self._values[name]
        for parameter in self._space:
            if parameter.name not in self._values and self.is_active(parameter):
                value = (
                    parameter.random_sample()
                    if rng is None
                    else parameter.prob_to_value(rng.random())
                )
                self._values[parameter.name] = value

    def merge(
        self, hps: HyperParameters | Iterable[HyperParameter], overwrite: bool = True
    ) -> None:
        """Adds definitions.

        Args:
            hps: where they come from; their values are not taken.
            overwrite: whether a definition takes the place of one with its name and conditions and
                resets the value to its default. If False, only those that are missing are added.
        """
        for parameter in list(hps.space if isinstance(hps, HyperParameters) else hps):
            known = self._lookup(parameter.name, parameter.conditions)
            if known is not None and not overwrite:
                continue
            self._add(parameter, instead_of=known)
            if self._hold(parameter.conditions):
                self._values[parameter.name] = parameter.default

    def copy(self) -> HyperParameters:
        """Another with the same definitions, values and `on_new`, that has recorded nothing."""
        twin = type(self).from_config(self.get_config())
        twin.on_new = self.on_new
        return twin

    def get_config(self) -> dict[str, Any]:
        """`{"space": [...], "values": {...}}`, JSON-able."""
        return {"space": [serialize(p) for p in self._space], "values": dict(self._values)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """What `get_config` described."""
        hp = cls()
        for item in config["space"]:
            parameter = deserialize(item)
            hp._add(parameter, instead_of=hp._lookup(parameter.name, parameter.conditions))
        hp.values = dict(config["values"])
        return hp

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Copied or unpickled values are a plain dict: have them watched again.
        self.__dict__.update(state)
        self.values = self._values

    def _full_name(self, name: str) -> str:
        return "/".join([*self._name_scopes, check_given(name)])

    @contextmanager
    def _parent_scope(self, parent_name: str | None, parent_values: Any) -> Iterator[None]:
        if parent_name is None:
            yield
            return
        with self.conditional_scope(parent_name, parent_values):
            yield

    def _lookup(self, name: str, conditions: tuple[Condition, ...]) -> HyperParameter | None:
        for parameter in self._definitions.get(name, ()):
            if parameter.conditions == conditions:
                return parameter
        return None

    def _retrieve(self, parameter: HyperParameter) -> Any:
        """The value of a definition, after registering it at its first sight."""
        check_parents(parameter)
        known = self._lookup(parameter.name, parameter.conditions)
        if known is None:
            known = parameter
            if self.on_new is None or self.on_new(parameter):
                self._add(parameter)
                self._found.append(parameter)
            else:
                self._definitions.setdefault(parameter.name, []).append(parameter)
        if not self._are_active():
            return None
        if known.name not in self._values:
            self._values[known.name] = known.default
        return self._values[known.name]

    def _add(self, parameter: HyperParameter, instead_of: HyperParameter | None = None) -> None:
        same_name = self._definitions.setdefault(parameter.name, [])
        if instead_of is None:
            same_name.append(parameter)
            self._space.append(parameter)
            return
        same_name[same_name.index(instead_of)] = parameter
        if instead_of in self._space:
            self._space[self._space.index(instead_of)] = parameter
        else:
            self._space.append(parameter)

    def _are_active(self) -> bool:
        return self._hold(self._conditions)

    def _hold(self, conditions: Iterable[Condition]) -> bool:
        # The library's own look at the values is no use of them.
        return all(condition.is_active(self._values.quiet) for condition in conditions)
