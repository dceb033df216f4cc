"""Names of samplers: which class each stands for, also those that other packages bring.

Enters: a name as a user writes it. Leaves: a new sampler. Other packages add names through the
entry point group `luthier.samplers`. An algorithm is imported when it is asked for, not before.
"""

from __future__ import annotations

import difflib
import importlib
from importlib.metadata import EntryPoint, entry_points

from luthier.abc import Sampler

GROUP = "luthier.samplers"

_SAMPLERS = {
    "auto": "luthier.samplers._auto:Auto",
    "bayesian": "luthier.samplers._gp:GaussianProcess",
    "cmaes": "luthier.samplers._cmaes:CMAES",
    "evolution": "luthier.samplers._evolution:Evolution",
    "gp": "luthier.samplers._gp:GaussianProcess",
    "grid": "luthier.samplers._grid:Grid",
    "nsga2": "luthier.samplers._evolution:Evolution",
    "random": "luthier.samplers._random:Random",
    "sobol": "luthier.samplers._sobol:Sobol",
    "tpe": "luthier.samplers._tpe:TPE",
}


def sampler(name: str) -> Sampler:
    """A new sampler with its defaults.

    Args:
        name: one of `names()`; case, dashes and underscores do not matter.

    Raises:
        ValueError: there is no such name; the message lists those that there are.
        TypeError: what another package registered under the name gives no sampler.
    """
    wanted = _plain(name)
    if wanted in _SAMPLERS:
        module, _, attribute = _SAMPLERS[wanted].partition(":")
        made = getattr(importlib.import_module(module), attribute)()
    else:
        found = _third_party().get(wanted)
        if found is None:
            raise ValueError(_unknown(name))
        made = found.load()()
    if not isinstance(made, Sampler):
        raise TypeError(f"Expected the name {name!r} to stand for a Sampler, got {made!r}.")
    return made


def names() -> tuple[str, ...]:
    """All names that `sampler` takes."""
    return tuple(sorted({*_SAMPLERS, *_third_party()}))


def _third_party() -> dict[str, EntryPoint]:
    return {_plain(found.name): found for found in entry_points(group=GROUP)}


def _plain(name: str) -> str:
    return str(name).lower().replace("-", "").replace("_", "").strip()


def _unknown(name: str) -> str:
    known = names()
    near = difflib.get_close_matches(_plain(name), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no sampler named {name!r}.{hint} Expected one of: {', '.join(known)}."
