"""The source of a function or class together with all that it needs, to be written into a script.

Enters: functions and classes of the user's. Leaves: import statements, constants, definitions. What
comes from an importable module is imported; what the user's own module defines is copied.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from luthier.errors import FatalValueError

# Installed in place from their sources, they still are packages.
ALWAYS = ("keras", "luthier", "keras_tuner", "kerastuner")

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


@dataclass(slots=True)
class Sources:
    """What a script is made of.

    Attributes:
        imports: statements.
        constants: name to expression.
        arrays: name to array, for constants that are too large to be written.
        definitions: name to source, each after those that it needs.
    """

    imports: dict[str, None] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)

    def add(self, value: Any) -> str:
        """Add a function or class of the user's; the name by which the script has it.

        Raises:
            FatalValueError: (a ValueError) if its source, or something that it uses, cannot be
                written.
        """
        name = getattr(value, "__name__", "")
        if not isinstance(value, type | FunctionType) or not name.isidentifier():
            raise FatalValueError(
                f"Expected a function or class with a name to write into the script, got {value!r}:"
                " define it with `def`."
            )
        if _is_elsewhere(value):
            self._import(name, value)
        elif name not in self.definitions:
            source = _source_of(value)
            self.definitions[name] = ""  # it may use itself
            for used, meant in _needs(value, source).items():
                self._provide(used, meant, name, value)
            del self.definitions[name]
            self.definitions[name] = source
        return str(name)

    def _provide(self, name: str, value: Any, user: str, owner: Any) -> None:
        statement = _import_of(name, owner)
        if statement is not None:
            self.imports[statement] = None
        elif isinstance(value, ModuleType) and _is_installed(value.__name__):
            alias = "" if value.__name__ == name else f" as {name}"
            self.imports[f"import {value.__name__}{alias}"] = None
        elif isinstance(value, type | FunctionType):
            known = self.add(value)
            if known != name:
                self.definitions.setdefault(name, f"{name} = {known}\n")
        elif isinstance(value, np.ndarray) and value.dtype != object:
            self.arrays[name] = value
        elif is_plain(value):
            self.constants[name] = repr(value)
        elif _is_elsewhere(value):
            self._import(name, value)
        else:
            advice = f"make it in {user}, or a constant of numbers and texts"
            if isinstance(value, ModuleType):
                advice = f"import what {user} needs of it by name (`from {name} import ...`)"
            raise FatalValueError(
                f"{user} uses {name}, a {type(value).__name__}, which cannot be written into a "
                f"script: {advice}."
            )

    def _import(self, name: str, value: Any) -> None:
        own = value.__name__
        alias = "" if own == name else f" as {name}"
        self.imports[f"from {_public_home(value)} import {own}{alias}"] = None


def _public_home(value: Any) -> str:
    """The module to import a class or function from: where it is public, if it is there too."""
    home = outer = str(value.__module__)
    while outer.rpartition(".")[2].startswith("_"):
        outer = outer.rpartition(".")[0]
        if getattr(sys.modules.get(outer), value.__name__, None) is value:
            home = outer
    return home


def is_plain(value: Any) -> bool:
    """Whether Python's own notation gives the value back."""
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False


def _source_of(value: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(value)).rstrip() + "\n"
    except (OSError, TypeError) as error:
        raise FatalValueError(
            f"The source of {value.__name__} cannot be found ({error}): define it in a file."
        ) from error


def _is_elsewhere(value: Any) -> bool:
    """Whether a fresh process can import it by its own name."""
    module, name = str(getattr(value, "__module__", "")), str(getattr(value, "__name__", ""))
    known = getattr(sys.modules.get(module), name, None) is value
    return known and _is_installed(module)


def _is_installed(module: str) -> bool:
    """Whether a module is of a package, and not of the user's own folder: that is copied."""
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top in ALWAYS:
        return top != "__main__"
    origin = str(getattr(sys.modules.get(top), "__file__", "") or "")
    return "site-packages" in origin or "dist-packages" in origin


def _needs(value: Any, source: str) -> dict[str, Any]:
    """The names that a source uses and does not define, with what they mean there."""
    meaning: dict[str, Any] = dict(vars(sys.modules.get(value.__module__, builtins)))
    for function in _functions(value):
        meaning |= function.__globals__
    for function in _functions(value):
        names = function.__code__.co_freevars
        for name, cell in zip(names, function.__closure__ or (), strict=True):
            try:
                meaning[name] = cell.cell_contents
            except ValueError:
                continue
    return {
        name: meaning[name]
        for name in dict.fromkeys(_free(ast.parse(source)))
        if name in meaning and not hasattr(builtins, name) and name != "__class__"
    }


def _functions(value: Any) -> Iterator[FunctionType]:
    members = vars(value).values() if isinstance(value, type) else (value,)
    for member in members:
        function = inspect.unwrap(getattr(member, "__func__", member))
        if isinstance(function, FunctionType):
            yield function


def _free(tree: ast.AST) -> Iterator[str]:
    """The names that are read in a tree and bound in none of the scopes around."""
    bound: set[str] = set()
    read: list[str] = []
    inside: list[str] = []
    for node in _same_scope(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                read.append(node.id)
            else:
                bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
        if isinstance(node, Scope) and node is not tree:
            bound.add(getattr(node, "name", ""))
            inside += _free(node)
    yield from (name for name in read if name not in bound)
    # What a class binds is not seen from within its methods.
    hidden = set() if isinstance(tree, ast.ClassDef) else bound
    yield from (name for name in inside if name not in hidden)


def _same_scope(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree, those of scopes inside left out."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if node is tree or not isinstance(node, Scope):
            waiting += ast.iter_child_nodes(node)


def _import_of(name: str, owner: Any) -> str | None:
    """The import statement by which the owner's module has a name, or None."""
    module = sys.modules.get(owner.__module__)
    try:
        tree = ast.parse(inspect.getsource(module)) if module is not None else None
    except (OSError, TypeError, SyntaxError):
        return None
    for node in ast.walk(tree) if tree is not None else ():
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            if (alias.asname or alias.name.partition(".")[0]) == name:
                return _statement(node, alias)
    return None


def _statement(node: Any, alias: ast.alias) -> str | None:
    module = alias.name if isinstance(node, ast.Import) else (node.module or "")
    if getattr(node, "level", 0) or not _is_installed(module):
        return None
    top, dot, below = module.partition(".")
    # Under `luthier run` KerasTuner's name stands for Luthier.
    module = getattr(sys.modules.get(top), "__name__", top) + dot + below
    renamed = f" as {alias.asname}" if alias.asname else ""
    if isinstance(node, ast.ImportFrom):
        return f"from {module} import {alias.name}{renamed}"
    if top != module.partition(".")[0] and not renamed:
        renamed = f" as {top}"
    return f"import {module}{renamed}"


def settings_of(value: Any) -> dict[str, Any]:
    """The arguments of an object's constructor as its attributes have them."""
    arguments = {}
    for name, parameter in inspect.signature(type(value).__init__).parameters.items():
        if name == "self" or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        attributes = vars(value)
        if name in attributes:
            arguments[name] = attributes[name]
        elif f"_{name}" in attributes:
            arguments[name] = attributes[f"_{name}"]
        elif parameter.default is parameter.empty:
            raise FatalValueError(
                f"{type(value).__name__} does not keep its argument {name!r}, so it cannot be "
                "written into a script."
            )
    return arguments
