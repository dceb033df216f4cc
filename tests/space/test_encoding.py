from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.errors import SpaceError
from luthier.space import Boolean, Choice, Column, Encoding, Fixed, Float, Int, Parent, Space
from tests.space.strategies import spaces

few = settings(max_examples=50)
seeds = st.integers(0, 2**32)

SPACE = Space(
    [
        Float("f", 0, 1),
        Int("i", 1, 4),
        Int("log", 1, 1000, sampling="log"),
        Int("steps", 8, 32, step=8),
        Float("g", 0, 1, step=0.25),
        Choice("sizes", [3, 1, 2]),
        Choice("c", ["x", "y"]),
        Choice("flags", [True, False]),
        Boolean("b"),
        Fixed("fixed", "v"),
        Int("k", 1, 2, conditions=[Parent("c", "y")]),
    ]
)


def rows(encoding: Encoding, seed: int, n: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).random((n, len(encoding.columns)))


@few
@given(spaces(), seeds)
def test_decoding_gives_valid_complete_points(space: Space, seed: int) -> None:
    encoding = Encoding(space)
    for row in rows(encoding, seed):
        values = encoding.decode(row)
        space.validate(values)
        assert space.complete(values) == values


@few
@given(spaces(), seeds)
def test_snapping_changes_no_point_and_nothing_twice(space: Space, seed: int) -> None:
    encoding = Encoding(space)
    x = rows(encoding, seed)
    snapped = encoding.snap(x)
    assert [encoding.decode(row) for row in snapped] == [encoding.decode(row) for row in x]
    assert np.array_equal(encoding.snap(snapped), snapped)


@few
@given(spaces(), seeds)
def test_encoding_what_was_decoded_is_snapping(space: Space, seed: int) -> None:
    encoding = Encoding(space)
    x = rows(encoding, seed)
    found, active = encoding.encode([encoding.decode(row) for row in x])
    assert np.allclose(found, encoding.snap(x), atol=1e-6)
    assert (found[~active] == 0.5).all()


@few
@given(spaces(), seeds)
def test_decoding_what_was_encoded_gives_the_point_again(space: Space, seed: int) -> None:
    encoding = Encoding(space)
    rng = np.random.default_rng(seed)
    points = [space.sample(rng) for _ in range(8)]
    x, active = encoding.encode(points)
    assert ((x >= 0) & (x <= 1)).all()
    for point, row, mask in zip(points, x, active, strict=True):
        back = encoding.decode(row)
        assert back.keys() == point.keys()
        for column, on in zip(encoding.columns, mask, strict=True):
            assert on == (column.name in point) or column.name not in point
        for parameter in space.active(point):
            found, expected = back[parameter.name], point[parameter.name]
            if parameter.n_values == math.inf:
                assert math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9)
            else:
                assert parameter.label(found) == parameter.label(expected)


@few
@given(spaces(), seeds)
def test_the_mask_is_the_activity(space: Space, seed: int) -> None:
    encoding = Encoding(space)
    rng = np.random.default_rng(seed)
    # Inactive names have values, too: they must not count.
    points = [
        {p.name: p.prob_to_value(rng.random()) for p in space} | space.sample(rng) for _ in range(8)
    ]
    _, mask = encoding.encode(points)
    for point, row in zip(points, mask, strict=True):
        fixed = {p.name for p in space.active(point) if isinstance(p, Fixed)}
        names = {c.name for c, on in zip(encoding.columns, row, strict=True) if on}
        assert names - fixed == {p.name for p in space.active(point)} - fixed


def test_columns_say_what_they_are() -> None:
    assert Encoding(SPACE).columns == (
        Column("f", "float", None),
        Column("i", "int", 4),
        Column("log", "int", 1000),
        Column("steps", "ordinal", 4),
        Column("g", "ordinal", 5),
        Column("sizes", "ordinal", 3),
        Column("c", "nominal", 2),
        Column("flags", "nominal", 2),
        Column("b", "nominal", 2),
        Column("k", "int", 2),
    )


