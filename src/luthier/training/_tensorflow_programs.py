"""Traced steps that many models run, each on its own variables.

Enters: a step of a model, what it is traced for, and the model's variables. Leaves: a program: the
traced graph, and which of its inputs are which variables. Another model of the same fingerprint
runs the graph with its own in their place: nothing is copied, and nothing is traced.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from luthier.training._keras_scalars import Scalar
from luthier.training._tensorflow_scalars import hoisted

# Each keeps a graph, and the variables of the model that it was traced with.
_MOST_PROGRAMS = 32
_MOST_BYTES = 256 * 2**20

Key = tuple[str, str, str]
"""A model's fingerprint, what the step does, and the form of the data."""


Read = tuple[tuple[str, float], ...]
"""Name and value of each number that the user's own code reads."""

OWN_NUMBERS = (
    "code of one's own reads {} as Python numbers, so a step is traced for each of their values; "
    "what functools.partial gives a loss(model, batch) of a Step is an input instead"
)


class NoProgramError(Exception):
    """A step that cannot be run on another model's variables; says why."""


class Numbers:
    """A model's numbers, where its programs read them.

    Args:
        scalars: of the model.
    """

    def __init__(self, scalars: Sequence[Scalar]) -> None:
        self.scalars = tuple(scalars)
        values = [float(scalar.value) for scalar in scalars]
        self.source = tf.Variable(values or [0.0], dtype=tf.float64, trainable=False)


class Program:
    """A traced step.

    Args:
        step: takes an iterator over batches, or a batch.
        iterator: an example of that.
        variables: what the step may read or write.
        numbers: what the step takes as inputs.

    Raises:
        NoProgramError: if the step holds on to something that no other model has.
    """

    def __init__(
        self,
        step: Callable[[Any], Any],
        iterator: Any,
        variables: Sequence[Any],
        numbers: Numbers,
    ) -> None:
        reads: list[Any] = []

        def traced(batches: Any) -> Any:
            with hoisted(numbers.scalars, numbers.source) as values:
                reads.extend(values)
                return step(batches)

        try:
            self._graph = tf.function(traced, autograph=False).get_concrete_function(iterator)
        except Exception as error:
            # If the model is at fault, Keras's own function will say so.
            raise NoProgramError(f"tracing raised {type(error).__name__}: {error}") from error
        self._takes = _inputs(self._graph, _handles(variables, numbers))
        self.unread = _unread(numbers.scalars, reads)
        self._fixed: dict[int, float] = {}
        self.bytes = sum(variable.value.shape.num_elements() * 4 for variable in variables)
        self._owner: object = None

    def fix_unread(self) -> None:
        """Serve only models with the same values of those numbers that the graph does not read.

        It may have no use for them, or Keras's code took them in a way that cannot be seen.
        """
        self._fixed = self.unread

    def suits(self, numbers: Numbers) -> bool:
        """Whether the graph is right for these numbers."""
        return all(numbers.scalars[i].value == value for i, value in self._fixed.items())

    def bind(self, variables: Sequence[Any], numbers: Numbers) -> Callable[[Any], Any]:
        """The step of another model.

        Args:
            variables: of that model, in the same order.
            numbers: of that model.
        """
        handles = _handles(variables, numbers)
        captures = [handles[one] if isinstance(one, int) else one for one in self._takes]
        owner = object()

        def run(iterator: Any) -> Any:
            if self._owner is not owner:
                self._graph.set_external_captures(captures)
                self._owner = owner
            return self._graph(iterator)

        return run


class Graphs:
    """Programs by what they depend on; those used last are kept.

    Attributes:
        traced: how many were added.
    """

    def __init__(self) -> None:
        self.traced = 0
        self._programs: OrderedDict[tuple[Key, int], Program] = OrderedDict()
        self._models: set[str] = set()
        self._kin: dict[str, dict[str, Read]] = {}

    def get(self, key: Key, numbers: Numbers) -> Program | None:
        """A program for that key and numbers, if there is one."""
        for place, program in self._programs.items():
            if place[0] == key and program.suits(numbers):
                self._programs.move_to_end(place)
                return program
        return None

    def add(self, key: Key, program: Program) -> None:
        """Keep a program."""
        self.traced += 1
        self._models.add(key[0])
        self._programs[(key, self.traced)] = program
        while self._programs and self._is_too_much():
            self._programs.popitem(last=False)

    def meet(self, key: str, kin: str, read: Read) -> str:
        """Take note of a model for which a step is traced.

        Args:
            key: the model's.
            kin: the same for models that differ in numbers only which the user's own code reads.
            read: those numbers.

        Returns:
            Why an earlier model's step does not do, if it is for those numbers alone; otherwise "".
        """
        met = self._kin.setdefault(kin, {})
        others = [] if key in met else list(met.values())
        met[key] = read
        if not others:
            return ""
        names = {mine[0] for mine, other in zip(read, others[0], strict=True) if mine != other}
        return OWN_NUMBERS.format(", ".join(sorted(names)))

    def _is_too_much(self) -> bool:
        kept = self._programs.values()
        return len(kept) > _MOST_PROGRAMS or sum(one.bytes for one in kept) > _MOST_BYTES

    def __len__(self) -> int:
        """How many kinds of models there were: training and testing count as one."""
        return len(self._models)


def _unread(scalars: Sequence[Scalar], tensors: Sequence[Any]) -> dict[int, float]:
    """The numbers that a graph does not read, by their place."""
    pairs = list(zip(scalars, tensors, strict=True))
    read = {scalar.group for scalar, tensor in pairs if tensor.consumers()}
    return {i: s.value for i, s in enumerate(scalars) if s.group not in read}


def _handles(variables: Sequence[Any], numbers: Numbers) -> list[Any]:
    return [numbers.source.handle, *(variable.value.handle for variable in variables)]


def _inputs(graph: Any, handles: Sequence[Any]) -> list[Any]:
    """For each input of the graph beside the iterator: the number of a variable, or what it is."""
    places = {id(handle): index for index, handle in enumerate(handles)}
    inputs: list[Any] = []
    for captured in graph.captured_inputs:
        place = places.get(id(captured))
        if place is None and captured.dtype in (tf.resource, tf.variant):
            raise NoProgramError(f"its step uses {getattr(captured, 'name', captured)}")
        inputs.append(captured if place is None else place)
    return inputs
