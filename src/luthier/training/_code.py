"""What a user's function depends on, as far as it can be seen: its code, and what that reads.

Enters: a function written in Python. Leaves: its code in a form that compares, and the values it
finds outside of itself. A function that may read anything else is refused.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Iterator
from typing import Any

# Ways to values that no name in the code leads to.
_BLIND = frozenset(
    {"__import__", "eval", "exec", "getattr", "globals", "input", "locals", "open", "vars"}
)
_GLOBALS = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
_ATTRIBUTES = frozenset({"IMPORT_FROM", "LOAD_ATTR", "LOAD_METHOD"})
_RANDOM = "random"


class UnseenError(Exception):
    """A function that may depend on what cannot be seen; says on what."""


def form_of(code: types.CodeType) -> tuple[Any, ...]:
    """A function's code, equal for equal code wherever it stands in a file."""
    constants = tuple(
        form_of(constant) if isinstance(constant, types.CodeType) else repr(constant)
        for constant in code.co_consts
    )
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return code.co_code.hex(), constants, *names, code.co_flags, code.co_exceptiontable.hex()


def read_by(function: types.FunctionType, trusted: tuple[str, ...]) -> dict[str, Any]:
    """Name to each value that a function finds in its module or gets by default.

    Args:
        function: written in Python.
        trusted: the first names of packages whose modules hold nothing that changes.

    Raises:
        UnseenError: naming what it may read beside them.
    """
    steps = [step for code in _codes(function.__code__) for step in dis.get_instructions(code)]
    attributes = {str(step.argval) for step in steps if step.opname in _ATTRIBUTES}
    found: dict[str, Any] = {"defaults": (function.__defaults__, function.__kwdefaults__)}
    for step in steps:
        name = str(step.argval)
        if step.opname == "IMPORT_NAME":
            _check_module(name, attributes, trusted)
        elif step.opname in _GLOBALS and name in function.__globals__:
            value = function.__globals__[name]
            if isinstance(value, types.ModuleType):
                _check_module(value.__name__, attributes, trusted)
            else:
                found[name] = value
        elif step.opname in _GLOBALS and name in _BLIND:
            raise UnseenError(f"it calls {name}")
    return found


def _check_module(name: str, attributes: set[str], trusted: tuple[str, ...]) -> None:
    package = name.partition(".")[0]
    if package not in trusted:
        raise UnseenError(f"it reads the module {name}")
    if package == "numpy" and (_RANDOM in attributes or _RANDOM in name):
        raise UnseenError("it may draw NumPy's random numbers")


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
