"""Which of Keras's backends a process uses when nobody has chosen one.

Keras takes TensorFlow unless it is told otherwise, and fails where that is not installed. Imports
no framework; it only looks which are there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

from luthier.errors import MissingExtraError

_BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def choose_backend() -> str:
    """Choose an installed backend where none is chosen and TensorFlow is not installed.

    Call it before Keras is imported; later it does nothing. A choice is put into KERAS_BACKEND.

    Returns:
        One sentence that tells the user what was chosen, or "" if nothing had to be.

    Raises:
        MissingExtraError: (an ImportError) if Keras has no backend to run on.
    """
    if os.environ.get("KERAS_BACKEND") or "keras" in sys.modules or _is_installed("tensorflow"):
        return ""
    # Keras writes that file itself, with TensorFlow in it: that is nobody's choice.
    if _configured() not in (None, "tensorflow"):
        return ""
    found = next((name for name in _BACKENDS if _is_installed(name)), None)
    if found is None:
        raise MissingExtraError(
            "Keras needs a backend and none is installed: install luthier[jax], "
            "luthier[tensorflow] or luthier[torch]."
        )
    os.environ["KERAS_BACKEND"] = found
    return (
        f"TensorFlow is not installed: Keras runs on {_BACKENDS[found]} "
        f"(KERAS_BACKEND={found} chosen)."
    )


def backend_in_use() -> str:
    """The backend that Keras runs on, or will when it is imported; does not import it."""
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "backend"):
        return str(keras.backend.backend())
    return os.environ.get("KERAS_BACKEND") or _configured() or "tensorflow"


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _configured() -> str | None:
    home = os.environ.get("KERAS_HOME") or Path("~/.keras").expanduser()
    try:
        config = json.loads((Path(home) / "keras.json").read_text(encoding="utf-8"))
        return str(config["backend"]) if config.get("backend") else None
    except (OSError, ValueError, AttributeError, KeyError):
        return None
