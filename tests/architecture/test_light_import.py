"""`import luthier` loads nothing heavy, and neither does asking the command for help."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "h5py",
    "jax",
    "keras",
    "matplotlib",
    "pandas",
    "psycopg",
    "ray",
    "rich",
    "scipy",
    "sklearn",
    "sqlalchemy",
    "starlette",
    "tensorboard",
    "tensorflow",
    "torch",
)
FRAMEWORKS = ("keras", "jax", "tensorflow", "torch", "sklearn", "matplotlib")


def _loaded_after(program: str) -> set[str]:
    code = f"{program}\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_luthier_loads_nothing_heavy() -> None:
    assert _loaded_after("import luthier").isdisjoint(HEAVY)


@pytest.mark.parametrize("arguments", [["--help"], ["best", "--help"]])
def test_asking_the_command_for_help_loads_no_framework(arguments: list[str]) -> None:
    program = f"""
from luthier.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    assert end.code == 0, end.code
"""
    assert _loaded_after(program).isdisjoint(FRAMEWORKS)


def test_every_public_name_can_be_had() -> None:
    import luthier

    assert [name for name in luthier.__all__ if not hasattr(luthier, name)] == []
