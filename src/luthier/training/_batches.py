"""Where batches come from: arrays, datasets, loaders, generators.

Enters: what a user trains with. Leaves: for each epoch an iterator of batches: tuples of inputs,
targets and weights, as far as they were given. Imports no framework: everything is known by what it
can do.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from operator import itemgetter
from typing import Any

import numpy as np

from luthier.errors import FatalTypeError, FatalValueError
from luthier.training._traces import leaves

SHUFFLED = "shuffled"
REPLACEMENT = "replacement"
ORDERED = "ordered"
DRAWS = (SHUFFLED, REPLACEMENT, ORDERED)

_NO_ROWS = "There is no data: {} has no rows."


class Batches(ABC):
    """Batches for one epoch after the other."""

    steps: int | None
    """How many batches an epoch has; None while nobody knows."""

    seed: int = 0
    """Decides, with the number of the epoch, what is drawn."""

    @abstractmethod
    def epoch(self, number: int) -> Iterator[Any]:
        """The batches of an epoch."""

    def first(self) -> Any:
        """A batch like those to come; none of them is lost."""
        return next(self.epoch(0))


class ArrayBatches(Batches):
    """Rows of arrays.

    Args:
        arrays: a tuple, list or dict of arrays with as many rows each, or one array.
        size: rows in a batch.
        draw: `"shuffled"`: every row once an epoch, in another order each time; `"replacement"`:
            rows at random, some twice, some never; `"ordered"`: as they are.
        steps: batches in an epoch; None: as many as the rows make.
        drop_remainder: whether the last batch is left out where it is smaller.
        seed: decides, with the number of the epoch, which rows are drawn.

    Raises:
        FatalValueError: (a ValueError) for arrays of unequal length, and for a batch that is larger
            than the data.
    """

    def __init__(
        self,
        arrays: Any,
        size: int,
        *,
        draw: str = ORDERED,
        steps: int | None = None,
        drop_remainder: bool = False,
        seed: int = 0,
    ) -> None:
        self._arrays = arrays
        self._rows = rows_of(arrays)
        self._size = size
        self._draw = draw
        self._drop = drop_remainder or draw == REPLACEMENT
        self.seed = seed
        if size > self._rows:
            raise FatalValueError(
                f"Expected batches of at most as many rows as there are, {self._rows}; got "
                f"batch_size={size}. Make batches smaller, or give more rows."
            )
        whole, rest = divmod(self._rows, size)
        self.steps = steps or whole + (0 if self._drop else bool(rest))

    def epoch(self, number: int) -> Iterator[Any]:
        """The batches of an epoch: the same each time it is asked for."""
        rng = np.random.default_rng((self.seed, number))
        passes = itertools.chain.from_iterable(self._once(rng) for _ in itertools.count())
        return itertools.islice(passes, self.steps)

    def _once(self, rng: np.random.Generator) -> Iterator[Any]:
        order = None if self._draw == ORDERED else rng.permutation(self._rows)
        last = self._rows - self._size + 1 if self._drop else self._rows
        for start in range(0, last, self._size):
            if self._draw == REPLACEMENT:
                rows: Any = rng.integers(0, self._rows, self._size)
            elif order is None:
                rows = slice(start, start + self._size)
            else:
                rows = order[start : start + self._size]
            yield mapped(itemgetter(rows), self._arrays)


class StreamBatches(Batches):
    """Batches that something else makes.

    Args:
        source: an iterable of batches, an iterator, or a function that makes one for each epoch.
        steps: batches in an epoch; None: all that the source gives.
    """

    def __init__(self, source: Any, steps: int | None = None) -> None:
        self._source = source
        self._is_once = not callable(source) and iter(source) is source
        self._wanted = steps
        self.steps = steps or length_of(source)
        self._running: Iterator[Any] | None = None
        self._peeked: list[Any] = []

    def first(self) -> Any:
        """The first batch; it comes again in the first epoch."""
        if not self._peeked:
            self._running = self._begun()
            try:
                self._peeked = [next(self._running)]
            except StopIteration:
                raise FatalValueError("There is no data: the source gave no batch.") from None
        return self._peeked[0]

    def epoch(self, number: int) -> Iterator[Any]:
        """The batches of an epoch, where the source is.

        Raises:
            FatalValueError: (a ValueError) if the source ends too early.
        """
        count = 0
        while self._wanted is None or count < self._wanted:
            try:
                batch = self._next()
            except StopIteration:
                if count == 0:
                    raise self._too_early(number, 0) from None
                if self._wanted is None:
                    break
                if self._is_once or callable(self._source):
                    raise self._too_early(number, count) from None
                continue  # A source that can begin again does.
            count += 1
            yield batch
        self.steps = count
        if self._wanted is None:
            self._running = None

    def _next(self) -> Any:
        if self._peeked:
            return self._peeked.pop()
        if self._running is None:
            self._running = self._begun()
        try:
            return next(self._running)
        except StopIteration:
            self._running = None
            raise

    def _begun(self) -> Iterator[Any]:
        return iter(self._source() if callable(self._source) else self._source)

    def _too_early(self, epoch: int, count: int) -> FatalValueError:
        wanted = f"{self._wanted} batches an epoch" if self._wanted else "batches for each epoch"
        return FatalValueError(
            f"The data ended after {count} {'batch' if count == 1 else 'batches'} of epoch "
            f"{epoch + 1}, and {wanted} were wanted. "
            "Let the generator go on for ever (`while True`) and say `steps`, or give the function "
            "that makes it in place of the generator."
        )


class IndexedBatches(Batches):
    """Batches that are asked for by number: a Keras `PyDataset`.

    Args:
        dataset: has `len()`, `[index]` and `on_epoch_end()`; its `workers` prepare in advance.
        draw: `"ordered"`, or anything else to take the batches in another order each epoch.
        steps: batches in an epoch; None: all.
        seed: decides the order.
    """

    def __init__(self, dataset: Any, draw: str, steps: int | None, seed: int) -> None:
        self._dataset = dataset
        self._draw = draw
        self.seed = seed
        count = getattr(dataset, "num_batches", None)
        self._count = length_of(dataset) if count is None else int(count)
        self.steps = steps or self._count
        if self.steps is None:
            raise FatalValueError("The dataset has no length, so `steps` has to be given.")

    def first(self) -> Any:
        """The batch with the number 0."""
        return self._dataset[0]

    def epoch(self, number: int) -> Iterator[Any]:
        """The batches of an epoch."""
        order = np.arange(self._count or self.steps or 0)
        if self._draw != ORDERED and self._count is not None:
            order = np.random.default_rng((self.seed, number)).permutation(order)
        numbers = (int(order[step % len(order)]) for step in range(self.steps or 0))
        yield from _ahead(self._dataset.__getitem__, numbers, getattr(self._dataset, "workers", 1))
        self._dataset.on_epoch_end()


def of(data: Any, draw: str, steps: int | None, seed: int) -> Batches:
    """Batches from whatever gives them.

    Raises:
        FatalTypeError: (a TypeError) for what gives none.
    """
    if all(hasattr(data, name) for name in ("__getitem__", "__len__", "on_epoch_end")):
        return IndexedBatches(data, draw, steps, seed)
    if callable(data) or hasattr(data, "__iter__"):
        return StreamBatches(data, steps)
    raise FatalTypeError(
        "Expected arrays, or what gives batches (a dataset, a loader, a list, a generator, a "
        f"function that makes one), got {data!r} of type {type(data).__name__}."
    )


def split(arrays: Any, share: float) -> tuple[Any, Any]:
    """The first rows, and the last ones, a share of all, to validate with."""
    if not 0 < share < 1:
        raise FatalValueError(f"Expected validation_split between 0 and 1, got {share!r}.")
    at = int(rows_of(arrays) * (1 - share))
    return mapped(lambda a: a[:at], arrays), mapped(lambda a: a[at:], arrays)


def is_arrays(data: Any) -> bool:
    """Whether data is arrays, not something that gives batches.

    A list of arrays is several inputs; a list of tuples is batches.
    """
    if isinstance(data, Mapping):
        return all(map(is_arrays, data.values()))
    if isinstance(data, tuple):
        return all(is_arrays(one) for one in data if one is not None)
    if isinstance(data, list):
        return len(data) > 0 and (_is_rows(data) or all(hasattr(one, "shape") for one in data))
    return hasattr(data, "shape") and len(data.shape) > 0


def as_arrays(data: Any, floatx: str) -> Any:
    """The same arrays in NumPy; double precision becomes Keras's usual one."""
    if isinstance(data, Mapping):
        return {name: as_arrays(one, floatx) for name, one in data.items()}
    if isinstance(data, tuple) or (isinstance(data, list) and not _is_rows(data)):
        return tuple(as_arrays(one, floatx) for one in data)
    return data if data is None else as_array(data, floatx)


