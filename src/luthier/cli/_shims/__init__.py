"""A folder for the path of processes that a program under `luthier run` starts.

Not imported itself: `keras_tuner` and `kerastuner` are found in it as modules of their own.
"""

from __future__ import annotations
