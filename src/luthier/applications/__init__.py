"""Search spaces of well-known networks, ready to be tuned: KerasTuner's applications."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luthier.applications._augment import HyperImageAugment
    from luthier.applications._efficientnet import HyperEfficientNet
    from luthier.applications._resnet import HyperResNet
    from luthier.applications._xception import HyperXception

_HOMES = {
    "HyperEfficientNet": "_efficientnet",
    "HyperImageAugment": "_augment",
    "HyperResNet": "_resnet",
    "HyperXception": "_xception",
}

__all__ = ["HyperEfficientNet", "HyperImageAugment", "HyperResNet", "HyperXception"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'luthier.applications' has no attribute {name!r}")
    return getattr(importlib.import_module(f"luthier.applications.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
