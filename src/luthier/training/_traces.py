"""What made a step be traced again: counted, explained, and said aloud.

A step is traced, and compiled, once for each shape, dtype and structure of its batches. Enters: the
batches that were traced. Leaves: a `Retrace` for each trace after the first.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Signature = dict[str, tuple[tuple[int, ...], str]]
"""Name of each array in a batch to its shape and dtype."""

# One size for all batches and another for the last one are what data has; more are told.
_EXPECTED = 2


class RetraceWarning(UserWarning):
    """A step was traced again for a reason that can be mended."""


@dataclass(frozen=True, slots=True)
class Retrace:
    """Why a step was traced once more.

    Attributes:
        kind: `"train"` or `"test"`.
        number: which trace of that kind it was; 2 is the first after the first.
        changed: which argument changed, and how.
        advice: how to mend it.
        expected: whether it is only the smaller batch at the end of the data.
    """

    kind: str
    number: int
    changed: str
    advice: str
    expected: bool = False

    def __str__(self) -> str:
        return f"{self.kind} step, trace {self.number}: {self.changed}. {self.advice}"


class TraceLog:
    """Counts traces by kind, and finds out what changed."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.retraces: list[Retrace] = []
        self._seen: dict[str, list[Signature]] = {}

    def count(self, kind: str) -> None:
        """Called by the step while it is traced."""
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def explain(self, kind: str, batch: Any) -> None:
        """Called after a call that traced: remember the batch, and say why if it is not new."""
        signature = signature_of(batch)
        seen = self._seen.setdefault(kind, [])
        if seen:
            number = self.counts[kind]
            retrace = min(
                (_compare(kind, number, old, signature) for old in reversed(seen)),
                key=lambda one: len(one.changed),
            )
            self.retraces.append(retrace)
            if not retrace.expected:
                warnings.warn(str(retrace), RetraceWarning, stacklevel=5)
        seen.append(signature)


def signature_of(batch: Any) -> Signature:
    """Shapes and dtypes of what is in a batch."""
    return {
        name: (tuple(int(size) for size in leaf.shape), _dtype(leaf))
        for name, leaf in leaves(batch)
        if leaf is not None
    }


def leaves(batch: Any, name: str = "batch") -> Iterator[tuple[str, Any]]:
    """Everything in a batch with a name for people: `batch[0]['image']`."""
    if isinstance(batch, Mapping):
        for key, value in batch.items():
            yield from leaves(value, f"{name}[{key!r}]")
    elif isinstance(batch, tuple | list):
        for index, value in enumerate(batch):
            yield from leaves(value, f"{name}[{index}]")
    else:
        yield name, batch


def _compare(kind: str, number: int, old: Signature, new: Signature) -> Retrace:
    if old.keys() != new.keys():
        names = ", ".join(sorted(old.keys() ^ new.keys()))
        return Retrace(
            kind, number, f"{names} is not in every batch", "Let all batches have the same parts"
        )
    for name, (shape, dtype) in new.items():
        before, kept = old[name]
        if dtype != kept:
            advice = f"Convert it to one dtype, {kept} for example, before training"
            return Retrace(kind, number, f"{name} had dtype {kept} and now has {dtype}", advice)
        if shape[1:] != before[1:] or len(shape) != len(before):
            changed = f"{name} had shape {before} and now has {shape}"
            return Retrace(kind, number, changed, "Pad or crop to one shape, or to a few of them")
    sizes = {(old[name][0][:1], shape[:1]) for name, (shape, _) in new.items()}
    if any(before != now for before, now in sizes):
        before, now = next((b, n) for b, n in sizes if b != n)
        return Retrace(
            kind,
            number,
            f"batches had {before[0]} rows and now have {now[0]}",
            "Let all batches but the last have one size, or leave the last one out "
            "(drop_remainder=True)",
            expected=number <= _EXPECTED,
        )
    return Retrace(
        kind,
        number,
        "nothing in the batch did, so something beside it",
        "Look for a Python value or a new array that the loss or the model reads",
    )


def _dtype(leaf: Any) -> str:
    return str(getattr(leaf.dtype, "name", leaf.dtype)).removeprefix("torch.")
