"""Frozen facts that travel between the rooms, and the only serialisation in the package
(`_codec.py`).
"""

from __future__ import annotations

from luthier.records._codec import (
    decode_measurements,
    decode_results,
    decode_spec,
    decode_suggestion,
    encode_measurements,
    encode_results,
    encode_spec,
    encode_suggestion,
)
from luthier.records._history import History
from luthier.records._measurement import Decision, Measurement, Reply
from luthier.records._outcome import Outcome
from luthier.records._spec import StudySpec
from luthier.records._suggestion import Suggestion
from luthier.records._trial import FINISHED, LEGAL, Trial, TrialState

__all__ = [
    "FINISHED",
    "LEGAL",
    "Decision",
    "History",
    "Measurement",
    "Outcome",
    "Reply",
    "StudySpec",
    "Suggestion",
    "Trial",
    "TrialState",
    "decode_measurements",
    "decode_results",
    "decode_spec",
    "decode_suggestion",
    "encode_measurements",
    "encode_results",
    "encode_spec",
    "encode_suggestion",
]
