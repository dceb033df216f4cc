"""Checks what a study is set up with, and settles it with what the store already holds."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from luthier import registry
from luthier.abc import Sampler, Scheduler
from luthier.errors import SpaceError, StudyError
from luthier.records import StudySpec
from luthier.schedulers import Never
from luthier.space import Constraint, HyperParameter, HyperParameters, Prior, Space

Item = TypeVar("Item")


def as_space(space: Space | HyperParameters | Iterable[Any] | None) -> Space:
    """The space that an argument stands for."""
    if space is None:
        return Space()
    if isinstance(space, Space):
        return space
    if isinstance(space, HyperParameters):
        return Space(space.space)
    listed = isinstance(space, Iterable) and not isinstance(space, str | Mapping)
    parameters = list(space) if listed else []
    wrong = [item for item in parameters if not isinstance(item, HyperParameter)]
    if not listed or wrong:
        received = wrong[0] if wrong else space
        raise SpaceError(
            "Expected the space as HyperParameters, a Space or a list of hyperparameters such as "
            f'[luthier.Float("x", 0.0, 1.0)], got {received!r} of type {type(received).__name__}.'
        )
    return Space(parameters)


def as_sampler(sampler: Sampler | str) -> Sampler:
    """The sampler that an argument stands for."""
    if isinstance(sampler, Sampler):
        return sampler
    if isinstance(sampler, str):
        return registry.sampler(sampler)
    raise TypeError(
        f"Expected the sampler as a name or a Sampler, got {sampler!r} "
        f"of type {type(sampler).__name__}."
    )


def checked_name(name: str) -> str:
    """A study's name: a non-empty string."""
    if not isinstance(name, str) or not name.strip():
        raise StudyError(f"Expected the name of a study to be a non-empty string, got {name!r}.")
    return name


def checked_seed(seed: object) -> int:
    """A seed as a non-negative integer; negative ones are folded into 64 bits."""
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
        raise TypeError(f"Expected the seed to be an int or None, got {seed!r}.")
    return int(seed) % 2**64


def checked_count(name: str, count: object) -> int | None:
    """A limit: a positive integer, or None."""
    if count is None:
        return None
    if isinstance(count, bool) or not isinstance(count, numbers.Integral) or count < 1:
        raise ValueError(f"Expected `{name}` to be a positive int or None, got {count!r}.")
    return int(count)


def checked_retries(count: object) -> int:
    """How often a trial is run again: an integer from 0."""
    if isinstance(count, bool) or not isinstance(count, numbers.Integral) or count < 0:
        raise ValueError(f"Expected `max_retries` to be an int from 0, got {count!r}.")
    return int(count)


def no_trial(value: object) -> str:
    """The message that something is no trial."""
    text = f"Expected a trial that ask() gave, got {value!r} of type {type(value).__name__}."
    return text if value is not None else f"{text} ask() gives None when nothing is left to run."


def as_scheduler(scheduler: Scheduler | str | None) -> Scheduler:
    """The scheduler that an argument stands for."""
    if scheduler is None:
        return Never()
    if isinstance(scheduler, Scheduler):
        return scheduler
    if isinstance(scheduler, str):
        return registry.scheduler(scheduler)
    raise TypeError(
        f"Expected the scheduler as a name, a Scheduler or None, got {scheduler!r} "
        f"of type {type(scheduler).__name__}."
    )


def checked_items(name: str, items: Iterable[Any], kind: type[Item]) -> tuple[Item, ...]:
    """What a list of one kind of object holds.

    Raises:
        TypeError: if it is no list, or holds something else.
    """
    listed = tuple(items) if isinstance(items, Iterable) else (items,)
    wrong = [item for item in listed if not isinstance(item, kind)]
    if wrong or not isinstance(items, Iterable):
        received = wrong[0] if wrong else items
        raise TypeError(
            f"Expected `{name}` to be a list of {kind.__name__} objects, got {received!r} "
            f"of type {type(received).__name__}."
        )
    return listed


def all_constraints(
    space: Space | HyperParameters | Iterable[Any] | None, constraints: Iterable[Constraint]
) -> tuple[Constraint, ...]:
    """The constraints given, and those that the space's recorder was told by `hp.require`.

    Raises:
        TypeError: if they are no list of constraints.
        SpaceError: if one reads a hyperparameter that a space with others does not have.
    """
    given = checked_items("constraints", constraints, Constraint)
    known = as_space(space)
    for constraint in given:
        _check_names(constraint, known)
    told = space.requirements.constraints if isinstance(space, HyperParameters) else ()
    texts = {constraint.text for constraint in given}
    return (*given, *(constraint for constraint in told if constraint.text not in texts))