def mapped(function: Callable[[Any], Any], data: Any) -> Any:
    """The same structure, with a function done to each array."""
    if isinstance(data, Mapping):
        return {name: mapped(function, one) for name, one in data.items()}
    if isinstance(data, tuple | list):
        return tuple(mapped(function, one) for one in data)
    return data if data is None else function(data)


def length_of(source: Any) -> int | None:
    """How many batches a source says it has."""
    try:
        return len(source)
    except TypeError:  # Without a length, or with an unknown one.
        return None


def _is_rows(data: list[Any]) -> bool:
    return isinstance(data[0], list | int | float | np.number)


def as_array(leaf: Any, floatx: str) -> Any:
    """One array in NumPy; double precision becomes Keras's usual one.

    Raises:
        FatalTypeError: (a TypeError) for one of objects.
    """
    for step in ("detach", "cpu"):  # of a PyTorch tensor
        leaf = getattr(leaf, step)() if hasattr(leaf, "detach") else leaf
    array = np.asarray(leaf)
    if array.dtype == object:
        raise FatalTypeError(
            "Expected arrays of numbers, got one of objects (rows of unequal length?): "
            f"{array.ravel()[:1].tolist()}."
        )
    return array.astype(floatx) if array.dtype == np.float64 else array


def rows_of(arrays: Any) -> int:
    """How many rows the arrays have.

    Raises:
        FatalValueError: (a ValueError) if they differ, or if there are none.
    """
    counts = {name: len(leaf) for name, leaf in leaves(arrays, "data") if leaf is not None}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise FatalValueError(
            f"Expected as many rows in each array, but {told}. Leave rows out that have no match."
        )
    rows = next(iter(counts.values()))
    if rows == 0:
        raise FatalValueError(_NO_ROWS.format(next(iter(counts))))
    return rows


def _ahead(make: Callable[[int], Any], numbers: Iterator[int], workers: int) -> Iterator[Any]:
    """What `make` gives for each number, prepared by threads where there are several."""
    if workers <= 1:
        yield from map(make, numbers)
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Any]] = deque()
        for number in numbers:
            waiting.append(pool.submit(make, number))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
