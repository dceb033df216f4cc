"""`import keras_tuner` in a process that was started under `luthier run`."""

from __future__ import annotations

import importlib
import sys

from luthier.cli._alias import install

install()
sys.modules[__name__] = importlib.import_module("luthier")
