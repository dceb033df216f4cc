"""`Tuner.export`: the best trial as a script of its own.

Enters: a tuner, and what its search was called with. Leaves: a script, and beside it a file with
the arrays that it trains on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from luthier import training
from luthier.errors import FatalValueError, StudyError
from luthier.objective import DefaultObjective, MultiObjective
from luthier.oracles._brackets import EPOCHS
from luthier.training import Script, Sources, is_plain, render
from luthier.tuners import _tunable

Load = Callable[[], Mapping[str, Any]]
_LONGEST = 50
NOT_SEARCHED = (
    "This tuner has not searched, so nobody has said what to train with: hand it to "
    "export(path, x, y, ...) as to search(x, y, ...)."
)
SEAMS = ("run_trial", "_build_and_fit_model", "_try_build", "_build_hypermodel")


@dataclass(slots=True)
class Arguments:
    """What `fit` gets, as expressions; arrays are kept apart."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def expression(self, value: Any, name: str) -> str:
        """How a script writes a value.

        Raises:
            FatalValueError: (a ValueError) naming the argument that cannot be written.
        """
        if isinstance(value, tuple | list) and len(value) <= _LONGEST:
            inner = [self.expression(one, f"{name}/{n}") for n, one in enumerate(value)]
            if isinstance(value, list):
                return f"[{', '.join(inner)}]"
            return f"({', '.join(inner)},)" if inner else "()"
        if isinstance(value, Mapping):
            pairs = [f"{k!r}: {self.expression(v, f'{name}/{k}')}" for k, v in value.items()]
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, np.generic):
            return repr(value.item())
        if is_plain(value) and not isinstance(value, list | tuple):
            return repr(value)
        array = _as_array(value)
        if array is None:
            raise FatalValueError(
                f"search() was called with {name}, a {type(value).__name__}, which cannot be kept "
                "beside a script. Name a function that makes it: export(path, data=load), where "
                'load() returns what fit takes by name, such as {"x": dataset}.'
            )
        self.arrays[name] = array
        return f"ARRAYS[{name!r}]"


def _as_array(value: Any) -> np.ndarray | None:
    if not (hasattr(value, "__array__") or isinstance(value, list | tuple)):
        return None
    array = np.asarray(value)
    return None if array.dtype == object else array


def target_of(path: str | os.PathLike[str]) -> Path:
    """The path of a script.

    Raises:
        FatalValueError: (a ValueError) for another path.
    """
    target = Path(path)
    if target.suffix != ".py" or not target.stem.isidentifier():
        raise FatalValueError(f"Expected the path of a script, such as best.py, got {path!s}.")
    return target


def best_of(tuner: Any) -> Any:
    """A tuner's best trial.

    Raises:
        StudyError: if none has a score.
    """
    best = next(iter(tuner.oracle.get_best_trials()), None)
    if best is None:
        raise StudyError("No trial has a score yet: search first, then export the best.")
    return best


def write(target: Path, text: str, constants: Mapping[str, Any], given: Mapping[str, Any]) -> Path:
    """Write a script, and beside it its arrays, if it has any; the path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    arrays = {f"constant/{name}": array for name, array in constants.items()} | dict(given)
    if arrays:
        with target.with_suffix(".npz").open("wb") as file:
            np.savez(file, **arrays)
    target.write_text(text, encoding="utf-8")
    return target


def export(
    tuner: Any,
    path: str | os.PathLike[str],
    fit_args: Sequence[Any],
    fit_kwargs: Mapping[str, Any],
    load: Load | None,
) -> Path:
    """Write the script of a tuner's best trial; see `Tuner.export`."""
    target, best = target_of(path), best_of(tuner)
    own = [name for name in SEAMS if tuner._overrides(name)]
    if own or tuner.hypermodel is None:
        raise FatalValueError(
            f"{type(tuner).__name__} has its own {own[0] if own else 'run_trial'}, and a script is "
            "written of a hypermodel's `build` and `fit` only: move what it does there."
        )
    given = bool(fit_args or fit_kwargs or load)
    if not given and tuner._called is None:
        raise StudyError(NOT_SEARCHED)
    args, kwargs = (fit_args, fit_kwargs) if given else tuner._called
    kwargs = _tunable.fill_in(kwargs, best.hyperparameters.copy())
    if EPOCHS in best.hyperparameters.values:
        kwargs["epochs"] = best.hyperparameters.values[EPOCHS]  # Hyperband's own
    if tuner.cv is not None:
        kwargs.pop("groups", None)  # of its folds: the script trains on all rows
    return _write(target, tuner._task(best), best.score, (args, kwargs), load)


