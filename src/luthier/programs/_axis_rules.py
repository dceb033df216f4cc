"""How operations tie the axes of what they take to those of what they give, and which of an
operation's parameters are sizes.

One rule for each kind of operation. Operations that have none hold what they take and give to its
size. A rule says where entries are, not what is in them: whether a wider program computes the same
is for a trial run to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from luthier.programs._axes import Axis, axis, fix, narrow, regrouped, tie, wide

Axes = list[Axis]
Rule = Callable[[Mapping[str, Any], list[Axes], list[tuple[int, ...]]], list[Axes]]
"""Called with an operation's parameters, the axes of its operands and the shapes of its results;
ties the axes and returns those of the results."""

Sizes = Callable[[Mapping[str, Any], list[Axes], list[Axes]], dict[str, Any]]
"""Called with an operation's parameters and the axes of its operands and results; returns the
parameters of the wider operation that differ."""


def relate(name: str, params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    """The axes of an operation's results; ties and fixes those of its operands."""
    if name in RULES:
        return RULES[name](params, taken, shapes)
    if _is_reduction(name, params):
        return _reduced(params, taken, shapes)
    if _is_elementwise(taken, shapes):
        return _elementwise(params, taken, shapes)
    return held(taken, shapes)


def held(taken: list[Axes], shapes: Any) -> list[Axes]:
    """Everything keeps its size."""
    for one in (one for axes in taken for one in axes):
        fix(one)
    return [[axis(size, is_fixed=True) for size in shape] for shape in shapes]


def _is_reduction(name: str, params: Mapping[str, Any]) -> bool:
    return name.startswith("reduce_") and isinstance(params.get("axes"), tuple)


def _is_elementwise(taken: list[Axes], shapes: list[tuple[int, ...]]) -> bool:
    """Whether all arrays are of one shape, but for axes of one place that are repeated."""
    return all(
        not axes
        or (
            len(axes) == len(shape)
            and all(own in (1, size) for own, size in zip(narrow(axes), shape, strict=True))
        )
        for axes in taken
        for shape in shapes
    )