def _check_names(constraint: Constraint, space: Space) -> None:
    """A name that is missing counts as inactive, so a misspelt one would never be noticed."""
    if not len(space):
        return
    try:
        constraint.holds(space.complete({}))
    except KeyError as error:
        name = error.args[0] if error.args else None
        if name not in space.names:
            raise SpaceError(
                f"The constraint {constraint.text!r} reads {name!r}, which is no hyperparameter of "
                f"the space: expected some of {', '.join(space.names)}."
            ) from error


def checked_points(
    points: Iterable[Mapping[str, Any]], space: Space, constraints: Iterable[Constraint] = ()
) -> tuple[Mapping[str, Any], ...]:
    """Points to try, completed with defaults.

    Raises:
        SpaceError: for a point outside the space, one that sets what no hyperparameter of it uses,
            or one that breaks a constraint.
    """
    if not isinstance(points, Iterable):
        raise SpaceError(f"Expected the points to try as a list of dicts, got {points!r}.")
    completed = []
    for point in points:
        if not isinstance(point, Mapping):
            raise SpaceError(
                f"Expected a point as a dict of hyperparameter names and values, got {point!r}."
            )
        if point and not len(space):
            raise SpaceError(
                f"Cannot check the point {dict(point)!r}: no hyperparameter is known yet. Pass "
                "them as `space`."
            )
        # Names are checked as they were given, values after completion: a point may leave out what
        # it does not care about.
        full = space.complete(dict(point))
        space.validate({**full, **point})
        broken = [one.text for one in constraints if not one.admits(full)]
        if broken:
            raise SpaceError(f"Expected a point that satisfies {broken[0]}, received {full!r}.")
        completed.append(full)
    return tuple(completed)


def checked_priors(priors: Mapping[str, Prior], space: Space) -> Mapping[str, Prior]:
    """Priors whose values lie in the space.

    Raises:
        SpaceError: for a prior on an unknown name, outside the range, or with a spread that is not
            in (0, 1].
    """
    if not isinstance(priors, Mapping):
        raise SpaceError(f"Expected the priors as a dict of name to Prior, got {priors!r}.")
    for name, prior in priors.items():
        if name not in space.names:
            known = ", ".join(space.names) or "none yet: pass them as `space`"
            raise SpaceError(f"Prior on unknown hyperparameter {name!r}; known are {known}.")
        if not isinstance(prior, Prior):
            raise SpaceError(
                f"Expected the prior on {name!r} as luthier.Prior(value, spread), got {prior!r}."
            )
        if not (math.isfinite(prior.spread) and 0 < prior.spread <= 1):
            raise SpaceError(
                f"Expected the spread of the prior on {name!r} to lie in (0, 1], "
                f"got {prior.spread!r}."
            )
        _check_value(space, name, prior.value)
    return dict(priors)


def _check_value(space: Space, name: str, value: Any) -> None:
    for parameter in space:
        if parameter.name == name:
            Space([_unconditional(parameter)]).validate({name: value})


def _unconditional(parameter: HyperParameter) -> HyperParameter:
    config = parameter.get_config()
    config["conditions"] = []
    return type(parameter).from_config(config)


def reconcile(
    wanted: StudySpec, stored: StudySpec, given: set[str]
) -> tuple[StudySpec, tuple[str, ...]]:
    """Settle a resumed study: what the user gives now wins, with a line that says so.

    Args:
        wanted: the set-up by the arguments.
        stored: the set-up in the store; equal to `wanted` for a new study.
        given: which of space, objective and seed the user gave, as opposed to defaults.

    Raises:
        StudyError: if the objective changed: old scores would mean something else.
    """
    if wanted == stored:
        return wanted, ()
    if "objective" in given and wanted.objectives != stored.objectives:
        raise StudyError(
            f"Study {stored.name!r} was begun with {_listed(stored)}, and cannot go on "
            f"with {_listed(wanted)}: its scores would no longer "
            "compare. Use another name or directory, or overwrite it."
        )
    notices = []
    spec = replace(stored, settings={**stored.settings, **wanted.settings})
    if "seed" in given and wanted.seed != stored.seed:
        notices.append(f"seed changed from {stored.seed} to {wanted.seed}")
        spec = replace(spec, seed=wanted.seed)
    if "space" in given and len(wanted.space) and wanted.space != stored.space:
        merged = stored.space.replace(wanted.space)
        if merged != stored.space:
            notices.append("hyperparameters changed: the new definitions are used from now on")
            spec = replace(spec, space=merged)
    for key, value in wanted.settings.items():
        if key in stored.settings and stored.settings[key] != value:
            notices.append(f"{key} changed from {_short(stored.settings[key])} to {_short(value)}")
    return spec, tuple(notices)


def _listed(spec: StudySpec) -> str:
    return ", ".join(map(str, spec.objectives))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
