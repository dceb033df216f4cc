"""Many trials in one run of a program: their states packed, stacked, and given back.

A state has a hundred small arrays. Packed into one vector for each type, the states of many lanes
are stacked and handed over in few arguments; the program takes them apart inside.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from luthier.programs._failure import Failure
from luthier.programs._jax_programs import Bound, Maker, Programs
from luthier.programs._jax_trace import Trace

# Parts of a device's memory, and of a machine's, that lanes may take.
_OF_DEVICE = 0.6
_OF_MACHINE = 0.25


@dataclass(frozen=True)
class Request:
    """A trial that wants a program to be run.

    Attributes:
        traces: what it is made of.
        maker: how.
        state: its own.
        data: arrays that all share.
        rows: nested arrays of its own.
        streams: the same.
        first: whether it goes before others that are not, so that lanes stay together.
    """

    traces: tuple[Trace, ...]
    maker: Maker
    state: Any
    data: Any
    rows: Any
    streams: Any
    first: bool = False

    def key(self) -> Hashable:
        """Equal for requests that can run side by side."""
        skeletons = tuple(one.skeleton for one in self.traces)
        shared = tuple(id(array) for array in self.data)
        own = _types((self.state, self.rows, self.streams))
        return self.maker.key, skeletons, shared, own


class Packer:
    """Answers requests of lanes.

    Args:
        programs: where programs are kept.
        lanes: most lanes in one run.
    """

    def __init__(self, programs: Programs, lanes: int) -> None:
        self._programs = programs
        self._most: dict[Hashable, int] = {}
        self._lanes = lanes
        self._sizes: dict[Hashable, set[int]] = {}
        self._compiled: dict[Hashable, Any] = {}
        self.halved = 0

    def __call__(self, requests: Sequence[Request]) -> list[Any]:
        """Logs and states; None for those that wait for others to catch up."""
        replies: list[Any] = [None] * len(requests)
        is_first = any(request.first for request in requests)
        groups: dict[Hashable, list[int]] = {}
        for index, request in enumerate(requests):
            if request.first or not is_first:
                groups.setdefault(request.key(), []).append(index)
        for key, places in groups.items():
            try:
                results = self._group(key, [requests[place] for place in places])
            except Exception as error:
                results = [Failure(error)] * len(places)
            for place, result in zip(places, results, strict=True):
                replies[place] = result
        return replies

    def _group(self, key: Hashable, group: list[Request]) -> list[Any]:
        most = self._most.setdefault(key, self._lanes)
        if len(group) > most:
            return [
                result
                for start in range(0, len(group), most)
                for result in self._group(key, group[start : start + most])
            ]
        if (len(group) == 1 and not self._sizes.get(key)) or most == 1:
            return [self._alone(one) for one in group]
        try:
            return self._together(key, group)
        except Exception as error:
            if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
                raise
            self._most[key] = max(1, most // 2)
            self._sizes.pop(key, None)
            self.halved += 1
            return self._group(key, group)

    def _alone(self, one: Request) -> Any:
        bound = self._programs.bind(one.traces, one.maker)
        return bound(one.state, one.data, one.rows, one.streams)

    def _together(self, key: Hashable, group: list[Request]) -> list[Any]:
        packing = Packing(group[0].state)
        size = self._size(key, len(group))
        bound = [self._programs.bind(one.traces, packing.maker(one.maker)) for one in group]
        # Lanes that nobody has repeat the first.
        filled = [*range(len(group)), *[0] * (size - len(group))]
        constants = _stacked([bound[index].packed() for index in filled])
        pack = self._kept(("pack", packing.key), packing.pack, group[0].state)
        states = [pack(one.state) for one in group]
        stacked = _stacked([states[index] for index in filled])
        rows, row_axis = _common([group[index].rows for index in filled])
        streams, stream_axis = _common([group[index].streams for index in filled])
        args = (stacked, group[0].data, rows, streams)
        run = _executable(bound[0], constants, args, (0, None, row_axis, stream_axis))
        logs, ended = run(constants, *args)
        self._sizes.setdefault(key, set()).add(size)
        logs = jax.device_get(logs)
        take = self._kept(("take", packing.key, size), packing.take, ended, np.int32(0))
        return [
            (jax.tree.map(lambda log, lane=lane: log[lane], logs), take(ended, np.int32(lane)))
            for lane in range(len(group))
        ]

    def _size(self, key: Hashable, count: int) -> int:
        """How many lanes to run: a number that was compiled for before, if it is not far off."""
        near = [size for size in self._sizes.get(key, ()) if count <= size <= 4 * count]
        return min(near) if near else min(1 << (count - 1).bit_length(), self._most[key])

    def _kept(self, key: Hashable, function: Any, *args: Any) -> Any:
        """A compiled function, kept apart from JAX's caches."""
        if key not in self._compiled:
            self._compiled[key] = jax.jit(function).lower(*args).compile()
        return self._compiled[key]


