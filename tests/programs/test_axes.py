"""Laws of axes: where entries go when an array is reshaped, they go in a wider one."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from luthier.programs._axes import Axis, axis, fix, narrow, regrouped, resolved, tie, wide

SIZES = st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=4)


def embedded(array: Any, axes: list[Axis]) -> Any:
    """The array among zeros, as its axes say."""
    parts = [factor for one in axes for factor in resolved(one)]
    result = np.zeros([factor.wide for factor in parts])
    result[tuple(slice(factor.size) for factor in parts)] = array.reshape(
        [factor.size for factor in parts]
    )
    return result.reshape(wide(axes))


def _grouped(sizes: list[int], cuts: list[bool]) -> list[int]:
    groups = [[sizes[0]]]
    for size, cut in zip(sizes[1:], cuts, strict=False):
        groups.append([size]) if cut else groups[-1].append(size)
    return [prod(group) for group in groups]


@given(SIZES, st.lists(st.booleans(), min_size=8, max_size=8), st.integers(0, 3))
def test_reshaping_and_embedding_commute(sizes: list[int], cuts: list[bool], more: int) -> None:
    before, after = _grouped(sizes, cuts), _grouped(sizes, cuts[4:])
    axes = [axis(size) for size in before]
    others = regrouped(axes, after)
    assert narrow(axes) == tuple(before)
    assert narrow(others) == tuple(after)
    for factor in dict.fromkeys(f for one in others for f in resolved(one) if not f.is_fixed):
        factor.wide += more
    array = np.arange(1, prod(sizes) + 1)
    np.testing.assert_array_equal(
        embedded(array.reshape(before), axes).reshape(wide(others)),
        embedded(array.reshape(after), others),
    )


def test_a_flattened_image_is_made_of_places_and_channels() -> None:
    channels = axis(6)
    (flat,) = regrouped([axis(4, is_fixed=True), axis(4, is_fixed=True), channels], [96])
    kernel = axis(96)
    tie(kernel, flat)
    resolved(channels)[0].wide = 16
    assert [factor.wide for factor in resolved(kernel)] == [4, 4, 16]


def test_axes_that_have_no_common_factors_keep_their_sizes() -> None:
    one, other = (*axis(4), *axis(6)), (*axis(3), *axis(8))
    tie(one, other)
    assert all(factor.is_fixed for factor in resolved((*one, *other)))


def test_what_is_fixed_fixes_what_it_is_tied_to() -> None:
    one, other = axis(6), axis(6)
    tie(one, other)
    fix(one)
    assert all(factor.is_fixed for factor in resolved(other))
