"""Products of a wide program, block by block: as many blocks as the trial that runs in it fills.

What is wider than a trial is zeros, and a product of zeros need not be computed. Each axis that may
be wider is cut into blocks, and loops that are told how many of them the trial has put a product
together. So one program serves all widths, and a narrow trial costs about as much as it would
alone. Where a loop costs more than it saves (side by side, where each trial would wait for the
widest, and on an accelerator) products are computed whole (`WHOLE`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from luthier.programs._axes import Axis, Factor, resolved, wide
from luthier.programs._jax_lines import Line, Value
from luthier.programs._jax_trace import bind_again, in_context

# Narrower blocks, more of them, and smaller products than this cost more than they save: a turn of
# a loop takes as long as some hundred thousand multiplications.
_NARROWEST = 16
_MOST_BLOCKS = 8
_LEAST_WORK = 2e6


@dataclass(frozen=True)
class Form:
    """How the operations of a wide program are done.

    Attributes:
        facts: what an operation has to know of the trial, as an array, or None.
        run: does an operation: called with it, its operands and these facts.
        work: multiplications and additions of an operation, about.
    """

    facts: Callable[[Line], Any]
    run: Callable[[Line, list[Any], Any], Sequence[Any]]
    work: Callable[[Line], float]


@dataclass(frozen=True)
class _Loop:
    """Blocks along one factor of a product.

    Attributes:
        factor: what is cut.
        blocks: how many there are.
        places: where it is in both operands and in the result, whose axes are single factors; None
            where it is not. One that is not in the result is summed over.
    """

    factor: Factor
    blocks: int
    places: tuple[int | None, int | None, int | None]

    @property
    def length(self) -> int:
        """Places in a block."""
        return self.factor.wide // self.blocks

    @property
    def filled(self) -> int:
        """Blocks in which the trial has something."""
        return -(-self.factor.size // self.length)


def _facts(line: Line) -> Any:
    loops = _loops(line)
    if not loops:
        return line.strides()
    return jnp.asarray([loop.filled for loop in loops], jnp.int32)


def _run(line: Line, operands: list[Any], facts: Any) -> Sequence[Any]:
    loops = _loops(line)
    if not loops:
        return line.run(operands, facts)
    *taken, given = [[1 if one is None else one.wide for one in parts] for parts in _parts(line)]
    cut = [operand.reshape(shape) for operand, shape in zip(operands, taken, strict=True)]
    result = jnp.zeros(given, line.given[0].dtype)
    with in_context(line.equation):
        result = _summed(line, loops, facts, cut, result, {})
    return [result.reshape(wide(line.given[0].axes))]


def _work(line: Line) -> float:
    return line.work() * prod(loop.filled / loop.blocks for loop in _loops(line))


WHOLE = Form(Line.strides, Line.run, Line.work)
"""All of each operation."""

IN_BLOCKS = Form(_facts, _run, _work)
"""Of products those blocks in which the trial has something."""


def _summed(
    line: Line,
    loops: Sequence[_Loop],
    counts: Any,
    operands: Sequence[Any],
    result: Any,
    starts: dict[int, Any],
) -> Any:
    """The result, with the products of the blocks of these loops added at these places."""
    if not loops:
        (part,) = bind_again(line.equation, operands, _params(line))
        corner = [starts.get(place, 0) for place in range(result.ndim)]
        before = jax.lax.dynamic_slice(result, corner, part.shape)
        return jax.lax.dynamic_update_slice(result, before + part, corner)
    loop, at = loops[0], loops[0].places[-1]

    def add(index: Any, result: Any) -> Any:
        start = index * loop.length
        cut = [
            one if place is None else jax.lax.dynamic_slice_in_dim(one, start, loop.length, place)
            for one, place in zip(operands, loop.places, strict=False)
        ]
        inner = starts if at is None else {**starts, at: start}
        return _summed(line, loops[1:], counts[1:], cut, result, inner)

    return jax.lax.fori_loop(0, counts[0], add, result)


def _loops(line: Line) -> list[_Loop]:
    """How a product is cut; not at all if that is not worth it."""
    work = line.work()
    if work < 2 * _LEAST_WORK or not _is_known(line):
        return []
    parts = _parts(line)
    loops = []
    for factor in dict.fromkeys(one for part in parts for one in part if one is not None):
        is_once = all(part.count(factor) <= 1 for part in parts)
        if is_once and not factor.is_fixed:
            one, other, given = (part.index(factor) if factor in part else None for part in parts)
            loops.append(_Loop(factor, _fewer(factor, _MOST_BLOCKS), (one, other, given)))
    while work / prod(loop.blocks for loop in loops) < _LEAST_WORK:
        most = max(loops, key=lambda loop: loop.blocks)
        fewer = _fewer(most.factor, most.blocks - 1)
        loops[loops.index(most)] = replace(most, blocks=fewer)
    return [loop for loop in loops if loop.blocks > 1]


def _fewer(factor: Factor, most: int) -> int:
    """The most equal blocks, of at most so many, that are not too narrow."""
    return next(
        (n for n in range(most, 1, -1) if factor.wide % n == 0 and factor.wide // n >= _NARROWEST),
        1,
    )


def _is_known(line: Line) -> bool:
    """Whether it is a product of whose axes it is known how they can be cut."""
    if line.given[0].dtype not in (np.float32, np.float64):
        return False
    if line.equation.primitive.name == "dot_general":
        return True
    params = line.equation.params
    return (
        line.equation.primitive.name == "conv_general_dilated"
        and params["feature_group_count"] == params["batch_group_count"] == 1
        and all(len(part) == 1 for value in line.values for part in _single(value))
    )


def _parts(line: Line) -> list[list[Factor | None]]:
    """What the axes of both operands and of the result are, once each is one factor."""
    if line.equation.primitive.name == "dot_general":
        return [list(_factors(value.axes)) for value in line.values]
    return [[part[0] for part in _single(value)] for value in line.values]


def _factors(axes: Sequence[Axis]) -> Axis:
    return tuple(factor for one in axes for factor in resolved(one))


def _single(value: Value) -> list[tuple[Factor | None, ...]]:
    """The factors of each axis; None for one of one place."""
    return [resolved(one) or (None,) for one in value.axes]


def _params(line: Line) -> Mapping[str, Any]:
    """The parameters of the product of such operands."""
    params = line.equation.params
    if line.equation.primitive.name != "dot_general":
        return dict(params)
    numbers = tuple(
        tuple(_places(value.axes, own) for value, own in zip(line.taken, pair, strict=True))
        for pair in params["dimension_numbers"]
    )
    return {**params, "dimension_numbers": numbers}


def _places(axes: Sequence[Axis], wanted: Sequence[int]) -> tuple[int, ...]:
    """Where the factors of some axes are among those of all."""
    ends = [len(_factors(axes[: place + 1])) for place in range(len(axes))]
    return tuple(
        place for one in wanted for place in range(ends[one] - len(resolved(axes[one])), ends[one])
    )