class Packing:
    """A state in few vectors: one for each type.

    Args:
        state: nested arrays; an example.
    """

    def __init__(self, state: Any) -> None:
        leaves, self._structure = jax.tree.flatten(state)
        self._types = [(leaf.shape, jnp.dtype(leaf.dtype)) for leaf in leaves]
        self.key = (self._structure, tuple((shape, str(kind)) for shape, kind in self._types))

    def pack(self, state: Any) -> dict[str, Any]:
        """One vector for each type."""
        leaves = jax.tree.leaves(state)
        kinds = dict.fromkeys(str(kind) for _, kind in self._types)
        return {
            kind: jnp.concatenate(
                [
                    jnp.ravel(leaf)
                    for leaf, (_, own) in zip(leaves, self._types, strict=True)
                    if str(own) == kind
                ]
            )
            for kind in kinds
        }

    def unpack(self, packed: dict[str, Any]) -> Any:
        """The state again."""
        at = dict.fromkeys(packed, 0)
        leaves = []
        for shape, kind in self._types:
            count = int(np.prod(shape, dtype=np.int64))
            start = at[str(kind)]
            leaves.append(packed[str(kind)][start : start + count].reshape(shape))
            at[str(kind)] = start + count
        return jax.tree.unflatten(self._structure, leaves)

    def take(self, stacked: dict[str, Any], lane: Any) -> Any:
        """The state of one lane."""
        return self.unpack({kind: rows[lane] for kind, rows in stacked.items()})

    def maker(self, maker: Maker) -> Maker:
        """The same program, of packed states."""

        def make(*replays: Any) -> Any:
            inside = maker.make(*replays)

            def run(packed: dict[str, Any], *args: Any) -> Any:
                logs, state = inside(self.unpack(packed), *args)
                return logs, self.pack(state)

            return run

        return Maker(make, ("packed", maker.key, self.key))


def _executable(
    bound: Bound, constants: Any, args: Sequence[Any], axes: Sequence[int | None]
) -> Any:
    """The compiled program, if it fits.

    Raises:
        MemoryError: if it does not.
    """
    run = bound.program.lanes(constants, args, axes)
    analysis = run.memory_analysis()
    needed = sum(
        getattr(analysis, f"{kind}_size_in_bytes", 0) for kind in ("temp", "output", "argument")
    )
    if needed > memory_budget():
        raise MemoryError(f"{needed} bytes needed")
    return run


def memory_budget() -> float:
    """Bytes that a run of lanes may take."""
    stats = jax.local_devices()[0].memory_stats() or {}
    if "bytes_limit" in stats:
        return float(stats["bytes_limit"]) * _OF_DEVICE
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * _OF_MACHINE


def _stacked(trees: Sequence[Any]) -> Any:
    return jax.tree.map(
        lambda *leaves: (
            np.stack(leaves) if isinstance(leaves[0], np.ndarray) else jnp.stack(leaves)
        ),
        *trees,
    )


def _common(trees: Sequence[Any]) -> tuple[Any, int | None]:
    """What all lanes have in common, or a stack of what each has; and the axis of lanes."""
    leaves = [jax.tree.leaves(tree) for tree in trees]
    if all(
        own is first or np.array_equal(own, first)
        for other in leaves[1:]
        for own, first in zip(other, leaves[0], strict=True)
    ):
        return trees[0], None
    return _stacked(trees), 0


def _types(tree: Any) -> Hashable:
    leaves, structure = jax.tree.flatten(tree)
    return structure, tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves)