def test_positions_are_middles_of_cells() -> None:
    values = {"f": 0.25, "i": 1, "log": 1000, "steps": 16, "g": 1.0, "sizes": 3}
    x, active = Encoding(SPACE).encode([values | {"c": "x", "flags": False, "b": True, "k": 2}])
    expected = [0.25, 0.125, 0.999927, 0.375, 0.9, 5 / 6, 0.25, 0.75, 0.75, 0.5]
    assert x[0] == pytest.approx(expected, abs=1e-5)
    assert active[0].tolist() == [True] * 9 + [False]


def test_uniform_positions_are_uniform_values() -> None:
    encoding = Encoding(Space([Choice("c", ["x", "y", "z"])]))
    found = [encoding.decode([(i + 0.5) / 300])["c"] for i in range(300)]
    assert {v: found.count(v) for v in "xyz"} == {"x": 100, "y": 100, "z": 100}


def test_missing_and_unknown_values_are_inactive() -> None:
    encoding = Encoding(SPACE)
    x, active = encoding.encode([{"c": "gone", "f": 0.3, "k": 1}])
    assert np.isfinite(x).all()
    names = [c.name for c, on in zip(encoding.columns, active[0], strict=True) if on]
    assert names == ["f"]


def test_values_out_of_range_are_clipped() -> None:
    encoding = Encoding(Space([Int("i", 1, 4, default=99), Float("f", 1, 2, sampling="log")]))
    x, active = encoding.encode([{"i": 99, "f": -3.0}])
    assert x[0].tolist() == [0.875, 0.0]
    assert active.all()


def test_positions_out_of_range_are_clipped() -> None:
    encoding = Encoding(Space([Int("i", 1, 4), Boolean("b"), Float("f", 0, 2)]))
    assert encoding.decode([-1, 2, 7]) == {"i": 1, "b": True, "f": 2.0}
    assert encoding.snap([[-1, 1, 7]]).tolist() == [[0.125, 0.75, 1.0]]


def test_definitions_of_one_name_share_a_column() -> None:
    space = Space(
        [
            Choice("c", ["x", "y"]),
            Int("k", 1, 2, conditions=[Parent("c", "x")]),
            Float("k", 0, 10, conditions=[Parent("c", "y")]),
        ]
    )
    encoding = Encoding(space)
    assert encoding.columns[1] == Column("k", "float", None)
    assert encoding.decode([0.1, 0.3]) == {"c": "x", "k": 1}
    assert encoding.decode([0.9, 0.3]) == {"c": "y", "k": 3.0}
    assert encoding.snap([[0.1, 0.3], [0.9, 0.3]]).tolist() == [[0.25, 0.25], [0.75, 0.3]]


def test_a_fixed_parent_decides_too() -> None:
    child = Int("k", 1, 2, conditions=[Parent("p", "on")])
    encoding = Encoding(Space([Fixed("p", "on"), child]))
    assert encoding.decode([0.9]) == {"p": "on", "k": 2}
    assert encoding.snap([[0.9]]).tolist() == [[0.75]]


def test_an_empty_space_has_no_columns() -> None:
    encoding = Encoding(Space([Fixed("a", 1)]))
    x, active = encoding.encode([{"a": 1}, {"a": 1}])
    assert x.shape == active.shape == (2, 0)
    assert encoding.snap(x).shape == (2, 0)
    assert encoding.decode(x[0]) == {"a": 1}


def test_no_points_are_no_rows() -> None:
    x, active = Encoding(SPACE).encode([])
    assert x.shape == active.shape == (0, 10)


def test_an_enormous_range_comes_back() -> None:
    encoding = Encoding(Space([Int("i", 0, 2**52)]))
    x = np.array([[0.123456789]])
    assert encoding.decode(encoding.snap(x)[0]) == encoding.decode(x[0])


@pytest.mark.parametrize(("row", "text"), [([0.5], "10 positions"), ([math.nan] * 10, "NaN")])
def test_rows_that_mean_nothing_are_refused(row: list[float], text: str) -> None:
    with pytest.raises(SpaceError, match=text):
        Encoding(SPACE).decode(row)