def _write(
    target: Path,
    task: training.TrialTask,
    score: float,
    call: tuple[Sequence[Any], Mapping[str, Any]],
    load: Load | None,
) -> Path:
    from luthier.training._keras_export import callback_expressions, compile_settings

    args, kwargs = call
    sources, given = Sources(), Arguments()
    keywords = {name: value for name, value in kwargs.items() if name != "callbacks"}
    build, fit = model_of(task.hypermodel, sources)
    objective = task.objective
    script = Script(
        title=_title(task, score),
        backend=training.backend_in_use(),
        seed=task.seed_of(0),
        values=dict(task.hp.values.items()),
        sources=sources,
        build=build,
        fit=fit,
        arguments=given.expression(tuple(args), "x"),
        keywords={name: given.expression(value, name) for name, value in keywords.items()},
        callbacks=callback_expressions(kwargs.get("callbacks") or (), sources),
        load="" if load is None else sources.add(load),
        compile=compile_settings(task.build),
        metric=_metric(task),
        direction=objective.direction,
        score=score,
        stem=target.stem,
        has_arrays=bool(given.arrays or sources.arrays),
    )
    return write(target, render(script), sources.arrays, given.arrays)


def model_of(hypermodel: training.HyperModel, sources: Sources) -> tuple[str, str]:
    """Expressions that build the model from `hp`, and train it."""
    plain_fit = "model.fit(*args, **kwargs)"
    if isinstance(hypermodel, training.DefaultHyperModel):
        return f"{sources.add(hypermodel.function)}(hp)", plain_fit
    _instance("hypermodel", hypermodel, sources)
    own = training.fits_itself(hypermodel)
    fit = "hypermodel.fit(hp, model, *args, **kwargs)" if own else plain_fit
    return "hypermodel.build(hp)", fit


def _instance(name: str, hypermodel: training.HyperModel, sources: Sources) -> str:
    """Define a hypermodel as it is here, and those that it holds before it; its name.

    Raises:
        FatalValueError: (a ValueError) naming what cannot be written.
    """
    kind, state = sources.add(type(hypermodel)), []
    for attribute, value in vars(hypermodel).items():
        if isinstance(value, training.HyperModel):
            state.append(f"{attribute!r}: {_instance(f'{name}_{attribute}', value, sources)}")
        elif is_plain(value):
            state.append(f"{attribute!r}: {value!r}")
        else:
            raise FatalValueError(
                f"The hypermodel holds {attribute}={value!r}, which cannot be written into a "
                "script: make it in `build`, or keep numbers and texts only."
            )
    sources.definitions[name] = (
        f"{name} = {kind}.__new__({kind})\n{name}.__dict__.update({{{', '.join(state)}}})\n"
    )
    return name


def _title(task: training.TrialTask, score: float) -> str:
    name = task.objective.name
    folds = "" if task.folds is None else ", the mean over its folds; here it gets all rows"
    return f"The best model of a search: trial {task.trial_id}, {name} {score:.6g}{folds}."


def _metric(task: training.TrialTask) -> str:
    """The objective's name in a history of Keras, where there is one."""
    computed = isinstance(task.objective, DefaultObjective | MultiObjective)
    if computed or training.fits_itself(task.hypermodel) or task.folds is not None:
        return ""
    return task.objective.name