def _elementwise(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    given = []
    for shape in shapes:
        axes = _fresh(shape)
        for place, size in enumerate(shape):
            for other in (one[place] for one in taken if one):
                if narrow([other]) == (size,):
                    tie(other, axes[place])
        given.append(axes)
    return given


def _reduced(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    return [[one for index, one in enumerate(taken[0]) if index not in params["axes"]]]


def _index_reduced(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    for index in params["axes"]:
        fix(taken[0][index])
    return _reduced(params, taken, shapes)


def _broadcast(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    given = _fresh(shapes[0])
    for one, place in zip(taken[0], params["broadcast_dimensions"], strict=True):
        if narrow([one]) == (shapes[0][place],):
            given[place] = one
    return [given]


def _reshape(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    if params.get("dimensions") is not None:
        return held(taken, shapes)
    return [regrouped(taken[0], shapes[0])]


def _transpose(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    return [[taken[0][place] for place in params["permutation"]]]


def _squeeze(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    return [[one for index, one in enumerate(taken[0]) if index not in params["dimensions"]]]


def _product(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    (contracted, others), (batch, other_batch) = params["dimension_numbers"]
    one, other = taken
    for place, place_of_other in zip((*contracted, *batch), (*others, *other_batch), strict=True):
        tie(one[place], other[place_of_other])
    return [
        [
            *(one[place] for place in batch),
            *(a for i, a in enumerate(one) if i not in (*contracted, *batch)),
            *(a for i, a in enumerate(other) if i not in (*others, *other_batch)),
        ]
    ]


def _convolution(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    if params["feature_group_count"] != 1 or params["batch_group_count"] != 1:
        return held(taken, shapes)
    spec = params["dimension_numbers"]
    images, kernels = taken
    for place in spec.lhs_spec[2:]:
        fix(images[place])
    for place in spec.rhs_spec[2:]:
        fix(kernels[place])
    tie(images[spec.lhs_spec[1]], kernels[spec.rhs_spec[1]])
    given = _fresh(shapes[0], is_fixed=True)
    given[spec.out_spec[0]] = images[spec.lhs_spec[0]]
    given[spec.out_spec[1]] = kernels[spec.rhs_spec[0]]
    return [given]


def _windows(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    """Windows of one place leave an axis as it is."""
    full = [axes for axes in taken if axes]
    given = [list(full[-1]) for _ in shapes]
    for place, size in enumerate(params["window_dimensions"]):
        same = size == 1 and all(narrow([axes[place]]) == (shapes[0][place],) for axes in full)
        for axes in full:
            if same:
                tie(full[-1][place], axes[place])
            else:
                fix(axes[place])
        if not same:
            for axes, shape in zip(given, shapes, strict=True):
                axes[place] = axis(shape[place], is_fixed=True)
    return given


def _iota(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    given = _fresh(shapes[0])
    fix(given[params["dimension"]])
    return [given]


def _made(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    return [_fresh(shape) for shape in shapes]


def _turned(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    for place in params["dimensions"]:
        fix(taken[0][place])
    return [list(taken[0])]


def _along_one(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    """Sorted along one axis, or summed up."""
    place = params.get("dimension", params.get("axis"))
    for axes in taken:
        fix(axes[place])
    return _elementwise(params, taken, shapes)


# -- pieces of an axis: those of equal size are one factor, and their number another ---------------


def _slice(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    given = []
    strides = params["strides"] or (1,) * len(taken[0])
    for one, size, start, stride in zip(
        taken[0], shapes[0], params["start_indices"], strides, strict=True
    ):
        given.append(_piece(one, size, start if stride == 1 else None))
    return [given]


def _piece(one: Axis, size: int, start: int | None) -> Axis:
    """A piece of an axis, if it is one of several equal ones."""
    (whole,) = narrow([one])
    if whole == size:
        return one
    if start is None or size == 1 or whole % size or start % size:
        fix(one)
        return axis(size, is_fixed=True)
    piece = axis(size)
    tie(one, _pieces(whole // size, piece))
    return piece


def _pieces(count: int, piece: Axis) -> Axis:
    return (*axis(count, is_fixed=True), *piece)


def _sliced(params: Mapping[str, Any], taken: list[Axes], given: list[Axes]) -> dict[str, Any]:
    old, new, begins, ends = narrow(given[0]), wide(given[0]), [], []
    for place, start in enumerate(params["start_indices"]):
        begins.append(start // old[place] * new[place] if new[place] != old[place] else start)
        stop = params["limit_indices"][place]
        ends.append(begins[-1] + new[place] if new[place] != old[place] else stop)
    return {"start_indices": tuple(begins), "limit_indices": tuple(ends)}


def _split(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    place, start, given = params["axis"], 0, []
    for shape in shapes:
        axes = list(taken[0])
        axes[place] = _piece(taken[0][place], shape[place], start)
        start += shape[place]
        given.append(axes)
    return given


def _concatenate(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    along, first = params["dimension"], taken[0]
    given = list(first)
    is_even = all(narrow([axes[along]]) == narrow([first[along]]) for axes in taken)
    for axes in taken:
        for place, one in enumerate(axes):
            if place != along or is_even:
                tie(first[place], one)
            else:
                fix(one)
    given[along] = axis(shapes[0][along], is_fixed=True)
    if is_even:
        given[along] = _pieces(len(taken), first[along])
    return [given]


def _pad(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    given = []
    for one, size, (low, high, inner) in zip(
        taken[0], shapes[0], params["padding_config"], strict=True
    ):
        (own,) = narrow([one])
        if low == high == inner == 0:
            given.append(one)
        elif own > 1 and inner == 0 and low >= 0 and high >= 0 and not (low % own or high % own):
            given.append(_pieces(size // own, one))
        else:
            fix(one)
            given.append(axis(size, is_fixed=True))
    return [given]


def _padded(params: Mapping[str, Any], taken: list[Axes], given: list[Axes]) -> dict[str, Any]:
    changed = []
    for one, (low, high, inner) in zip(taken[0], params["padding_config"], strict=True):
        (own,), (new,) = narrow([one]), wide([one])
        is_wider = own != new
        sides = (side // own * new if is_wider else side for side in (low, high))
        changed.append((*sides, inner))
    return {"padding_config": tuple(changed)}


# -- rows of a table -------------------------------------------------------------------------------


def _gather(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    numbers, table = params["dimension_numbers"], taken[0]
    if getattr(numbers, "operand_batching_dims", ()):
        return held(taken, shapes)
    for one in taken[1]:
        fix(one)
    given = _fresh(shapes[0], is_fixed=True)
    kept = [i for i in range(len(table)) if i not in numbers.collapsed_slice_dims]
    for place, source in zip(numbers.offset_dims, kept, strict=True):
        if (params["slice_sizes"][source],) == narrow([table[source]]):
            given[place] = table[source]
    for index, one in enumerate(table):
        if (params["slice_sizes"][index],) != narrow([one]):
            fix(one)
    return [given]


def _scatter(params: Mapping[str, Any], taken: list[Axes], shapes: Any) -> list[Axes]:
    numbers, (table, indices, updates) = params["dimension_numbers"], taken
    if getattr(numbers, "operand_batching_dims", ()):
        return held(taken, shapes)
    windows = [i for i in range(len(table)) if i not in numbers.inserted_window_dims]
    for place, one in enumerate(updates):
        if place not in numbers.update_window_dims:
            fix(one)
    for place, source in zip(numbers.update_window_dims, windows, strict=True):
        if narrow([updates[place]]) == narrow([table[source]]):
            tie(table[source], updates[place])
        else:
            fix(table[source])
            fix(updates[place])
    for one in (*indices, *(table[i] for i in numbers.inserted_window_dims)):
        fix(one)
    return [list(table)]


def _gathered(params: Mapping[str, Any], taken: list[Axes], given: list[Axes]) -> dict[str, Any]:
    old, new = narrow(taken[0]), wide(taken[0])
    sizes = [
        full if size == own else size
        for size, own, full in zip(params["slice_sizes"], old, new, strict=True)
    ]
    return {"slice_sizes": tuple(sizes)}


def _fresh(shape: Sequence[int], *, is_fixed: bool = False) -> Axes:
    return [axis(size, is_fixed=is_fixed) for size in shape]


def _shape_of_result(name: str) -> Sizes:
    return lambda params, taken, given: {name: wide(given[0])}


RULES: dict[str, Rule] = {
    "argmax": _index_reduced,
    "argmin": _index_reduced,
    "broadcast_in_dim": _broadcast,
    "concatenate": _concatenate,
    "conv_general_dilated": _convolution,
    "cumsum": _along_one,
    "cummax": _along_one,
    "cumprod": _along_one,
    "dot_general": _product,
    "dynamic_update_slice": lambda params, taken, shapes: held(taken, shapes),
    "gather": _gather,
    "iota": _iota,
    "pad": _pad,
    "random_bits": _made,
    "reduce_window_max": _windows,
    "reduce_window_min": _windows,
    "reduce_window_sum": _windows,
    "reshape": _reshape,
    "rev": _turned,
    "scatter-add": _scatter,
    "select_and_gather_add": _windows,
    "select_and_scatter_add": _windows,
    "slice": _slice,
    "sort": _along_one,
    "split": _split,
    "squeeze": _squeeze,
    "transpose": _transpose,
}

SIZES: dict[str, Sizes] = {
    "broadcast_in_dim": _shape_of_result("shape"),
    "gather": _gathered,
    "iota": _shape_of_result("shape"),
    "pad": _padded,
    "reshape": _shape_of_result("new_sizes"),
    "slice": _sliced,
    "split": lambda params, taken, given: {
        "sizes": tuple(wide([axes[params["axis"]]])[0] for axes in given)
    },
}
"""Operations that carry sizes among their parameters."""
