"""`HyperModel`: a model together with how to build and train it, in KerasTuner's words.

Users subclass it, or hand in a plain function `build(hp)`, which `as_hypermodel` wraps. No
framework is imported here: what `build` returns and what `fit` trains is the user's business.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from luthier.errors import FatalValueError
from luthier.space import HyperParameters

Build = Callable[[HyperParameters], Any]


class HyperModel:
    """A search space of models.

    Override `build`, and where training is to be tuned too, `fit`. A subclass need not call
    `super().__init__()`.

    Args:
        name: a name for people.
        tunable: if False, hyperparameters that `build` defines keep their defaults and are not
            searched, unless the search was given them.

    Example:
        >>> import luthier
        >>> class Model(luthier.HyperModel):
        ...     def build(self, hp):
        ...         return hp.Int("units", 8, 64)
        >>> Model().build(luthier.HyperParameters())
        8
    """

    name: str | None = None
    tunable: bool = True

    def __init__(self, name: str | None = None, tunable: bool = True) -> None:
        self.name = name
        self.tunable = tunable

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # On the class, not on the object: it works without super().__init__(), and pickles.
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _respecting_tunable(cls.build)  # type: ignore[method-assign]

    def build(self, hp: HyperParameters) -> Any:
        """A model made with the values of `hp`; override it.

        Args:
            hp: gives values and records which hyperparameters there are.

        Returns:
            A compiled `keras.Model`.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not say how to build a model: override `build(self, hp)`."
        )

    def fit(self, hp: HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Train the model; override it to tune how.

        Args:
            hp: gives values; hyperparameters may be met here for the first time.
            model: what `build` returned.
            *args: what `search` was called with.
            **kwargs: what `search` was called with, and `callbacks`: hand them to `model.fit`, or
                call their `on_epoch_end(epoch, logs)` in a loop of your own.

        Returns:
            The objective as a number; a dict of metrics with the objective among them; a Keras
            `History`, whose best epoch counts; or a list of these, which is averaged.
        """
        del hp
        return model.fit(*args, **kwargs)

    def declare_hyperparameters(self, hp: HyperParameters) -> None:
        """Define hyperparameters before the first `build`; override it where that is needed."""


def _respecting_tunable(build: Callable[[Any, HyperParameters], Any]) -> Any:
    """`build`, given a copy of the hyperparameters where the model is not tunable."""

    @functools.wraps(build)
    def wrapped(self: HyperModel, hp: HyperParameters) -> Any:
        if self.tunable:
            return build(self, hp)
        twin = hp.copy()
        try:
            return build(self, twin)
        finally:
            for name in twin.used:
                # Read here too, so that what the search gave counts as used.
                hp.values.get(name)

    return wrapped


class DefaultHyperModel(HyperModel):
    """A `HyperModel` made of a function.

    Args:
        build: called with the hyperparameters; returns a model; kept as `function`.
        name: see `HyperModel`.
        tunable: see `HyperModel`.
    """

    def __init__(self, build: Build, name: str | None = None, tunable: bool = True) -> None:
        super().__init__(name=name, tunable=tunable)
        self.function = build

    def build(self, hp: HyperParameters) -> Any:
        """What the function returns."""
        return self.function(hp)


def as_hypermodel(hypermodel: Any) -> HyperModel | None:
    """The hypermodel that a tuner's argument stands for; None stays None.

    Raises:
        FatalValueError: (a ValueError) if it is neither a `HyperModel` nor callable.
    """
    if hypermodel is None or isinstance(hypermodel, HyperModel):
        return hypermodel
    came = _mistaken(hypermodel)
    if callable(hypermodel) and not came:
        return DefaultHyperModel(hypermodel)
    came = came or f"{hypermodel!r} of type {type(hypermodel).__name__}"
    raise FatalValueError(
        "The `hypermodel` argument should be either a callable with signature "
        f"`build(hp)` returning a model, or an instance of `HyperModel`. Received: {came}."
    )


def fits_itself(hypermodel: HyperModel) -> bool:
    """Whether the user wrote `fit`; if not, training is Keras's own and can be resumed."""
    return type(hypermodel).fit is not HyperModel.fit or "fit" in vars(hypermodel)


def _mistaken(value: Any) -> str:
    """What a callable is that builds no model; empty if it may build one."""
    if isinstance(value, type) and issubclass(value, HyperModel):
        return f"the class {value.__name__}: call it"
    if all(hasattr(value, name) for name in ("compile", "fit", "evaluate", "layers")):
        return f"a model that is built already, of type {type(value).__name__}"
    return ""
