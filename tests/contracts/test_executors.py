"""Every executor keeps the contract; a new one enters by one class."""

from __future__ import annotations

import pytest

from luthier.abc import Executor
from luthier.executors import InlineExecutor
from luthier.testing import ExecutorContract


class TestInline(ExecutorContract):
    make = InlineExecutor


class TestLanes(ExecutorContract):
    @staticmethod
    def make() -> Executor:
        pytest.importorskip("greenlet")
        from luthier.executors import LanesExecutor
        from luthier.programs import Lanes

        return LanesExecutor(Lanes(list), 2)
