"""Every store keeps the contract; a new one enters by one class."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from luthier.abc import Store
from luthier.stores import MemoryStore, open_store
from luthier.testing import StoreContract

Connect = Callable[[], Store]


class _Handle(MemoryStore):
    """Another handle on the studies of one memory store."""

    def __init__(self, other: MemoryStore) -> None:
        super().__init__()
        self._lock, self._studies = other._lock, other._studies


class TestMemory(StoreContract):
    @pytest.fixture
    def connect(self) -> Connect:
        return partial(_Handle, MemoryStore())


class TestSqlite(StoreContract):
    @pytest.fixture
    def connect(self, tmp_path: Path) -> Connect:
        return partial(open_store, tmp_path / "study.sqlite")


class TestPostgres(StoreContract):
    @pytest.fixture
    def connect(self, postgres_url: str) -> Connect:
        return partial(open_store, postgres_url)
