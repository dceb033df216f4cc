"""Which optimizer changes which variables.

Enters: optimizers and what they are for, by name. Leaves: groups that hold each trainable variable
exactly once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import keras

from luthier.errors import FatalTypeError, FatalValueError

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Variables that one optimizer changes.

    Attributes:
        name: as the user called it; "" for the only one.
        optimizer: a Keras optimizer.
        variables: at least one.
    """

    name: str
    optimizer: Any
    variables: tuple[Any, ...]


def groups_of(
    model: Any, optimizers: Mapping[str, Any], wanted: Mapping[str, Any] | None
) -> list[Group]:
    """The groups, each variable in exactly one.

    Args:
        model: built.
        optimizers: name of the group to its optimizer.
        wanted: name to layers, variables, names, a function or `...` for the rest; None: layers,
            or parts of the model, called like the group.

    Raises:
        FatalValueError: naming the variables that are in no group or in two.
    """
    trainable = list(model.trainable_variables)
    if not trainable:
        raise FatalValueError("The model has no trainable variables, so there is nothing to train.")
    if list(optimizers) == [""] and wanted is None:
        return [Group("", optimizers[""], tuple(trainable))]
    wanted = {name: name for name in optimizers} if wanted is None else wanted
    _check_names(optimizers, wanted)
    chosen: dict[str, list[Any]] = {
        name: _select(model, trainable, what, name)
        for name, what in wanted.items()
        if what is not ...
    }
    taken = {id(v) for variables in chosen.values() for v in variables}
    for name, what in wanted.items():
        if what is ...:
            chosen[name] = [v for v in trainable if id(v) not in taken]
    _check_once(trainable, chosen)
    return [Group(name, optimizers[name], tuple(chosen[name])) for name in optimizers]


def matches(variable: Any, pattern: str) -> bool:
    """Whether a layer on a variable's path, or the path itself, is called so; `*` is anything."""
    parts = variable.path.split("/")
    return fnmatchcase(variable.path, pattern) or any(fnmatchcase(p, pattern) for p in parts)


def _select(model: Any, trainable: list[Any], what: Any, name: str) -> list[Any]:
    known = {id(v) for v in trainable}
    found: list[Any] = []
    for one in what if isinstance(what, list | tuple) else [what]:
        if isinstance(one, keras.Variable):
            found.append(one)
        elif isinstance(one, keras.Layer):
            found.extend(one.trainable_variables)
        elif isinstance(one, str):
            found.extend(_named(model, trainable, one))
        elif callable(one):
            found.extend(v for v in trainable if one(v))
        else:
            raise FatalTypeError(
                f"Expected the variables of {name!r} as layers, variables, names, a function of a "
                f"variable, or ... for the rest; got {one!r} of type {type(one).__name__}."
            )
    found = [v for v in {id(v): v for v in found}.values() if id(v) in known]
    if not found:
        layers = ", ".join(layer.name for layer in model.layers)
        raise FatalValueError(
            f"The group {name!r} has no trainable variable: nothing in the model is called "
            f"{what!r}. Its layers are {layers}."
        )
    return found


def _named(model: Any, trainable: list[Any], name: str) -> list[Any]:
    part = getattr(model, name, None)
    if isinstance(part, keras.Layer):
        return list(part.trainable_variables)
    return [v for v in trainable if matches(v, name)]


def _check_names(optimizers: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    if set(optimizers) != set(wanted):
        raise FatalValueError(
            f"Expected `variables` for the groups {', '.join(optimizers)}, which have optimizers, "
            f"got them for {', '.join(wanted)}."
        )
    if sum(what is ... for what in wanted.values()) > 1:
        raise FatalValueError("Only one group can have the rest of the variables (`...`).")
    if len({id(optimizer) for optimizer in optimizers.values()}) < len(optimizers):
        raise FatalValueError(
            "Each group needs an optimizer of its own: it remembers things of its variables. "
            "One object was given for two groups."
        )


def _check_once(trainable: Iterable[Any], chosen: Mapping[str, list[Any]]) -> None:
    homes: dict[int, list[str]] = {}
    for name, variables in chosen.items():
        for variable in variables:
            homes.setdefault(id(variable), []).append(name)
    without = [v.path for v in trainable if id(v) not in homes]
    if without:
        raise FatalValueError(
            f"No optimizer changes {_listed(without)}. Add a group for them (`...` stands for the "
            "rest), or set trainable=False on their layers."
        )
    twice = [(v.path, homes[id(v)]) for v in trainable if len(homes[id(v)]) > 1]
    if twice:
        path, names = twice[0]
        raise FatalValueError(
            f"The groups {' and '.join(map(repr, names))} both change "
            f"{_listed([path for path, _ in twice])}; each variable needs exactly one optimizer "
            f"({path} for example)."
        )


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more
