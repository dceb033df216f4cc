"""Names of samplers and schedulers: which class each stands for, also those that other packages
bring.

Enters: a name as a user writes it. Leaves: a new object. Other packages add names through the entry
point groups `luthier.samplers` and `luthier.schedulers`. An algorithm is imported when it is asked
for, not before.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from luthier.abc import Sampler, Scheduler

GROUPS = {"sampler": "luthier.samplers", "scheduler": "luthier.schedulers"}

_SAMPLERS = {
    "auto": "luthier.samplers._auto:Auto",
    "bayesian": "luthier.samplers._gp:GaussianProcess",
    "bohb": "luthier.samplers._bohb:BOHB",
    "cmaes": "luthier.samplers._cmaes:CMAES",
    "evolution": "luthier.samplers._evolution:Evolution",
    "gp": "luthier.samplers._gp:GaussianProcess",
    "grid": "luthier.samplers._grid:Grid",
    "nsga2": "luthier.samplers._evolution:Evolution",
    "random": "luthier.samplers._random:Random",
    "sobol": "luthier.samplers._sobol:Sobol",
    "tpe": "luthier.samplers._tpe:TPE",
}
_SCHEDULERS = {
    "asha": "luthier.schedulers._asha:ASHA",
    "auto": "luthier.schedulers._auto:Auto",
    "halving": "luthier.schedulers._halving:SuccessiveHalving",
    "hyperband": "luthier.schedulers._hyperband:Hyperband",
    "median": "luthier.schedulers._median:Median",
    "never": "luthier.schedulers._never:Never",
    "patience": "luthier.schedulers._patience:Patience",
    "pbt": "luthier.schedulers._population:Population",
    "population": "luthier.schedulers._population:Population",
    "successivehalving": "luthier.schedulers._halving:SuccessiveHalving",
}


def sampler(name: str) -> Sampler:
    """A new sampler with its defaults.

    Args:
        name: one of `names()`; case, dashes and underscores do not matter.

    Raises:
        ValueError: there is no such name; the message lists those that there are.
        TypeError: what another package registered under the name gives no sampler.
    """
    made = _make("sampler", _SAMPLERS, name)
    if not isinstance(made, Sampler):
        raise TypeError(f"Expected the name {name!r} to stand for a Sampler, got {made!r}.")
    return made


def scheduler(name: str) -> Scheduler:
    """A new scheduler with its defaults.

    Args:
        name: one of `scheduler_names()`; case, dashes and underscores do not matter.

    Raises:
        ValueError: there is no such name; the message lists those that there are.
        TypeError: what another package registered under the name gives no scheduler.
    """
    made = _make("scheduler", _SCHEDULERS, name)
    if not isinstance(made, Scheduler):
        raise TypeError(f"Expected the name {name!r} to stand for a Scheduler, got {made!r}.")
    return made


def names() -> tuple[str, ...]:
    """All names that `sampler` takes."""
    return _names("sampler", _SAMPLERS)


def scheduler_names() -> tuple[str, ...]:
    """All names that `scheduler` takes."""
    return _names("scheduler", _SCHEDULERS)


def _make(kind: str, own: Mapping[str, str], name: str) -> Any:
    wanted = _plain(name)
    if wanted in own:
        module, _, attribute = own[wanted].partition(":")
        return getattr(importlib.import_module(module), attribute)()
    found = _third_party(kind).get(wanted)
    if found is None:
        raise ValueError(_unknown(kind, name, _names(kind, own)))
    return found.load()()


def _names(kind: str, own: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted({*own, *_third_party(kind)}))


def _third_party(kind: str) -> dict[str, EntryPoint]:
    return {_plain(found.name): found for found in entry_points(group=GROUPS[kind])}


def _plain(name: str) -> str:
    return str(name).lower().replace("-", "").replace("_", "").strip()


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(_plain(name), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no {kind} named {name!r}.{hint} Expected one of: {', '.join(known)}."
