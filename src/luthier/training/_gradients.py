"""Gradients for the asking, the same on TensorFlow, JAX and PyTorch.

Enters: a function of inputs, or one that uses Keras variables. Leaves: its value and gradients, as
the backend's arrays. What has no gradient has one of zeros. Keras's backend is the one used.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from luthier.errors import FatalTypeError, FatalValueError


def value_and_gradients(function: Callable[[], Any], variables: Any) -> tuple[Any, Any]:
    """What a function returns, and the gradients of it with respect to variables.

    Args:
        function: takes nothing; returns a scalar, or a tuple that begins with one (what comes after
            it is handed back). It may run models, and assign variables.
        variables: a Keras variable, or several: `model.trainable_variables`.

    Returns:
        The value, and one gradient for each variable, shaped like it; one alone for one alone.

    Raises:
        FatalValueError: (a ValueError) if the value is no scalar; names its shape.
        FatalTypeError: (a TypeError) for what are no variables.

    Example:
        >>> loss, gradients = luthier.value_and_gradients(  # doctest: +SKIP
        ...     lambda: keras.losses.MeanSquaredError()(y, model(x)), model.trainable_variables
        ... )
        >>> optimizer.apply(gradients, model.trainable_variables)  # doctest: +SKIP
    """
    from luthier.training import _keras_gradients

    single = hasattr(variables, "assign")
    several = [variables] if single else _as_list(variables)
    wrong = [v for v in several if not hasattr(v, "assign") or not hasattr(v, "value")]
    if wrong or not several:
        came = f"{wrong[0]!r} of type {type(wrong[0]).__name__}" if wrong else "none"
        raise FatalTypeError(
            f"Expected Keras variables, such as model.trainable_variables, got {came}. For "
            "gradients with respect to inputs there are `gradient` and `differentiate`."
        )
    value, gradients = _keras_gradients.with_respect_to(function, several)
    return value, gradients[0] if single else list(gradients)


def gradient(function: Callable[..., Any], argument: int | str = 0) -> Callable[..., Any]:
    """The function that gives a function's gradient; again and again for higher derivatives.

    Args:
        function: of one or more numbers or arrays. Where it returns an array, the gradient is that
            of the array's sum.
        argument: by which of its arguments: position or name.

    Returns:
        A function of the same arguments.

    Example:
        >>> luthier.gradient(lambda x: x * x)(3.0)  # doctest: +SKIP
        6.0
        >>> luthier.gradient(luthier.gradient(lambda x: x**3))(2.0)  # doctest: +SKIP
        12.0
    """
    place = _place(function, argument)

    @functools.wraps(function, assigned=("__name__", "__doc__"))
    def derived(*inputs: Any, **named: Any) -> Any:
        if named:
            inputs = inspect.signature(function).bind(*inputs, **named).args
        return differentiate(function, *inputs).gradient(place)

    return derived


class Derivatives:
    """A function's value, and its gradients with respect to each input, as often as wanted.

    Attributes:
        value: what the function returned.
    """

    def __init__(self, function: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
        from luthier.training import _keras_gradients

        if not inputs:
            raise FatalTypeError("Expected at least one input to differentiate by, got none.")
        backend = _keras_gradients.backend()
        self._function = function
        self._count = len(inputs)
        self.value, self._gradients = backend.differentiable(
            function, [_keras_gradients.raw(value) for value in inputs]
        )

    def gradient(self, argument: int | str | None = None, upstream: Any = None) -> Any:
        """The gradient with respect to one input.

        Args:
            argument: position or name of the input; None: a tuple of all of them.
            upstream: gradient of something with respect to the value, shaped like it; None: ones.
        """
        found = self._gradients(upstream)
        return found if argument is None else found[_place(self._function, argument, self._count)]


def differentiate(function: Callable[..., Any], *inputs: Any) -> Derivatives:
    """Call a function and keep what its gradients need: a persistent tape.

    Args:
        function: of numbers or arrays; returns one.
        *inputs: what it is called with.

    Raises:
        FatalTypeError: (a TypeError) without inputs.

    Example:
        >>> tape = luthier.differentiate(lambda x, y: x * y, 2.0, 3.0)  # doctest: +SKIP
        >>> tape.value, tape.gradient("x"), tape.gradient("y")  # doctest: +SKIP
        (6.0, 3.0, 2.0)
    """
    return Derivatives(function, inputs)


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function say what its gradient is.

    Args:
        function: takes arrays or numbers and returns its value and a function
            `grad(upstream)`, which returns the gradient with respect to each argument: one, or a
            tuple of as many. Use it as a decorator.

    Returns:
        The function, giving the value alone.

    Example:
        >>> @luthier.custom_gradient
        ... def rounded(x):  # a straight-through estimator
        ...     return keras.ops.round(x), lambda upstream: upstream
    """
    if not callable(function):
        raise FatalTypeError(f"Expected a function, got {function!r}.")
    made: dict[Any, Callable[..., Any]] = {}

    @functools.wraps(function)
    def own(*inputs: Any) -> Any:
        from luthier.training import _keras_gradients

        backend = _keras_gradients.backend()
        if backend not in made:
            made[backend] = backend.custom_gradient(_checked(function))
        return made[backend](*[_keras_gradients.raw(value) for value in inputs])

    return own


