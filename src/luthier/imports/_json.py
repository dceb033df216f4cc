"""JSON files of other tools: read, or named as a problem."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read(file: Path, problems: list[str]) -> Mapping[str, Any] | None:
    """The object in a file; None, and a sentence in `problems`, if there is none."""
    try:
        value = json.loads(file.read_bytes())
    except OSError as error:
        problems.append(f"{file} cannot be read ({error.strerror or error}).")
        return None
    except (ValueError, RecursionError) as error:
        problems.append(f"{file} is damaged ({reason(error)}).")
        return None
    if not isinstance(value, dict):
        problems.append(f"{file} is damaged (expected a JSON object, found {kind(value)}).")
        return None
    return value


def kind(value: object) -> str:
    """What a value is, for people."""
    return type(value).__name__


def reason(error: Exception) -> str:
    """What an error says, in one short line; of a missing key, that it is missing."""
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    text = " ".join(str(error).split()) or kind(error)
    return text if len(text) <= 160 else text[:157] + "..."
