"""Keeping an imported search as a study, so that it goes on where the other tool stopped.

Enters: what was read, and a store. Leaves: a study with the same trials. An import that was killed
is finished by the next: the study's set-up says how many trials belong to it.
"""

from __future__ import annotations

import os
import random

from luthier.abc import Store
from luthier.artifacts import TRIAL_ID_WIDTH, TRIAL_IDS
from luthier.imports._imported import Imported
from luthier.records import StudySpec
from luthier.study import adopt as adopt_trials


def adopt(
    found: Imported, storage: str | os.PathLike[str] | Store, name: str = "study"
) -> int | None:
    """Keep an imported search as a study.

    Args:
        found: what was read.
        storage: where to keep it: a path of an SQLite file, a database URL, or a `Store`.
        name: the study's name there.

    Returns:
        How many trials were written: 0 if all were there already. None if a study of that name was
        there before and is not this one: then it is left alone.

    Raises:
        StoreError: if the store cannot be opened or written.

    Example:
        >>> import luthier
        >>> found = luthier.imports.from_kerastuner("results/mnist")  # doctest: +SKIP
        >>> luthier.imports.adopt(found, "mnist.sqlite", "mnist")  # doctest: +SKIP
    """
    spec = StudySpec(
        name=name,
        space=found.space,
        objectives=found.objectives,
        seed=random.getrandbits(31) if found.seed is None else found.seed,
        settings={TRIAL_IDS: list(found.ids), TRIAL_ID_WIDTH: _width(found.ids)},
    )
    order = {number: place for place, number in enumerate(found.ended)}
    trials = sorted(found.trials, key=lambda trial: order.get(trial.number, len(order)))
    return adopt_trials(storage, spec, trials, mark=TRIAL_IDS)


def _width(ids: tuple[str, ...]) -> int:
    """How many digits new ids get, so that none is like an old one."""
    numbers = [name for name in ids if name.isdigit()]
    widest = max(map(len, numbers), default=0)
    in_line = len(numbers) == len(ids) and all(int(x) == n for n, x in enumerate(ids))
    return max(widest, 1) if in_line else widest + 1
