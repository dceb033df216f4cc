"""`Tuner`: trains Keras models."""
from __future__ import annotations
from typing import Any
from luthier.tuners._base_tuner import BaseTuner
class Tuner(BaseTuner):
    pass