def train_step(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Let a model's own `train_step(self, data)` serve every backend; a decorator.

    Args:
        function: a method of a `keras.Model`: takes a batch, changes the variables and returns a
            dict of numbers. For gradients it calls `value_and_gradients`, for updates
            `self.optimizer.apply(gradients, variables)`.

    Returns:
        The method in the form that Keras wants on the backend in use.

    Example:
        >>> class Own(keras.Model):  # doctest: +SKIP
        ...     @luthier.train_step
        ...     def train_step(self, data):
        ...         x, y = data
        ...         loss, gradients = luthier.value_and_gradients(
        ...             lambda: keras.ops.mean((self(x, training=True) - y) ** 2),
        ...             self.trainable_variables,
        ...         )
        ...         self.optimizer.apply(gradients, self.trainable_variables)
        ...         self.loss_mean.update_state(loss)  # a keras.metrics.Mean of the model's
        ...         return {"loss": self.loss_mean.result()}
    """
    from luthier.training import _keras_own_step

    return _keras_own_step.train_step(function)


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with what it returns looked at."""
    name = getattr(function, "__name__", "the function")

    def checked(*inputs: Any) -> Any:
        returned = function(*inputs)
        if not (isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1])):
            raise FatalTypeError(
                f"Expected {name}() to return its value and a function grad(upstream), "
                f"got {returned!r}."
            )
        value, own = returned

        def pull_back(upstream: Any) -> Any:
            found = own(upstream)
            several = tuple(found) if isinstance(found, tuple | list) else (found,)
            if len(several) != len(inputs):
                raise FatalValueError(
                    f"Expected the grad(upstream) of {name}() to return {len(inputs)} gradients, "
                    f"one for each argument, got {len(several)}."
                )
            return several if len(inputs) > 1 else several[0]

        return value, pull_back

    return checked


def _place(function: Callable[..., Any], argument: int | str, count: int | None = None) -> int:
    """The position of an argument."""
    if isinstance(argument, str):
        names = list(inspect.signature(function).parameters)
        if argument not in names:
            raise FatalValueError(
                f"Expected one of the arguments {', '.join(names)}, got {argument!r}."
            )
        return names.index(argument)
    if count is not None and not -count <= argument < count:
        raise FatalValueError(f"There are {count} inputs, so none has the position {argument}.")
    return argument


def _as_list(variables: Any) -> list[Any]:
    if isinstance(variables, Iterable):
        return list(variables)
    return [variables]
