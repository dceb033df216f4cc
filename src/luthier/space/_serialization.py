"""`serialize` and `deserialize`: a hyperparameter to and from `{"class_name", "config"}`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from luthier.space._categorical import Boolean, Choice, Fixed
from luthier.space._numeric import Float, Int
from luthier.space._parameters import HyperParameter

_CLASSES: Mapping[str, type[HyperParameter]] = MappingProxyType(
    {kind.__name__: kind for kind in (Int, Float, Choice, Boolean, Fixed)}
)


def serialize(obj: HyperParameter) -> dict[str, Any]:
    """`{"class_name", "config"}` of a hyperparameter, JSON-able."""
    return {"class_name": type(obj).__name__, "config": obj.get_config()}


def deserialize(config: Mapping[str, Any]) -> HyperParameter:
    """The hyperparameter that `serialize` described.

    Raises:
        ValueError: it describes none.
    """
    if not isinstance(config, Mapping) or not {"class_name", "config"} <= config.keys():
        raise ValueError(f"Could not interpret serialized object: {config}")
    kind = _CLASSES.get(config["class_name"])
    if kind is None:
        known = ", ".join(_CLASSES)
        raise ValueError(f"Unknown object: {config['class_name']!r}. Expected one of {known}.")
    return kind.from_config(config["config"])
