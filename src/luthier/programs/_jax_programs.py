"""Compiled programs, kept by skeleton and shared by all that have the same.

Enters: traces. Leaves: callables that run them with their own constants. An executable is kept
apart from JAX's caches, so emptying these between trials costs nothing here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax

from luthier.programs._jax_constants import Layout, Packed, first_layout, widened
from luthier.programs._jax_rules import ALWAYS
from luthier.programs._jax_trace import Trace, trace
from luthier.programs._jax_wiring import check_replay

Replay = Callable[..., Any]
"""A traced function, with the constants of whoever runs it; may be called with a `rule`."""

# Each holds some megabytes of machine code; one that comes back is read from the folder of compiled
# programs instead of being compiled.
_MOST_KEPT = 16


# What LLVM does beyond this takes half of the time that a convolutional network's step takes to be
# compiled, and the code is no faster.
_ON_CPU = {"xla_backend_optimization_level": 2}


@dataclass(frozen=True)
class Maker:
    """How a program is made of traced functions.

    Attributes:
        make: called with one `Replay` a trace; returns the function that is compiled.
        key: names it: equal keys with equal skeletons share a program.
        donate: which arguments' memory may be reused for the results.
    """

    make: Callable[..., Callable[..., Any]]
    key: Hashable
    donate: tuple[int, ...] = ()


CALL = Maker(lambda replay: replay, "call")
"""One function, as it is."""


class Program:
    """One skeleton's compiled code, for every shape that it was run with.

    Args:
        maker: how it is made of its traces.
        traces: of the first that has this skeleton.
    """

    def __init__(self, maker: Maker, traces: Sequence[Trace]) -> None:
        self._maker = maker
        self._traces = tuple(traces)
        self._first = [one.constants for one in traces]
        self.layout = first_layout(self._first)
        self.compiles = 0
        self._executables: dict[Hashable, Any] = {}

    def admit(self, constants: Sequence[Sequence[Any]]) -> None:
        """Take constants as inputs that differ from those known so far; it is compiled again."""
        layout = widened(self.layout, self._first, constants)
        if layout is not self.layout:
            self.layout = layout
            self._executables.clear()

    def run(self, constants: Packed, args: Sequence[Any]) -> Any:
        """Call the program; compiles it for the types of `args` if they are new."""
        return self.executable(self._function(), constants, args, "one")(constants, *args)

    def lanes(self, constants: Packed, args: Sequence[Any], axes: Sequence[int | None]) -> Any:
        """The compiled program for many trials side by side; called with `constants` and `args`.

        Args:
            constants: of all of them, stacked along a new first axis.
            args: stacked likewise, or shared.
            axes: for each argument, 0 where it is stacked and None where it is shared.
        """
        function = jax.vmap(self._function(), in_axes=(0, *axes))
        return self.executable(function, constants, args, ("lanes", tuple(axes)))

    def executable(
        self, function: Callable[..., Any], constants: Packed, args: Sequence[Any], kind: Hashable
    ) -> Any:
        """The compiled code for arguments of these types."""
        signature = (kind, _signature((constants, args)))
        found = self._executables.get(signature)
        if found is None:
            donate = tuple(index + 1 for index in self._maker.donate)
            lowered = jax.jit(function, donate_argnums=donate).lower(constants, *args)
            found = lowered.compile(compiler_options=_options())
            self._executables[signature] = found
            self.compiles += 1
        return found

    def _function(self) -> Callable[..., Any]:
        """What is compiled; it bears the name of the step, which profilers and caches show."""

        def function(packed: Packed, *args: Any) -> Any:
            full = self.layout.unpack(packed, self._first)
            pairs = zip(self._traces, full, strict=True)
            return self._maker.make(*[partial(one.replay, own, rule=ALWAYS) for one, own in pairs])(
                *args
            )

        function.__name__ = self._traces[0].name
        return function


@dataclass
class Bound:
    """A program with the constants of one trial: a callable of the traced function's arguments.

    Attributes:
        program: shared with others.
        constants: its own, one sequence a trace.
    """

    program: Program
    constants: Sequence[Sequence[Any]]
    _packed: tuple[Layout, Packed] | None = field(default=None, repr=False)

    def packed(self) -> Packed:
        """The constants as the program takes them now."""
        layout = self.program.layout
        if self._packed is None or self._packed[0] is not layout:
            self._packed = (layout, layout.pack(self.constants))
        return self._packed[1]

    def __call__(self, *args: Any) -> Any:
        """Run the program."""
        return self.program.run(self.packed(), args)


class Programs:
    """Programs by skeleton; those used last are kept.

    Example:
        >>> import numpy as np
        >>> from luthier.programs import Programs
        >>> programs = Programs()
        >>> half = programs.compiled(lambda x: 0.51 * x, np.ones(3, np.float32))
        >>> third = programs.compiled(lambda x: 0.31 * x, np.ones(3, np.float32))
        >>> half.program is third.program
        True
    """

    def __init__(self) -> None:
        self._programs: OrderedDict[Hashable, Program] = OrderedDict()
        self._used: set[Hashable] = set()

    def begin(self) -> None:
        """Count anew which programs are used."""
        self._used.clear()

    def compiled(self, function: Callable[..., Any], *args: Any) -> Bound:
        """A compiled form of `function`, shared with functions of the same skeleton.

        Args:
            function: takes and returns nested arrays; has no side effects.
            *args: example arguments.

        Returns:
            A callable of the same arguments. It may be run, not differentiated: trace the gradient
            inside `function`.

        Raises:
            UntraceableError: if it calls back to Python, or JAX cannot trace it.
        """
        return self.bind([trace(function, *args)], CALL)

    def bind(self, traces: Sequence[Trace], maker: Maker) -> Bound:
        """The program that `maker` makes of these traces, with their constants.

        Raises:
            UntraceableError: if a trace does not replay as what it is.
        """
        key = (maker.key, tuple(one.skeleton for one in traces))
        program = self._programs.get(key)
        if program is None:
            for one in traces:
                check_replay(one)
            program = self._programs[key] = Program(maker, traces)
            while len(self._programs) > _MOST_KEPT:
                self._programs.popitem(last=False)
        self._programs.move_to_end(key)
        self._used.add(key)
        constants = [one.constants for one in traces]
        program.admit(constants)
        return Bound(program, constants)

    @property
    def compiles(self) -> int:
        """How often the compiler ran for the programs that are kept."""
        return sum(program.compiles for program in self._programs.values())

    def __len__(self) -> int:
        """How many were used since it was made, or since `begin`."""
        return len(self._used)


def _options() -> dict[str, Any] | None:
    return _ON_CPU if jax.default_backend() == "cpu" else None


def _signature(tree: Any) -> Hashable:
    leaves, structure = jax.tree.flatten(tree)
    return structure, tuple((leaf.shape, leaf.dtype) for leaf in leaves)
