"""Watchers of a search: they get facts, return nothing and cannot change it."""

from __future__ import annotations

from luthier.hooks._console import Console
from luthier.hooks._explain import Explain
from luthier.hooks._jsonlines import JSONLines

__all__ = ["Console", "Explain", "JSONLines"]
