"""Luthier: hyperparameter tuning for Keras 3 and any training loop."""

from __future__ import annotations

__version__ = "0.1.0"
