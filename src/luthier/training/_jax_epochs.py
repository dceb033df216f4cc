"""An epoch of a trial in few dispatches: steps of one shape run as one compiled scan.

Enters: a step's trace, a state, batches. Leaves: the last logs and the new state, as if the step
had been called for one batch after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from luthier.programs import Maker, Rule, Trace
from luthier.training._jax_rows import DeviceData, Rows, plain

# Batches that are streamed are sent to the device in parts of this size.
_STREAMED_BYTES = 2**26
_LONGEST = 4096
# Of so many rows, one may be there to fill up the last batch.
_MOST_FILLED = 10


@dataclass(frozen=True)
class Run:
    """Batches of one shape, one after the other.

    Attributes:
        structure: how a batch is nested.
        batches: the leaves of each.
    """

    structure: Any
    batches: list[list[Any]]

    def first(self) -> Any:
        """The first batch, as Keras would hand it over."""
        return jax.tree.unflatten(self.structure, [plain(leaf) for leaf in self.batches[0]])


def runs(batches: Sequence[Any]) -> Iterator[Run]:
    """Batches, grouped into runs of equal shapes."""
    last: Any = None
    run: Run | None = None
    for batch in batches:
        leaves, structure = jax.tree.flatten(batch)
        leaves = [leaf if hasattr(leaf, "dtype") else np.asarray(leaf) for leaf in leaves]
        kind = (structure, tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves))
        if run is not None and kind == last:
            run.batches.append(leaves)
            continue
        if run is not None:
            yield run
        last, run = kind, Run(structure, [leaves])
    if run is not None:
        yield run


def joined(given: Sequence[Run]) -> Run | None:
    """Full batches and a last one of fewer rows as one run, of `(batch, is_last)`.

    Returns:
        None if they are no such batches, or filling up the last one costs too much. It is filled up
        with its first row.
    """
    if len(given) != 2 or len(given[1].batches) != 1 or given[0].structure != given[1].structure:
        return None
    full, last = given[0].batches[0], given[1].batches[0]
    pairs = list(zip(full, last, strict=True))
    if not all(leaf.ndim and leaf.shape[1:] == other.shape[1:] for leaf, other in pairs):
        return None
    sizes = {(len(leaf), len(other)) for leaf, other in pairs}
    if len(sizes) != 1:
        return None
    ((most, fewer),) = sizes
    if not 1 < fewer < most or (most - fewer) * _MOST_FILLED > len(given[0].batches) * most + fewer:
        return None
    places = np.zeros(most, np.int32)
    places[:fewer] = np.arange(fewer)
    filled = [(leaf if isinstance(leaf, Rows) else np.asarray(leaf))[places] for leaf in last]
    batches = [[*leaves, np.bool_(False)] for leaves in given[0].batches]
    structure = jax.tree.structure((jax.tree.unflatten(given[0].structure, full), False))
    return Run(structure, [*batches, [*filled, np.bool_(True)]])


def pull(iterator: Any, limit: int | None) -> Iterator[list[Any]]:
    """Batches of an iterator that have rows, in parts that fit on the device."""
    taken = 0
    while limit is None or taken < limit:
        part: list[Any] = []
        size = 0
        while size < _STREAMED_BYTES and len(part) < _LONGEST and (not limit or taken < limit):
            try:
                batch = next(iterator)
            except StopIteration:
                break
            taken += 1
            leaves = jax.tree.leaves(batch)
            # The mean over no rows is no number, and would make every weight none.
            if any(getattr(leaf, "shape", None) and not len(leaf) for leaf in leaves):
                continue
            part.append(batch)
            size += sum(map(_streamed, leaves))
        if not part:
            return
        yield part


def _streamed(leaf: Any) -> int:
    known = isinstance(leaf, Rows) and leaf.rows is not None
    return 4 * len(leaf) if known else int(getattr(leaf, "nbytes", 0))


@dataclass(frozen=True)
class Feed:
    """What a program takes to train on some runs, and which leaf of a batch comes from where.

    Attributes:
        shape: for each run how its batches are nested, how many there are, and for each leaf the
            place of its data in `data`, or None if it is in `streams`.
        data: the user's arrays on the device.
        rows: for each run and each leaf that is in `data`, which rows each batch takes,
            `(batches, rows)`.
        streams: for each run the other leaves, stacked, `(batches, …)`.
    """

    shape: tuple[tuple[Any, int, tuple[int | None, ...]], ...]
    data: list[Any]
    rows: list[list[Any]]
    streams: list[list[Any]]


def feed(runs: Sequence[Run], device: DeviceData) -> Feed:
    """Prepare the batches of some runs."""
    data: dict[int, tuple[int, Any]] = {}
    shape = []
    rows: list[list[Any]] = []
    streams: list[list[Any]] = []
    for run in runs:
        sources: list[int | None] = []
        rows.append([])
        streams.append([])
        for column in zip(*run.batches, strict=True):
            base = _common_base(column)
            if base is None:
                sources.append(None)
                streams[-1].append(np.stack([np.asarray(plain(leaf)) for leaf in column]))
                continue
            array = device.array(base, column[0].dtype)
            sources.append(data.setdefault(id(array), (len(data), array))[0])
            rows[-1].append(np.stack([leaf.rows for leaf in column]))
        shape.append((run.structure, len(run.batches), tuple(sources)))
    return Feed(tuple(shape), [array for _, array in data.values()], rows, streams)


def _common_base(column: Sequence[Any]) -> Any:
    bases = {id(getattr(leaf, "base_array", None)) for leaf in column}
    return getattr(column[0], "base_array", None) if len(bases) == 1 else None


def epoch_maker(
    shape: tuple[tuple[Any, int, tuple[int | None, ...]], ...], *, rule: Rule | None = None
) -> Maker:
    """One dispatch for some runs: called with the state, and data, rows and streams of a `Feed`;
    made of one step's trace a run.
    """

    def make(*steps: Callable[..., Any]) -> Callable[..., Any]:
        def epoch(state: Any, data: Any, rows: Any, streams: Any) -> Any:
            logs: Any = None
            for step, (structure, count, sources), *at in zip(
                steps, shape, rows, streams, strict=True
            ):
                looped = step if count == 1 or rule is None else partial(step, rule=rule)
                advance = _advance(looped, structure, sources, data)
                if count == 1:
                    state, logs = advance(state, jax.tree.map(lambda leaf: leaf[0], tuple(at)))
                else:
                    state, every = jax.lax.scan(advance, state, tuple(at))
                    logs = jax.tree.map(lambda log: log[-1], every)
            return logs, state

        return epoch

    return Maker(make, ("epoch", shape, rule), donate=(0,))


def _advance(
    step: Callable[..., Any], structure: Any, sources: Sequence[int | None], data: Any
) -> Callable[[Any, Any], Any]:
    """A step as `scan` wants it: state and the place of a batch to state and logs."""

    def advance(state: Any, at: Any) -> Any:
        rows, streams = map(iter, at)
        leaves = [
            next(streams)
            if source is None
            else jnp.take(data[source], next(rows), axis=0, mode="clip")
            for source in sources
        ]
        logs, new = step(state, jax.tree.unflatten(structure, leaves))
        return jax.tree.unflatten(jax.tree.structure(state), jax.tree.leaves(new)), logs

    return advance


STEP = Maker(lambda step: step, "step", donate=(0,))
"""One dispatch a step."""


def keeps_types(trace: Trace, state: Any) -> bool:
    """Whether a step leaves its state as it was, in shapes and types: only then can it be scanned
    over.
    """
    leaves = jax.tree.leaves(state)
    results = trace.result_types[len(trace.result_types) - len(leaves) :]
    return len(results) == len(leaves) and all(
        leaf.shape == result.shape and leaf.dtype == result.dtype
        for leaf, result in zip(leaves, results, strict=True)
    )
