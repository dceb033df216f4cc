from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from luthier.errors import MissingExtraError
from luthier.training import choose_backend

Installed = Callable[..., None]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Installed:
    """Pretends that only the named backends are installed, and nobody has chosen."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    real = importlib.util.find_spec

    def only(*names: str) -> None:
        def find_spec(name: str, package: str | None = None) -> Any:
            if name in ("jax", "tensorflow", "torch"):
                return object() if name in names else None
            return real(name, package)

        monkeypatch.setattr(importlib.util, "find_spec", find_spec)

    yield only
    os.environ.pop("KERAS_BACKEND", None)


def test_tensorflow_is_kerass_own_choice(installed: Installed) -> None:
    installed("tensorflow", "jax")
    assert choose_backend() == ""
    assert "KERAS_BACKEND" not in os.environ


@pytest.mark.parametrize(
    ("names", "chosen"), [(("jax", "torch"), "jax"), (("torch",), "torch"), (("jax",), "jax")]
)
def test_without_tensorflow_an_installed_backend_is_chosen_and_said(
    installed: Installed, names: tuple[str, ...], chosen: str
) -> None:
    installed(*names)
    sentence = choose_backend()
    assert os.environ["KERAS_BACKEND"] == chosen
    assert f"KERAS_BACKEND={chosen}" in sentence
    assert choose_backend() == ""


def test_a_choice_in_the_environment_stands(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("jax")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert choose_backend() == ""
    assert os.environ["KERAS_BACKEND"] == "torch"


@pytest.mark.parametrize(("configured", "chosen"), [("torch", None), ("tensorflow", "jax")])
def test_a_choice_in_kerass_file_stands_unless_keras_wrote_it(
    installed: Installed, tmp_path: Path, configured: str, chosen: str | None
) -> None:
    installed("jax", "torch")
    (tmp_path / "keras.json").write_text(json.dumps({"backend": configured}))
    choose_backend()
    assert os.environ.get("KERAS_BACKEND") == chosen


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_broken_file_is_no_choice(installed: Installed, tmp_path: Path, text: str) -> None:
    installed("jax")
    (tmp_path / "keras.json").write_text(text)
    choose_backend()
    assert os.environ["KERAS_BACKEND"] == "jax"


def test_after_keras_was_imported_it_is_too_late(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("jax")
    monkeypatch.setitem(sys.modules, "keras", object())
    assert choose_backend() == ""
    assert "KERAS_BACKEND" not in os.environ


def test_no_backend_at_all_names_the_extras(installed: Installed) -> None:
    installed()
    with pytest.raises(MissingExtraError, match=r"luthier\[jax\]"):
        choose_backend()
