"""Which hyperparameters a build will not use, learnt from those that earlier builds did not use.

Many programs define hyperparameters in plain Python: `for i in range(hp.Int("layers", 1, 4)):
hp.Int(f"units_{i}", ...)`. Enters: values of trials and the names each build used. Leaves: names
that will not be used with other values. A hyperparameter is explained by one earlier
hyperparameter, its decider, whose value alone settled its use in every observation; by equal
values, or for numbers by a threshold. Where nothing is sure, it counts as used.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from luthier.space._values import label

_ABSENT = "absent"
"""Stands for the value of a decider that was not used itself; no JSON text."""

_MOST_VALUES = 64
"""A decider with more distinct values is followed by its threshold only."""

# Deciders by the observations they foretold, as shares of those of the best. The good may object to
# what the best say, the best may also block it by not knowing.
_GOOD, _BEST = 0.5, 0.8


class ActivityModel:
    """Learns from observations, in time proportional to (unused names x all names) for each.

    Args:
        order: names of hyperparameters, deciders before those they decide about. Others are
            appended as they are met.
    """

    __slots__ = ("_links", "_log", "_order", "_place", "_unused", "_used")

    def __init__(self, order: Iterable[str] = ()) -> None:
        self._order: list[str] = []
        self._place: dict[str, int] = {}
        self._used: set[str] = set()
        self._unused: set[str] = set()
        self._log: list[tuple[dict[str, Any], frozenset[str]]] = []
        # The names that were used at some time and not at another, with their possible deciders.
        self._links: dict[str, dict[str, _Link]] = {}
        self._meet(order)

    def observe(self, values: Mapping[str, Any], used: Collection[str]) -> None:
        """Learns from one build.

        Args:
            values: name to value; of those the build did not use, too.
            used: the names that it used.
        """
        seen = frozenset(used)
        known = len(self._order)
        self._meet(values)
        self._meet(used)
        self._unused.update(name for name in self._order if name not in seen)
        if self._log:
            # What is met only now was not used before.
            self._unused.update(self._order[known:])
        fact = ({name: values[name] for name in values if name in seen}, seen)
        self._log.append(fact)
        self._used |= seen
        for name in self._order:
            links = self._links.get(name)
            if links is not None:
                _learn(links, fact, name in seen)
            elif name in self._used and name in self._unused:
                self._links[name] = self._link_up(name)

    def predict_inactive(self, values: Mapping[str, Any]) -> set[str]:
        """The names that a build with these values will not use.

        Args:
            values: name to value.
        """
        inactive: set[str] = set()
        for name in self._order:
            links = self._links.get(name)
            if links and _agree_on_unused(links, values, inactive):
                inactive.add(name)
        return inactive

    def _meet(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._place:
                self._place[name] = len(self._order)
                self._order.append(name)

    def _link_up(self, name: str) -> dict[str, _Link]:
        links = {parent: _Link() for parent in self._order[: self._place[name]]}
        for fact in self._log:
            _learn(links, fact, name in fact[1])
        return links


def _learn(
    links: dict[str, _Link], fact: tuple[Mapping[str, Any], frozenset[str]], used: bool
) -> None:
    values = fact[0]
    for parent in list(links):
        if not links[parent].learn(values.get(parent, _ABSENT), used):
            del links[parent]


def _agree_on_unused(
    links: Mapping[str, _Link], values: Mapping[str, Any], inactive: set[str]
) -> bool:
    """Whether the best deciders say so, and no good one says the contrary."""
    best = max(link.proofs for link in links.values())
    if best == 0:
        return False
    for parent, link in links.items():
        value = _ABSENT if parent in inactive else values.get(parent, _ABSENT)
        expected = link.expect(value) if link.proofs >= _GOOD * best else False
        if expected or (expected is None and link.proofs >= _BEST * best):
            return False
    return True


class _Link:
    """What is known of one decider of one name. `proofs` counts the observations it foretold."""

    __slots__ = ("_known", "_most", "_least", "proofs")

    def __init__(self) -> None:
        self.proofs = 0
        self._known: dict[str, bool] | None = {}
        # The least and the most value seen, where the name was unused and where it was used.
        self._least = [math.inf, math.inf]
        self._most = [-math.inf, -math.inf]

    def learn(self, value: Any, used: bool) -> bool:
        """Takes one observation in; False if it refutes the decider."""
        expected = self.expect(value)
        if expected is not None:
            self.proofs = self.proofs + 1 if expected == used else 0
        if self._known is not None:
            text = _text(value)
            if self._known.setdefault(text, used) != used:
                return False
            if len(self._known) > _MOST_VALUES:
                self._known = None
        if _is_number(value):
            self._least[used] = min(self._least[used], value)
            self._most[used] = max(self._most[used], value)
        return self._known is not None or self._separated()

    def expect(self, value: Any) -> bool | None:
        """Whether the name will be used; None if the observations do not tell."""
        if self._known is not None:
            known = self._known.get(_text(value))
            if known is not None:
                return known
        if not _is_number(value) or not self._separated():
            return None
        for used in (False, True):
            rising = self._least[used] > self._most[not used]
            if value >= self._least[used] if rising else value <= self._most[used]:
                return used
        return None

    def _separated(self) -> bool:
        """Whether both cases were seen with numbers, and a threshold lies between them."""
        if math.inf in self._least:
            return False
        return self._least[True] > self._most[False] or self._most[True] < self._least[False]


def _is_number(value: Any) -> bool:
    return type(value) is int


def _text(value: Any) -> str:
    return _ABSENT if value is _ABSENT else label(value)
