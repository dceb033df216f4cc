"""A dict of values that notes which of them were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class TrackedValues(dict[str, Any]):
    """Name to value. `[]` and `get` note the name as used; other ways of reading do not.

    Args:
        values: the first content.
        used: where names are noted, in order of first use.
    """

    __slots__ = ("_used",)

    def __init__(self, values: Mapping[str, Any], used: dict[str, None]) -> None:
        super().__init__(values)
        self._used = used

    @property
    def quiet(self) -> Mapping[str, Any]:
        """A live view that notes nothing."""
        return _Quiet(self)

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        self._used[name] = None
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """The value, noted as used, or the default."""
        if name not in self:
            return default
        return self[name]

    def __reduce__(self) -> tuple[Any, ...]:
        # Copies and pickles are plain values that watch nobody.
        return dict, (dict(self),)


class _Quiet(Mapping[str, Any]):
    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return dict.__getitem__(self._values, name)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
