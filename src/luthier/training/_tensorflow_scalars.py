"""Numbers that a traced step takes as inputs, where Keras's code expects Python's.

While a step is traced, `Hoisted` stands in for a number. It is a float in every comparison, so the
trace goes the way that the number itself would; in arithmetic it is a tensor, computed in double
precision with other numbers, as Python does, and rounded when it meets a tensor, as TensorFlow does
with Python's. So results are the same to the last bit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from luthier.training._keras_scalars import Scalar


class Hoisted(float):
    """A number of a trace's own values that enters the graph as a tensor.

    Args:
        value: the number that the trace is made with.
        tensor: where the number comes from when the graph runs; double precision.
    """

    tensor: Any
    # Keras asks things for their type, and takes that of a number for "as the others".
    dtype = float

    def __new__(cls, value: float, tensor: Any) -> Hoisted:
        made = super().__new__(cls, value)
        made.tensor = tensor
        return made

    def __tf_tensor__(self, dtype: Any = None, name: Any = None) -> Any:
        del name
        return tf.cast(self.tensor, dtype or tf.float32)

    def __add__(self, other: Any) -> Any:
        return _apply(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return _apply(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        return _apply(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return _apply(operator.sub, other, self)

    def __mul__(self, other: Any) -> Any:
        return _apply(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return _apply(operator.mul, other, self)

    def __truediv__(self, other: Any) -> Any:
        return _apply(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _apply(operator.truediv, other, self)

    def __pow__(self, other: Any, modulo: None = None) -> Any:
        del modulo
        return _apply(operator.pow, self, other)

    def __rpow__(self, other: Any, modulo: None = None) -> Any:
        del modulo
        return _apply(operator.pow, other, self)

    def __neg__(self) -> Any:
        return Hoisted(-float(self), -self.tensor)

    def __hash__(self) -> int:
        return float.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return float.__eq__(self, other)


@contextmanager
def hoisted(scalars: Sequence[Scalar], source: Any) -> Iterator[list[Any]]:
    """Put `Hoisted` numbers into their owners while a step is traced; gives their tensors.

    Args:
        scalars: where they are.
        source: a variable with one double for each; read inside the graph.
    """
    values = tf.unstack(source.read_value(), num=source.shape[0])[: len(scalars)]
    # A tensor of its own for each: what reads it can be told from what reads another.
    values = [tf.identity(value) for value in values]
    try:
        for value, scalar in zip(values, scalars, strict=True):
            scalar.owner[scalar.name] = Hoisted(scalar.value, value)
        yield values
    finally:
        for scalar in scalars:
            scalar.owner[scalar.name] = scalar.value


def _apply(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    numbers = [side for side in (left, right) if isinstance(side, float | int)]
    if len(numbers) == 2:
        return Hoisted(operation(float(left), float(right)), operation(_wide(left), _wide(right)))
    if not all(isinstance(side, float | int | tf.Tensor) for side in (left, right)):
        return NotImplemented
    other = right if isinstance(left, Hoisted) else left
    return operation(_narrow(left, other.dtype), _narrow(right, other.dtype))


def _wide(side: Any) -> Any:
    return side.tensor if isinstance(side, Hoisted) else tf.constant(float(side), tf.float64)


def _narrow(side: Any, dtype: Any) -> Any:
    return tf.cast(side.tensor, dtype) if isinstance(side, Hoisted) else side
