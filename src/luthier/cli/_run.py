"""`luthier run`: a program written for KerasTuner, as `python` would run it, on Luthier.

Enters: a script or a module's name, and its arguments. Leaves: what the program does; its exit
status is its own, and its tracebacks begin with its own lines.
"""

from __future__ import annotations

import importlib.util
import io
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from luthier.cli._alias import install


def run(program: str, arguments: Sequence[str], *, is_module: bool) -> int:
    """Run a program as `__main__`.

    Args:
        program: the path of a script, or the dotted name of a module.
        arguments: its `sys.argv[1:]`.
        is_module: whether it is a module's name, as after `python -m`.

    Returns:
        The exit status: 0, or 1 after an exception that nobody caught.

    Raises:
        FileNotFoundError: if there is no such program.
        SystemExit: as the program raised it.
    """
    install()
    if is_module:
        sys.path.insert(0, os.getcwd())
        spec, load = _module(program)
    else:
        spec, load = None, _script(program)
    try:
        code = load()
    except SyntaxError as error:
        sys.excepthook(type(error), error.with_traceback(None), None)
        return 1
    return _execute(code, spec, [code.co_filename, *arguments])


def _script(program: str) -> Any:
    path = Path(program)
    if path.is_dir():
        raise FileNotFoundError(f"Expected a Python file, but {program} is a folder.")
    if not path.is_file():
        raise FileNotFoundError(f"Expected a Python file, found nothing at {program}.")
    absolute = os.path.abspath(path)
    sys.path.insert(0, os.path.dirname(absolute))

    def load() -> CodeType:
        with io.open_code(absolute) as file:
            return compile(file.read(), absolute, "exec", dont_inherit=True)

    return load


def _module(program: str) -> tuple[ModuleSpec, Any]:
    spec = _find(program)
    if spec is not None and spec.submodule_search_locations is not None:
        program += ".__main__"
        spec = _find(program)
    loader: Any = None if spec is None else spec.loader
    if spec is None or not hasattr(loader, "get_code"):
        raise FileNotFoundError(
            f"Expected the name of a module that can be run, found none named {program}."
        )
    return spec, lambda: loader.get_code(program)


def _find(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None


def _execute(code: CodeType, spec: ModuleSpec | None, argv: list[str]) -> int:
    main = ModuleType("__main__")
    main.__dict__.update(
        __file__=code.co_filename,
        __spec__=spec,
        __package__=spec.parent if spec is not None else None,
        __loader__=spec.loader if spec is not None else None,
        __builtins__=__builtins__,
        __annotations__={},
    )
    sys.modules["__main__"] = main
    sys.argv[:] = argv
    try:
        exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        sys.stdout.flush()
        error = error.with_traceback(_from(code, error.__traceback__))
        sys.excepthook(type(error), error, error.__traceback__)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _from(code: CodeType, found: TracebackType | None) -> TracebackType | None:
    """A traceback from the program's own first line on."""
    while found is not None and found.tb_frame.f_code is not code:
        found = found.tb_next
    return found
