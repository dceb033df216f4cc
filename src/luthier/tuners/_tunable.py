"""Hyperparameters that stand where an argument is: `search(x, y, batch_size=Int(16, 128))`.

Enters: arguments of `search`, compile settings of a tuner. Leaves: the hyperparameters among them,
named after their arguments (`batch_size`, `class_weight/1`), in the space; and, for a trial, the
same arguments with its values.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from luthier.errors import FatalTypeError, FatalValueError
from luthier.oracles import Oracle
from luthier.space import HyperParameter, HyperParameters, Int
from luthier.training import gives_batches

# What is the same for all trials: data, and what the search itself looks at.
SHARED = frozenset({"x", "y", "callbacks", "groups", "validation_data", "sample_weight", "verbose"})
# What Keras's `fit` counts with: whole numbers from 1.
COUNTS = ("batch_size", "epochs", "steps_per_epoch", "validation_batch_size", "validation_steps")
# A longer list is data: nobody writes hyperparameters into it.
_LONGEST = 100


def enter_space(oracle: Oracle, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Put the hyperparameters among the arguments of `search` into the oracle's space.

    Raises:
        FatalTypeError: (a TypeError) for one among the arguments that have no name.
        FatalValueError: (a ValueError) for one where none can be, or one that is not searched.
    """
    _check_places(args, kwargs)
    found = list(_found(kwargs))
    if not found:
        return
    space = oracle.get_space()
    known = {parameter.name for parameter in space.space}
    for parameter in found:
        if parameter.name not in known and not oracle.tune_new_entries:
            raise FatalValueError(
                f"{parameter.name}={_described(parameter)} is not searched, because "
                "tune_new_entries=False: define it in `hyperparameters` too, or leave that out."
            )
        value_of(parameter, space)
    oracle.update_space(space)


def check_counts(arguments: Mapping[str, Any]) -> None:
    """Refuse arguments of Keras's `fit` that no model could be trained with.

    Raises:
        FatalValueError: (a ValueError) for one that is no whole number from 1, or may become none.
    """
    for name in COUNTS:
        given = arguments.get(name)
        if not all(value is None or _is_count(value) for value in _possible(given)):
            got = _described(given) if isinstance(given, HyperParameter) else repr(given)
            raise FatalValueError(
                f"Expected search({name}=...) to be an int from 1, or a hyperparameter of such as "
                f"luthier.Int(1, 8), got {got}."
            )


def check_is_used(x: Any, arguments: Mapping[str, Any]) -> None:
    """Refuse to search what Keras's `fit` passes over.

    Raises:
        FatalValueError: (a ValueError) for a batch size beside data that come in batches.
    """
    searched = arguments.get("batch_size")
    if isinstance(searched, HyperParameter) and gives_batches(x):
        raise FatalValueError(
            f"search(batch_size={_described(searched)}) would change nothing: x, a "
            f"{type(x).__name__}, comes in batches of its own. Give arrays, or make the batches in "
            "`HyperModel.fit`."
        )


def fill_in(arguments: Mapping[str, Any], hp: HyperParameters) -> dict[str, Any]:
    """The arguments with a trial's values in the place of hyperparameters."""
    return {name: _filled(value, name, hp) for name, value in arguments.items()}


def value_of(parameter: HyperParameter, hp: HyperParameters) -> Any:
    """The value of a hyperparameter, which is defined at its first sight."""
    config = parameter.get_config()
    del config["conditions"]
    return getattr(hp, type(parameter).__name__)(**config)


def _possible(given: Any) -> Iterable[Any]:
    if not isinstance(given, HyperParameter):
        return (given,)
    return (given.min_value,) if isinstance(given, Int) else given.values


def _is_count(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and operator.index(value) >= 1
    except TypeError:
        return False


def _found(arguments: Mapping[str, Any]) -> Iterator[HyperParameter]:
    for name, value in arguments.items():
        yield from _inside(value, str(name))


def _inside(value: Any, path: str) -> Iterator[HyperParameter]:
    if isinstance(value, HyperParameter):
        yield value.named(value.name or path)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _inside(one, f"{path}/{key}")
    elif isinstance(value, list | tuple) and len(value) <= _LONGEST:
        for key, one in enumerate(value):
            yield from _inside(one, f"{path}/{key}")


def _filled(value: Any, path: str, hp: HyperParameters) -> Any:
    if next(_inside(value, path), None) is None:
        return value
    if isinstance(value, HyperParameter):
        return value_of(value.named(value.name or path), hp)
    if isinstance(value, Mapping):
        return {key: _filled(one, f"{path}/{key}", hp) for key, one in value.items()}
    return [_filled(one, f"{path}/{key}", hp) for key, one in enumerate(value)]


def _check_places(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    for place, value in enumerate(args):
        for parameter in _inside(value, f"argument {place + 1}"):
            raise FatalTypeError(
                f"search() got {_described(parameter)} as its argument {place + 1}, without a "
                "name. Only arguments given by name can be searched, for example "
                "search(x, y, batch_size=luthier.Int(16, 128, step=16))."
            )
    for name in SHARED & kwargs.keys():
        for parameter in _inside(kwargs[name], name):
            raise FatalValueError(
                f"search({name}=...) cannot be searched, got {_described(parameter)}: it is the "
                "same for all trials. Override `HyperModel.fit` to tune what is made of it."
            )


def _described(parameter: HyperParameter) -> str:
    return f"{type(parameter).__name__}({parameter.allowed()})"
