"""What a search on JAX leaves for the next one in this process, such as the same cell run again.

Programs, what is known of traces, and what was tried or timed once: all of them are found by what
they are of, so another search takes from them what it can use. One search at a time has them; one
beside it begins with none. How wide models may be is learnt anew by each: it decides in which
program a trial runs, and a search must not depend on those before it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import jax
import keras

from luthier.programs import ConvolutionProbe, Programs
from luthier.training._jax_families import SETTINGS, Families
from luthier.training._jax_widths import Judged


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
        families: what traces of models are known to be.
        judged: structures of models, and whether padding is right in them.
        probe: how convolutions are best computed here.
    """

    programs: Programs = field(default_factory=Programs)
    families: Families = field(default_factory=Families)
    judged: dict[str, Judged] = field(default_factory=dict)
    probe: ConvolutionProbe = field(default_factory=ConvolutionProbe)
    _settings: Hashable = field(default_factory=_settings)

    def leave(self) -> None:
        """Let the next search have this."""
        _left[:] = [self]


# Of the last search; emptied by who takes it.
_left: list[Kept] = []


def take() -> Kept:
    """What the search before left; anew if there was none, or settings have changed since."""
    kept = _left.pop() if _left else Kept()
    if kept._settings != _settings():
        return Kept()
    kept.programs.begin()
    return kept


def forget() -> None:
    """Let go of what is left."""
    _left.clear()
