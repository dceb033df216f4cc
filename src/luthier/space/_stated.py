"""Constraints whose text says in Python what they mean: `"low < high"`, `"units * layers <= 512"`.

A function cannot be stored, a text can. Enters: a text, and where it is to be trusted the function
that it came with. Leaves: a constraint made of the text alone; or the word that text and function
differ. Only comparisons, arithmetic and `and`, `or`, `not` are read; nothing is called.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import CodeType
from typing import Any

import numpy as np

from luthier.space._constraints import Constraint
from luthier.space._space import Space

_TRIES = 256
_READ = (
    ast.Expression,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.USub,
    ast.UAdd,
    ast.BinOp,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.FloorDiv,
    ast.Mod,
    ast.Compare,
    ast.Lt,
    ast.LtE,
    ast.Gt,
    ast.GtE,
    ast.Eq,
    ast.NotEq,
    ast.In,
    ast.NotIn,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.Tuple,
    ast.List,
)


def stated(text: str) -> Constraint | None:
    """The constraint that a text states by itself; None if it is no such expression."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
        if not all(isinstance(node, _READ) for node in ast.walk(tree)):
            return None
        code = compile(tree, "<requirement>", "eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Constraint(text, lambda values: _evaluated(code, values))


def says_itself(constraint: Constraint, space: Space) -> bool:
    """Whether the text alone judges as the function does, tried on many values of the space."""
    alone = stated(constraint.text)
    if alone is None or not _named(constraint.text) <= set(space.names):
        return False
    rng = np.random.default_rng(0)
    for _ in range(_TRIES):
        values = {parameter.name: parameter.prob_to_value(rng.random()) for parameter in space}
        try:
            if alone.admits(values) != constraint.admits(values):
                return False
        except Exception:
            # Either of them cannot judge these values: the text is not trusted.
            return False
    return True


def _named(text: str) -> set[str]:
    tree = ast.parse(text.strip(), mode="eval")
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _evaluated(code: CodeType, values: Mapping[str, Any]) -> bool:
    try:
        return bool(eval(code, {"__builtins__": {}}, dict(values)))
    except NameError as error:
        # As for every constraint: a hyperparameter that is missing forbids nothing.
        raise KeyError(error.name) from None
