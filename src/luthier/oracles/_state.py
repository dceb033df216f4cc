"""State that a user's oracle or tuner keeps beside the study: one JSON file, replaced as a whole.

Only what an override of `get_state` adds needs it; trials, values and scores are the study's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luthier.errors import StoreError


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a state. What was there before stays whole until the new one is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load_state(path: Path) -> dict[str, Any] | None:
    """The state that `save_state` wrote; None if there is none.

    Raises:
        StoreError: if the file cannot be read as such.
    """
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StoreError(
            f"The saved state in {path} is damaged ({error}). The trials are not in it: delete "
            "the file to go on without that state."
        ) from error
    if not isinstance(state, dict):
        raise StoreError(f"Expected a JSON object in {path}, got {type(state).__name__}.")
    return state
