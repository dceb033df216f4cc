"""Wrong definitions raise the errors of KerasTuner where it has any.

Types and texts of the first list were read off KerasTuner 1.4.8 by running it; where it passes
Python's own error on, or the order of a set, only the type and the stable part are compared. The
second list holds what it accepts or stumbles over later, and is refused here at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from luthier.space import Choice, HyperParameters, deserialize

Program = Callable[[HyperParameters], Any]

NUMBERS: list[tuple[Program, type[Exception], str]] = [
    (
        lambda hp: hp.Int("i", 1.5, 3),
        ValueError,
        "min_value must be an int, Received: 1.5 of type <class 'float'>.",
    ),
    (
        lambda hp: hp.Int("i", 1, 3.5),
        ValueError,
        "max_value must be an int, Received: 3.5 of type <class 'float'>.",
    ),
    (
        lambda hp: hp.Int("i", 1, 3, step=0.5),
        ValueError,
        "step must be an int, Received: 0.5 of type <class 'float'>.",
    ),
    (
        lambda hp: hp.Int("i", "1", "3"),
        ValueError,
        "min_value must be an int, Received: 1 of type <class 'str'>.",
    ),
    (lambda hp: hp.Int("i", "a", 3), ValueError, "min_value must be an int"),
    (lambda hp: hp.Int("i", None, 3), TypeError, "min_value must be an int"),
    (lambda hp: hp.Int("i", [1], 3), TypeError, "min_value must be an int"),
    (
        lambda hp: hp.Int("i", 3, 1),
        ValueError,
        "For HyperParameters.Int(name='i'), min_value 3 is greater than the max_value 1.",
    ),
    (
        lambda hp: hp.Int("i", 0, 3, sampling="log"),
        ValueError,
        "For HyperParameters.Int(name='i'), sampling='log' does not support negative values, "
        "found min_value: 0.",
    ),
    (
        lambda hp: hp.Int("i", -3, 3, sampling="reverse_log"),
        ValueError,
        "For HyperParameters.Int(name='i'), sampling='reverse_log' does not support negative "
        "values, found min_value: -3.",
    ),
    (
        lambda hp: hp.Int("i", 1, 3, sampling="log", step=1),
        ValueError,
        "For HyperParameters.Int(name='i'), expected step > 1 with sampling='log'. "
        "Received: step=1.",
    ),
    (
        lambda hp: hp.Int("i", 1, 3, sampling="x"),
        ValueError,
        "For HyperParameters.Int(name='i'), sampling must be one of {",
    ),
    (lambda hp: hp.Float("f", "a", 1), ValueError, "min_value must be a float"),
    (lambda hp: hp.Float("f", None, 1), TypeError, "min_value must be a float"),
    (lambda hp: hp.Float("f", [1], 1), TypeError, "min_value must be a float"),
    (lambda hp: hp.Float("f", 0, 1, step="a"), ValueError, "step must be a float"),
    (
        lambda hp: hp.Float("f", 1, 0),
        ValueError,
        "For HyperParameters.Float(name='f'), min_value 1.0 is greater than the max_value 0.0.",
    ),
    (
        lambda hp: hp.Float("f", 0, 1, sampling="log"),
        ValueError,
        "For HyperParameters.Float(name='f'), sampling='log' does not support negative values, "
        "found min_value: 0.0.",
    ),
    (
        lambda hp: hp.Float("f", -1, 1, sampling="reverse_log"),
        ValueError,
        "For HyperParameters.Float(name='f'), sampling='reverse_log' does not support negative "
        "values, found min_value: -1.0.",
    ),
    (
        lambda hp: hp.Float("f", 0.1, 1, sampling="log", step=0.5),
        ValueError,
        "For HyperParameters.Float(name='f'), expected step > 1 with sampling='log'. "
        "Received: step=0.5.",
    ),
    (
        lambda hp: hp.Float("f", 0, 1, sampling="z"),
        ValueError,
        "For HyperParameters.Float(name='f'), sampling must be one of {",
    ),
]

LISTS: list[tuple[Program, type[Exception], str]] = [
    (
        lambda hp: hp.Choice("c", []),
        ValueError,
        "`values` must be provided for `Choice`.",
    ),
    (
        lambda hp: hp.Choice("c", None),
        ValueError,
        "`values` must be provided for `Choice`.",
    ),
    (lambda hp: hp.Choice("c", 5), TypeError, "must be a list"),
    (lambda hp: hp.Choice("c", {1, 2}), TypeError, "must be a list"),
    (
        lambda hp: hp.Choice("c", [1, "a"]),
        TypeError,
        "A `Choice` can contain only one type of value, found values: [1, 'a'] with types {",
    ),
    (
        lambda hp: hp.Choice("c", [1, 1.0]),
        TypeError,
        "A `Choice` can contain only one type of value, found values: [1, 1.0] with types {",
    ),
    (
        lambda hp: hp.Choice("c", [True, 1]),
        TypeError,
        "A `Choice` can contain only one type of value, found values: [True, 1] with types {",
    ),
    (
        lambda hp: hp.Choice("c", [object()]),
        TypeError,
        "A `Choice` can contain only `int`, `float`, `str`, or `bool`",
    ),
    (
        lambda hp: hp.Choice("c", ["a"], default="b"),
        ValueError,
        "The default value should be one of the choices. You passed: values=['a'], default=b",
    ),
    (
        lambda hp: hp.Choice("c", ["a", "b"], ordered=True),
        ValueError,
        "`ordered` must be `False` for non-numeric types.",
    ),
    (
        lambda hp: hp.Boolean("b", default=3),
        ValueError,
        "`default` must be a Python boolean. You passed: default=3",
    ),
    (
        lambda hp: hp.Boolean("b", default="a"),
        ValueError,
        "`default` must be a Python boolean. You passed: default=a",
    ),
    (
        lambda hp: hp.Boolean("b", default=None),
        ValueError,
        "`default` must be a Python boolean. You passed: default=None",
    ),
    (
        lambda hp: hp.Fixed("x", None),
        ValueError,
        "`Fixed` value must be an `int`, `float`, `str`, or `bool`, found None",
    ),
    (
        lambda hp: hp.Fixed("x", [1]),
        ValueError,
        "`Fixed` value must be an `int`, `float`, `str`, or `bool`, found [1]",
    ),
    (
        lambda hp: hp.Fixed("x", (1,)),
        ValueError,
        "`Fixed` value must be an `int`, `float`, `str`, or `bool`, found (1,)",
    ),
    (lambda hp: Choice("c", ["a", "b"]).value_to_prob("z"), ValueError, "'z' is not in"),
    (lambda hp: deserialize(3), ValueError, "Could not interpret serialized object: 3"),
    (
        lambda hp: deserialize({"class_name": "Foo", "config": {}}),
        ValueError,
        "Unknown object: 'Foo'. ",
    ),
]


def in_scope(hp: HyperParameters, parent: str, values: Any) -> None:
    with hp.conditional_scope(parent, values):
        pass


def after_choice(program: Program) -> Program:
    def run(hp: HyperParameters) -> Any:
        hp.Choice("p", ["a", "b"])
        return program(hp)

    return run


def out_of_its_scope(hp: HyperParameters) -> None:
    hp.Choice("q", [1, 2], parent_name="p", parent_values="b")
    in_scope(hp, "q", [1])


def parent_twice(hp: HyperParameters) -> None:
    with hp.conditional_scope("p", "a"):
        in_scope(hp, "p", "b")


def inactive(hp: HyperParameters, read: Program) -> Any:
    hp.Int("k", 1, 3, parent_name="p", parent_values="b")
    return read(hp)


SCOPES: list[tuple[Program, type[Exception], str]] = [
    (lambda hp: hp.get("x"), KeyError, "'x does not exist.'"),
    (lambda hp: hp["x"], KeyError, "'x does not exist.'"),
    (
        after_choice(lambda hp: inactive(hp, lambda hp: hp.get("k"))),
        ValueError,
        "k is currently inactive.",
    ),
    (
        after_choice(lambda hp: inactive(hp, lambda hp: hp["k"])),
        ValueError,
        "k is currently inactive.",
    ),
    (
        lambda hp: in_scope(hp, "zz", [1]),
        ValueError,
        "`HyperParameter` named: zz not defined.",
    ),
    (
        lambda hp: hp.Int("k", 1, 3, parent_name="zz", parent_values=1),
        ValueError,
        "`HyperParameter` named: zz not defined.",
    ),
    (
        lambda hp: hp.Int("k", 1, 3, parent_name="zz"),
        ValueError,
        "`HyperParameter` named: zz not defined.",
    ),
    (after_choice(out_of_its_scope), ValueError, "`HyperParameter` named: q not defined."),
    (after_choice(parent_twice), ValueError, "`HyperParameter` named: p not defined."),
    (
        after_choice(lambda hp: hp.Int("p", 1, 3, parent_name="p", parent_values="a")),
        ValueError,
        "A conditional `HyperParameter` cannot have the same name as its parent. "
        "Found: p and parent_name: p",
    ),
    (
        after_choice(lambda hp: in_scope(hp, "p", {})),
        TypeError,
        "Can contain only `int`, `float`, `str`, or `bool`, found values: [{}]"
        "with types: <class 'dict'>",
    ),
    (
        after_choice(lambda hp: in_scope(hp, "p", [None])),
        TypeError,
        "Can contain only `int`, `float`, `str`, or `bool`, found values: [None]"
        "with types: <class 'NoneType'>",
    ),
    (
        after_choice(lambda hp: in_scope(hp, "p", None)),
        TypeError,
        "Can contain only `int`, `float`, `str`, or `bool`, found values: [None]"
        "with types: <class 'NoneType'>",
    ),
    (lambda hp: hp.merge(3), TypeError, "not iterable"),
]

HERE_ONLY: list[tuple[Program, type[Exception], str]] = [
    (lambda hp: hp.Int("i", True, 3), ValueError, "min_value must be an int, Received: True"),
    (lambda hp: hp.Int("i", 1, 3, step=0), ValueError, "expected step > 0"),
    (lambda hp: hp.Int("i", 1, 3, step=-1), ValueError, "expected step > 0"),
    (lambda hp: hp.Int("i", 1, 3, default=1.5), ValueError, "default must be an int"),
    (lambda hp: hp.Int("i", 1, 3, default="a"), ValueError, "default must be an int"),
    (lambda hp: hp.Int("i", 1, math.inf), ValueError, "max_value must be an int"),
    (lambda hp: hp.Int("i", 1, 3, sampling=5), ValueError, "sampling must be one of"),
    (lambda hp: hp.Int("i", 1, 10**400, sampling="log"), ValueError, "too wide"),
    (lambda hp: hp.Int(None, 1, 3), TypeError, "must be a str"),
    (lambda hp: hp.Int(True, 1, 3), TypeError, "must be a str"),
    (lambda hp: hp.Int(32, 64, 128), TypeError, "comes first, as in hp.Int"),
    (lambda hp: hp.Choice("", ["a"]), ValueError, "must not be empty"),
    (lambda hp: hp.Float("f", "0.5", 1), ValueError, "min_value must be a float"),
    (lambda hp: hp.Float("f", False, 1), ValueError, "min_value must be a float"),
    (lambda hp: hp.Float("f", 0, math.nan), ValueError, "max_value must be a finite number"),
    (lambda hp: hp.Float("f", 0, math.inf), ValueError, "max_value must be a finite number"),
    (lambda hp: hp.Float("f", 0, 10**400), ValueError, "max_value must be a finite number"),
    (lambda hp: hp.Float("f", -1e308, 1.5e308), ValueError, "too wide"),
    (lambda hp: hp.Float("f", 0, 1, step=1e-320), ValueError, "too small"),
    (lambda hp: hp.Float("f", 0, 1, step=0), ValueError, "expected step > 0"),
    (lambda hp: hp.Float("f", 0, 1, step=-0.1), ValueError, "expected step > 0"),
    (lambda hp: hp.Float("f", 0, 1, step=math.nan), ValueError, "step must be a finite number"),
    (lambda hp: hp.Float("f", 0, 1, default="a"), ValueError, "default must be a float"),
    (lambda hp: hp.Float("f", 0, 1, default=math.nan), ValueError, "default must be a finite"),
    (lambda hp: hp.Float("f", 0, 1, default=True), ValueError, "default must be a float"),
    (lambda hp: hp.Choice("c", {"a": 1}), TypeError, "must be a list"),
    (lambda hp: hp.Choice("c", [math.nan]), ValueError, "finite number"),
    (lambda hp: hp.Choice("c", [{1: 2}]), TypeError, "string keys"),
    (lambda hp: hp.Choice("c", [{1, 2}]), TypeError, "JSON value"),
    (lambda hp: hp.Choice("c", [None, 1, "a"]), TypeError, "only one type"),
    (lambda hp: hp.Choice("c", [None, 1], ordered=True), ValueError, "`ordered` must be `False`"),
    (lambda hp: hp.Boolean("b", default=[]), ValueError, "must be a Python boolean"),
    (lambda hp: hp.Boolean("b", default=np.array([1, 2])), ValueError, "must be a Python boolean"),
    (lambda hp: hp.Fixed("x", math.inf), ValueError, "finite number"),
    (after_choice(lambda hp: in_scope(hp, "p", [])), ValueError, "at least one value"),
]


@pytest.mark.parametrize(
    ("program", "kind", "text"), [*NUMBERS, *LISTS, *SCOPES], ids=lambda x: str(x)[:60]
)
def test_a_wrong_program_gets_the_same_error(
    program: Program, kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=re.escape(text)) as caught:
        program(HyperParameters())
    assert type(caught.value) is kind


@pytest.mark.parametrize(("program", "kind", "text"), HERE_ONLY)
def test_what_would_go_wrong_later_is_refused_at_once(
    program: Program, kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=re.escape(text)):
        program(HyperParameters())
