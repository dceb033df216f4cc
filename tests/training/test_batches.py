"""Where batches come from: what each kind of source gives, and what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.errors import FatalTypeError, FatalValueError
from luthier.training import _batches as batches
from luthier.training._batches import ArrayBatches, IndexedBatches, StreamBatches


def drawn(source: batches.Batches, epoch: int = 0) -> list[Any]:
    return list(source.epoch(epoch))


@given(st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_shuffled_rows_come_once_an_epoch(rows: int, size: int, drop: bool) -> None:
    size = min(size, rows)
    x = np.arange(rows)
    source = ArrayBatches((x, -x), size, draw="shuffled", drop_remainder=drop, seed=3)
    found = drawn(source)
    assert len(found) == source.steps
    assert all(np.array_equal(a, -b) for a, b in found)
    seen = np.concatenate([a for a, _ in found])
    assert len(seen) == (rows // size * size if drop else rows)
    assert len(set(seen.tolist())) == len(seen)


def test_each_epoch_has_an_order_of_its_own_and_the_same_again() -> None:
    source = ArrayBatches(np.arange(50), 10, draw="shuffled", seed=1)
    first, again, second = drawn(source), drawn(source), drawn(source, 1)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)


def test_rows_drawn_with_replacement_as_in_guide_004() -> None:
    source = ArrayBatches(np.arange(33), 10, draw="replacement", seed=1)
    found = np.concatenate(drawn(source))
    assert len(found) == 30  # len(X) // batch_size steps
    assert len(set(found.tolist())) < 30


def test_more_steps_than_the_data_has_go_through_it_again() -> None:
    source = ArrayBatches(np.arange(4), 2, steps=5)
    assert [batch.tolist() for batch in drawn(source)] == [[0, 1], [2, 3], [0, 1], [2, 3], [0, 1]]


def test_nested_arrays_keep_their_structure() -> None:
    x = {"image": np.zeros((4, 2)), "text": np.ones(4)}
    inputs, targets = ArrayBatches((x, np.arange(4)), 2).first()
    assert {name: part.shape for name, part in inputs.items()} == {"image": (2, 2), "text": (2,)}
    assert targets.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("arrays", "size", "message"),
    [
        ((np.zeros(3), np.zeros(4)), 2, r"data\[0\] has 3, data\[1\] has 4"),
        (np.zeros(3), 5, "at most as many rows as there are, 3; got batch_size=5"),
        (np.zeros((0, 2)), 1, "There is no data: data has no rows"),
    ],
)
def test_arrays_that_make_no_batches_are_refused(arrays: Any, size: int, message: str) -> None:
    with pytest.raises(FatalValueError, match=message):
        ArrayBatches(arrays, size)


def test_what_can_begin_again_does_each_epoch() -> None:
    source = StreamBatches([1, 2, 3])
    assert source.steps == 3
    assert source.first() == 1
    assert [drawn(source, epoch) for epoch in range(2)] == [[1, 2, 3], [1, 2, 3]]


def test_a_generator_for_ever_is_gone_on_with() -> None:
    source = StreamBatches(iter(itertools.count()), steps=3)
    assert source.first() == 0
    assert [drawn(source, epoch) for epoch in range(2)] == [[0, 1, 2], [3, 4, 5]]


def test_a_list_with_steps_is_gone_round() -> None:
    source = StreamBatches([1, 2, 3], steps=2)
    assert [drawn(source, epoch) for epoch in range(3)] == [[1, 2], [3, 1], [2, 3]]


def test_a_function_makes_a_generator_for_each_epoch() -> None:
    def generate() -> Iterator[int]:
        yield from range(3)

    source = StreamBatches(generate)
    assert source.steps is None
    assert drawn(source) == drawn(source, 1) == [0, 1, 2]
    assert source.steps == 3


def test_data_that_ends_early_is_told() -> None:
    source = StreamBatches(iter(range(5)), steps=3)
    drawn(source)
    with pytest.raises(FatalValueError, match="after 2 batches of epoch 2, and 3 batches an"):
        drawn(source, 1)
    with pytest.raises(FatalValueError, match="after 1 batch of epoch 1"):
        drawn(StreamBatches(iter(range(1)), steps=3))
    once = StreamBatches(iter(range(5)))
    drawn(once)
    with pytest.raises(FatalValueError, match="after 0 batches of epoch 2, and batches for each"):
        drawn(once, 1)
    with pytest.raises(FatalValueError, match="the source gave no batch"):
        StreamBatches([]).first()


class Dataset:
    """What a `PyDataset` can do."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self.ended = 0

    def __len__(self) -> int:
        return 7

    def __getitem__(self, index: int) -> int:
        return index

    def on_epoch_end(self) -> None:
        self.ended += 1


@pytest.mark.parametrize("workers", [1, 2])
def test_batches_by_number(workers: int) -> None:
    dataset = Dataset(workers)
    ordered = batches.of(dataset, "ordered", None, 0)
    assert isinstance(ordered, IndexedBatches)
    assert drawn(ordered) == list(range(7))
    shuffled = drawn(batches.of(dataset, "shuffled", None, 0))
    assert shuffled != list(range(7))
    assert sorted(shuffled) == list(range(7))
    assert dataset.ended == 2


def test_what_gives_no_batches_is_refused() -> None:
    with pytest.raises(FatalTypeError, match=r"what gives batches.*got 3 of"):
        batches.of(3, "ordered", None, 0)
    with pytest.raises(FatalTypeError, match="arrays of numbers, got one of objects"):
        batches.as_arrays(np.array([[1], [1, 2]], dtype=object), "float32")


def test_double_precision_becomes_the_usual_one() -> None:
    x, y = batches.as_arrays(([1.0, 2.0], np.arange(2)), "float32")
    assert (x.dtype, y.dtype) == (np.float32, np.arange(2).dtype)


def test_the_last_rows_are_split_off() -> None:
    first, last = batches.split((np.arange(10), np.arange(10)), 0.2)
    assert first[0].tolist() == list(range(8))
    assert last[1].tolist() == [8, 9]
    with pytest.raises(FatalValueError, match="between 0 and 1, got 2"):
        batches.split(np.arange(3), 2)
