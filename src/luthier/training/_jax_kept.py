"""What a search on JAX leaves for the next one in this process, such as the same cell run again.

Compiled programs, which are found by all that they compute, and what was timed. One search at a
time has them; one beside it begins with none. What is known of models is learnt anew by each: what
they depend on and is not seen may have changed since, and how wide they may be decides in which
program a trial runs, so that a search would depend on those before it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import jax
import keras

from luthier.programs import ConvolutionProbe, Programs
from luthier.training._jax_families import SETTINGS


def _settings() -> Hashable:
    """What traces and programs depend on beside models."""
    return (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        str(keras.config.dtype_policy().get_config()),
        str(sorted(jax.config.values.items())),
        *(str(getattr(jax.config, name, "")) for name in SETTINGS),
    )


@dataclass
class Kept:
    """What searches share.

    Attributes:
        programs: compiled ones by skeleton.
        probe: how convolutions are best computed here.
    """

    programs: Programs = field(default_factory=Programs)
    probe: ConvolutionProbe = field(default_factory=ConvolutionProbe)
    _settings: Hashable = field(default_factory=_settings)

    def leave(self) -> None:
        """Let the next search have this."""
        _left[:] = [self]


# Of the last search; emptied by who takes it.
_left: list[Kept] = []


def take() -> Kept:
    """What the search before left; anew if there was none, or settings have changed since."""
    try:
        kept = _left.pop()
    except IndexError:
        return Kept()
    if kept._settings != _settings():
        return Kept()
    kept.programs.begin()
    return kept


def forget() -> None:
    """Let go of what is left."""
    _left.clear()
