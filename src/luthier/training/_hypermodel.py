"""What a user wants to tune: `HyperModel`, or a plain function `build(hp)`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from luthier.errors import FatalValueError
from luthier.space import HyperParameters


class HyperModel:
    """A search space and the model that it describes. Subclass it and override `build`.

    Args:
        name: a name, for people.
        tunable: False keeps the hyperparameters that `build` defines out of the search: they take
            their defaults, or what the search was given for them.

    Example:
        >>> import luthier
        >>> class Wide(luthier.HyperModel):
        ...     def build(self, hp):
        ...         return hp.Int("units", 32, 128)
        >>> Wide().build(luthier.HyperParameters())
        32
    """

    def __init__(self, name: str | None = None, tunable: bool = True) -> None:
        self.name = name
        self.tunable = tunable

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _respecting_tunable(cls.__dict__["build"])  # type: ignore[method-assign]

    def build(self, hp: HyperParameters) -> Any:
        """Build the model; override it.

        Args:
            hp: asked for values, wherever they are needed.

        Returns:
            A compiled Keras model, or anything that `fit` can train.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not say how to build a model: override `build(self, hp)`."
        )

    def fit(self, hp: HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Train the model; override it to tune how it is trained.

        Args:
            hp: as in `build`; hyperparameters met here first are tuned like any other.
            model: what `build` returned.
            *args: what `search` was called with.
            **kwargs: the same; always with `callbacks`, to be handed on to the model's `fit` or to
                be called.

        Returns:
            A Keras `History`; or the objective as a number; or a dict of metrics; or a list of
            these, averaged.
        """
        return model.fit(*args, **kwargs)

    def declare_hyperparameters(self, hp: HyperParameters) -> None:
        """Define hyperparameters before the first build; called once."""


def _respecting_tunable(build: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(build)
    def wrapped(self: HyperModel, hp: HyperParameters, *args: Any, **kwargs: Any) -> Any:
        # A subclass may forget super().__init__(): then it is tunable.
        if getattr(self, "tunable", True):
            return build(self, hp, *args, **kwargs)
        return build(self, hp.copy(), *args, **kwargs)

    return wrapped


class DefaultHyperModel(HyperModel):
    """A plain function as a hypermodel."""

    def __init__(
        self,
        build: Callable[[HyperParameters], Any],
        name: str | None = None,
        tunable: bool = True,
    ) -> None:
        super().__init__(name=name, tunable=tunable)
        self._build = build

    def build(self, hp: HyperParameters) -> Any:
        """What the function returns."""
        return self._build(hp)


def as_hypermodel(hypermodel: object) -> HyperModel | None:
    """The hypermodel that an argument stands for; None stays None.

    Raises:
        FatalValueError: (a ValueError) for anything that is neither a `HyperModel` nor callable.
    """
    if hypermodel is None or isinstance(hypermodel, HyperModel):
        return hypermodel
    if isinstance(hypermodel, type) and issubclass(hypermodel, HyperModel):
        raise FatalValueError(
            "The `hypermodel` argument should be either a callable with signature `build(hp)` returning "
            f"a model, or an instance of `HyperModel`. Received the class {hypermodel.__name__} itself: "
            f"pass `{hypermodel.__name__}()`."
        )
    if callable(hypermodel):
        return DefaultHyperModel(hypermodel)
    raise FatalValueError(
        "The `hypermodel` argument should be either a callable with signature `build(hp)` returning "
        f"a model, or an instance of `HyperModel`. Received: {hypermodel!r} of type "
        f"{type(hypermodel).__name__}."
    )
